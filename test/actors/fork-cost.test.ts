/** The commit of a fork costs the same however long the history of the other run is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { event, upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { compileWorkflow, definitionHash } from '../../src/workflow/parse.ts';
import { House } from '../e2e/house.ts';

const LONG = 100_000;
const SHORT = 10;
const BATCH = 1_000;
const TRIES = 9;

let folder: string;
let log: EventLog;
let house: House | undefined;
afterEach(async () => {
  await house?.close();
  await log.close();
  rmSync(folder, { recursive: true });
});

/** A run with one attempt that has told of its progress again and again, and was canceled since. */
async function record(runId: string, count: number): Promise<void> {
  const { definition } = compileWorkflow({ name: 'long', tasks: [{ id: 'a', agent: 'nobody' }] });
  if (definition === undefined) throw new Error('the workflow is not valid');
  const progressed = event('task.progressed', { taskId: 'a', attempt: 1, percent: 1 });
  const created = { runId, name: 'long', definition, definitionHash: definitionHash(definition) };
  const started = { taskId: 'a', attempt: 1, agent: 'nobody', rule: 'named', parameters: {} };
  const head = [
    event('run.created', { ...created, inputs: {}, priority: 'normal', start: true }),
    event('run.started', {}),
    event('task.scheduled', { taskId: 'a', attempt: 1 }),
    event('task.started', started),
  ];
  const tail = [
    event('run.cancelRequested', { reason: 'enough' }),
    event('task.cancelRequested', { taskId: 'a', reason: 'enough' }),
    event('task.canceled', { taskId: 'a', attempt: 1, reason: 'enough' }),
    event('run.canceled', { name: 'long', reason: 'enough' }),
  ];
  let version = 0;
  for (const batch of [head, ...middle(count), tail]) {
    log.append({
      stream: runId,
      expectedVersion: version,
      events: batch,
      at: 1_000,
      correlationId: 'c',
      causationId: 'c',
      actor: { kind: 'system' },
    });
    version += batch.length;
    await log.flush();
  }

  function* middle(left: number) {
    for (let more = left - head.length - tail.length; more > 0; more -= BATCH)
      yield Array.from({ length: Math.min(more, BATCH) }, () => progressed);
  }
}

async function medianOf(run: string): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < TRIES; count += 1) {
    const before = performance.now();
    const { runId } = await (house as House).client.fork(run);
    times.push(performance.now() - before);
    // What follows from the fork is not what is measured.
    await (house as House).client.waitForRun(runId);
  }
  return times.sort((a, b) => a - b)[Math.floor(TRIES / 2)] as number;
}

it('100,000 events fork about as quickly as ten', async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-fork-'));
  log = await openLevelLog({ directory: folder, upcast });
  await record('run_long', LONG);
  await record('run_short', SHORT);
  house = await House.open(log);
  const [short, long] = [await medianOf('run_short'), await medianOf('run_long')];
  expect(long, `${SHORT} events: ${short} ms`).toBeLessThan(10 * short + 50);
});
