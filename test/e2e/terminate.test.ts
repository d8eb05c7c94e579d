/** A run with thousands of open tasks is ended at once while it closes: all of them, in commits of a bounded size. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { House, until } from './house.ts';

const MANY = 3_000;
/** What one commit holds at most (architecture.md, Large steps). */
const MAX_EVENTS = 1_000;

const log = createMemoryLog();
let house: House;

beforeAll(async () => {
  house = await House.open(log);
});

afterAll(async () => {
  await house.close();
  await log.close();
});

/** The types of the events of each commit from a version on. */
async function commitsOf(runId: string, fromVersion: number): Promise<string[][]> {
  const found: string[][] = [];
  for await (const commits of log.readStream(runId, { fromVersion }))
    for (const { events } of commits) found.push(events.map(({ type }) => type));
  return found;
}

it('closes everything, commit by commit', async () => {
  const waits = Array.from({ length: MANY }, (_, index) => ({
    id: `h${index}`,
    wait: { signal: 'never' },
  }));
  const { runId } = await house.client.request({
    workflow: { name: 'many', tasks: [{ id: 'w', pass: true }], hooks: { on_complete: waits } },
  });
  const head = () => log.streamHead(runId)?.version ?? 0;
  // Created, started, the task, finishing; then each hook is ready and waits.
  const open = 5 + 2 * MANY;
  await until('all wait', () => head() >= open);
  await house.client.command(runId, { type: 'terminate', reason: 'now' });
  // Each is asked and canceled, then the run.
  await until('all are closed', () => head() >= open + 2 * MANY + 1);
  const closed = await commitsOf(runId, open + 1);
  const types = closed.flat();
  expect(types.filter((type) => type === 'task.canceled')).toHaveLength(MANY);
  expect(types.at(-1)).toBe('run.canceled');
  const sizes = (await commitsOf(runId, 1)).map(({ length }) => length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_EVENTS);
});
