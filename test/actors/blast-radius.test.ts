/** What a run touches, where its history is broken or it is not there; and when it has ended. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { blastRadius } from '../../src/actors/services/blast-radius.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import { PureRun } from '../machines/pure-run.ts';

const RUN = 'run_1';
const flow = { name: 'flow', tasks: [{ id: 'a', agent: 'echo' }] };

let log: MemoryLog;
let projector: Projector;

beforeEach(async () => {
  log = createMemoryLog();
  projector = new Projector({ log });
  await projector.open();
});

afterEach(async () => {
  await projector.close();
  await log.close();
});

async function append(events: readonly RecordedEvent[]): Promise<void> {
  for (const event of events)
    log.append({
      ...{
        stream: RUN,
        expectedVersion: log.streamHead(RUN)?.version ?? 0,
        at: 1,
        events: [event],
      },
      ...{ correlationId: 'c', causationId: 'm', actor: { kind: 'system' } },
    });
  await log.flush();
  await projector.catchUp(undefined, log.durablePosition);
}

const eventsOf = (run: PureRun): RecordedEvent[] => run.history.map(({ event }) => event);

it('has the evidence of a run whose history cannot be folded, and does not know what it holds', async () => {
  await append(eventsOf(new PureRun(flow)));
  const version = log.streamHead(RUN)?.version ?? 0;
  const error = { code: 'fold.illegal-event', message: 'it cannot', stack: 'at evolve' };
  await append([
    { type: 'run.resumed', schemaVersion: 1, data: { pausedMs: 1 } },
    { type: 'run.quarantined', schemaVersion: 1, data: { error, streamVersion: version } },
  ]);
  expect(await blastRadius(log, RUN)).toMatchObject({
    ...{ runId: RUN, status: 'quarantined', held: null },
    quarantine: { code: 'fold.illegal-event', message: 'it cannot', evidence: error },
  });
});

it('holds nothing back once it has ended', async () => {
  const run = new PureRun(flow);
  await append(eventsOf(run));
  expect(await blastRadius(log, RUN)).toMatchObject({ open: 1, held: [{ task: 'a' }] });
  await append([{ type: 'run.canceled', schemaVersion: 1, data: { name: 'flow', reason: 'no' } }]);
  expect(await blastRadius(log, RUN)).toMatchObject({ status: 'canceled', open: 0, held: [] });
});

it('says where a run is that has left the log', async () => {
  await expect(blastRadius(log, 'run_2', 'archive/run_2.jsonl')).rejects.toMatchObject({
    ...{ code: 'run.not-found', details: { archive: 'archive/run_2.jsonl' } },
  });
});
