/** A run of a schedule that is asked for: one for one id, whatever is killed and whenever, and its times stay. */
import { expect, it } from 'vitest';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { servingWorld } from './crash-points.ts';

const LIMIT_MS = 60_000;
const workflow = { name: 'quick', tasks: [{ id: 'a', agent: 'echo', parameters: { n: 1 } }] };

async function askedOnce(crash?: { at: number; keepInFlight: boolean }): Promise<number> {
  const world = await servingWorld();
  const answers: JsonObject[] = [];
  const say = async (message: JsonObject): Promise<void> => {
    answers.push(await world.schedule({ name: 's', ...message }));
  };
  void say({ id: 'add', type: 'add', schedule: { every: '1h' }, request: { workflow } })
    .then(() => say({ id: 'now', type: 'run', by: 'ann' }))
    .then(() => say({ id: 'now', type: 'run', by: 'ann' }));
  if (crash !== undefined) {
    await world.until(() => world.invariants.position >= crash.at, LIMIT_MS, 'the crash');
    world.crash({ keepInFlight: crash.keepInFlight });
    await world.catchUpInvariants();
    world.start();
  }
  const runs = () => [...world.invariants.streams].filter(([stream]) => stream.startsWith('run_'));
  const isOver = (): boolean => answers.length === 3 && runs().every(([, { isEnded }]) => isEnded);
  await world.until(isOver, LIMIT_MS, 'the end of the run');
  const [added, first, second] = answers;
  expect(runs().map(([runId]) => runId)).toEqual([first?.['runId']]);
  expect(second?.['runId']).toBe(first?.['runId']);
  expect(first?.['next']).toEqual(added?.['next']);
  const types: string[] = [];
  for await (const commits of world.log.readStream('schedule_s'))
    for (const { events } of commits)
      types.push(...(events as ScheduleEvent[]).map(({ type }) => type));
  expect(types).toEqual(['schedule.created', 'schedule.fired', 'schedule.started']);
  expect(world.errors).toEqual([]);
  return world.invariants.position;
}

it('is there once after a crash at any commit, and asking again names the same', async () => {
  const positions = await askedOnce();
  for (let at = 1; at < positions; at += 1) {
    for (const keepInFlight of [false, true]) {
      await askedOnce({ at, keepInFlight }).catch((error: unknown) => {
        throw new Error(`crash at position ${at}, ${keepInFlight ? 'kept' : 'lost'}`, {
          cause: error,
        });
      });
    }
  }
});
