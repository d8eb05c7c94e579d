/** The shortest history after which a run breaks again. */
import { describe, expect, it } from 'vitest';
import { findReproducer } from '../../src/cli/reproducer.ts';
import { envelopesOf } from '../../src/events/envelope.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import { PureRun } from '../machines/pure-run.ts';

const RUN = 'run_1';
const flow = {
  name: 'flow',
  settings: { quarantine: { after: 2 } },
  tasks: [
    { id: 'a', agent: 'echo' },
    { id: 'b', agent: 'echo', dependencies: ['a'] },
  ],
};

/** The history as a log, one commit an event. */
async function logOf({ history }: PureRun): Promise<MemoryLog> {
  const log = createMemoryLog();
  for (const [index, { event, at }] of history.entries())
    log.append({
      ...{ stream: RUN, expectedVersion: index, at, events: [event] },
      ...{ correlationId: 'c', causationId: 'm', actor: { kind: 'system' } },
    });
  await log.flush();
  return log;
}

async function reproducerOf(log: MemoryLog) {
  const envelopes = [];
  for await (const commits of log.readStream(RUN))
    for (const commit of commits) envelopes.push(...envelopesOf(commit));
  return { found: await findReproducer(log, RUN, envelopes), envelopes };
}

describe('a reproducer', () => {
  it('ends with the start of the first attempt that crashed', async () => {
    const run = new PureRun(flow);
    run.succeed('a');
    run.lose('b');
    run.lose('b');
    const { found, envelopes } = await reproducerOf(await logOf(run));
    expect(found).toMatchObject({ kind: 'attempt', code: 'task.crashed', task: 'b' });
    expect(envelopes[found.toVersion - 1]).toMatchObject({
      type: 'task.started',
      data: { taskId: 'b', attempt: 1 },
    });
  });

  it('ends with the start of the attempt that failed the run', async () => {
    const run = new PureRun(flow);
    run.succeed('a');
    run.fail('b', { code: 'bad.luck', message: 'no', retryable: false });
    const { found, envelopes } = await reproducerOf(await logOf(run));
    expect(found).toMatchObject({ kind: 'attempt', code: 'bad.luck', task: 'b' });
    expect(envelopes[found.toVersion - 1]).toMatchObject({ data: { taskId: 'b', attempt: 1 } });
  });

  it('ends with the first event that cannot be folded', async () => {
    const run = new PureRun(flow);
    const log = await logOf(run);
    const broken = log.streamHead(RUN)?.version ?? 0;
    const illegal = { type: 'run.resumed', schemaVersion: 1, data: { pausedMs: 1 } };
    for (const [index, event] of [illegal, illegal].entries())
      log.append({
        ...{ stream: RUN, expectedVersion: broken + index, at: 2_000, events: [event] },
        ...{ correlationId: 'c', causationId: 'm', actor: { kind: 'system' } },
      });
    await log.flush();
    const { found } = await reproducerOf(log);
    expect(found).toMatchObject({ kind: 'fold', toVersion: broken + 1 });
  });

  it('is refused for a run with which nothing is wrong', async () => {
    const run = new PureRun(flow);
    run.succeed('a');
    run.succeed('b');
    await expect(reproducerOf(await logOf(run))).rejects.toMatchObject({
      code: 'run.not-reproducible',
    });
  });
});
