/** Patches against each other and against the work: the order in which they arrive decides, and each answer says so. */
import { expect, test } from 'vitest';
import { RemoteError } from '../../src/messaging/errors.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { reportOfRun, servingWorld } from './crash-points.ts';
import { after, agent } from './simulated-tasks.ts';
import type { World } from './world.ts';

const LIMIT_MS = 60_000;
const WORK_MS = 40;

type Answer = { taken: true } | { taken: false; code: string; message: string };

async function asked(world: World, runId: string, command: JsonObject): Promise<Answer> {
  try {
    await world.insist(runId, { type: 'adapt', ...command });
    return { taken: true };
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return { taken: false, code: error.code, message: error.message };
  }
}

async function running(tasks: JsonObject[]): Promise<{ world: World; runId: string }> {
  const world = await servingWorld();
  let runId = '';
  void world.request('r1', { name: 'raced', tasks }).then((id) => {
    runId = id;
  });
  await world.until(
    () => runId !== '' && linesOf(world, runId).includes('task.started a'),
    LIMIT_MS,
    'a',
  );
  return { world, runId };
}

const linesOf = (world: World, runId: string): string[] =>
  world.invariants.streams.get(runId)?.lines ?? [];

async function ended(
  world: World,
  runId: string,
): Promise<Awaited<ReturnType<typeof reportOfRun>>> {
  const isOver = () => {
    const state = world.invariants.streams.get(runId);
    return state?.isEnded === true && world.invariants.fed.get(runId) === state.version;
  };
  await world.until(isOver, LIMIT_MS, 'the end');
  world.invariants.finished();
  return reportOfRun(world, runId);
}

test('a patch that races with a completion comes before it or after it, and is whole or refused', async () => {
  const seen = new Set<boolean>();
  for (let afterMs = 0; afterMs <= 2 * WORK_MS; afterMs += 2) {
    const { world, runId } = await running([
      agent('a', { ms: WORK_MS }),
      agent('b', { gives: 'old', ms: 100 }, after('a')),
    ]);
    const patch = {
      tasks: { b: agent('b', { gives: 'new' }, after('a', 'c')), c: agent('c', { gives: 'c' }) },
    };
    let answer: Answer | undefined;
    world.plan(afterMs, () => {
      void asked(world, runId, { patch }).then((given) => {
        answer = given;
      });
    });
    await world.until(() => answer !== undefined, LIMIT_MS, 'the answer');
    const { tasks } = await ended(world, runId);
    const lines = linesOf(world, runId);
    const isFirst = lines.indexOf('run.adapted') !== -1;
    if (answer?.taken === true) {
      expect(lines.indexOf('run.adapted')).toBeLessThan(lines.indexOf('task.started b'));
      expect([tasks['b']?.output, tasks['c']?.status]).toEqual(['new', 'success']);
    } else {
      expect(answer).toMatchObject({ code: 'adapt.conflict' });
      expect(answer?.message).toContain('`b` is running and cannot be changed');
      expect([tasks['b']?.output, tasks['c']]).toEqual(['old', undefined]);
    }
    expect(isFirst).toBe(answer?.taken);
    seen.add(isFirst);
    await world.close();
  }
  expect(seen.size, 'both orders were played').toBe(2);
});

test('of two operators who looked at the same version one is told that the run has gone on', async () => {
  const { world, runId } = await running([
    agent('a', { ms: 1_000 }),
    agent('b', { gives: 'old' }, after('a')),
  ]);
  const expectedVersion = linesOf(world, runId).length;
  const patchOf = (gives: string): JsonObject => ({
    patch: { tasks: { b: { parameters: { gives } } } },
  });
  const answers: Answer[] = [];
  for (const gives of ['ann', 'bob'])
    void asked(world, runId, { ...patchOf(gives), expectedVersion, id: gives }).then((answer) =>
      answers.push(answer),
    );
  await world.until(() => answers.length === 2, LIMIT_MS, 'both answers');
  expect(answers.filter(({ taken }) => taken)).toHaveLength(1);
  expect(answers.find(({ taken }) => !taken)).toEqual({
    taken: false,
    code: 'run.conflict',
    message: `the run is at version ${expectedVersion + 1}, not ${expectedVersion}`,
  });
  const { tasks } = await ended(world, runId);
  expect(['ann', 'bob']).toContain(tasks['b']?.output);
  expect(linesOf(world, runId).filter((line) => line === 'run.adapted')).toHaveLength(1);
  await world.close();
});
