/**
 * Whatever fails on the way, and however often the run is tried again: in the end it has done what it would have done
 * without a failure. Random failures in plans with loops and joins.
 */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { seededRandom } from '../support/seeded.ts';
import { agent } from './play.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const SEEDS = 12;
const MAX_STEPS = 400;
const MAX_FAILURES = 6;

const plans: Record<string, JsonObject> = {
  'a cycle with an exit and a join': {
    tasks: [
      agent('draft'),
      agent('review'),
      agent('publish'),
      agent('side'),
      agent('end', { dependencies: ['publish', 'side'] }),
    ],
    edges: [
      { from: 'draft', to: 'review' },
      { from: 'review', to: 'draft', condition: 'review.output < 3', loop: { max: 4 } },
      { from: 'review', to: 'publish', condition: 'review.output == 3' },
    ],
  },
  'branches in a cycle': {
    tasks: [
      agent('a'),
      agent('b', { dependencies: ['a'] }),
      agent('c', { dependencies: ['a'] }),
      agent('d', { dependencies: ['b', 'c'] }),
      agent('out'),
    ],
    edges: [
      { from: 'd', to: 'a', condition: 'd.output < 3', loop: { max: 4 } },
      { from: 'd', to: 'out', condition: 'd.output == 3' },
    ],
  },
  'a cycle that is entered from outside': {
    tasks: [
      agent('first'),
      agent('other'),
      agent('work', { dependencies: ['first', 'other'] }),
      agent('check', { dependencies: ['work'] }),
      agent('out'),
    ],
    edges: [
      { from: 'check', to: 'work', condition: 'check.output < 2', loop: { max: 3 } },
      { from: 'check', to: 'out', condition: 'check.output == 2' },
    ],
  },
  repetitions: {
    tasks: [
      agent('loop', { repeat: { until: 'loop.output == 3', max: 4 } }),
      agent('each', { foreach: '${[1, 2, 3]}', dependencies: ['loop'] }),
      agent('end', { dependencies: ['each'] }),
    ],
  },
};

/** The number of the round is what a task gives. */
const outputOf = (activation: string): number => Number(/@(\d+)/.exec(activation)?.[1] ?? 1);

/** Plays a run to its success. */
function play(workflow: JsonObject, random: () => number, failures: number): PureRun {
  const run = new PureRun(workflow);
  let left = failures;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (run.state === 'failed') run.command({ type: 'retry' });
    if (run.rejection !== undefined) throw new Error(run.rejection.message);
    const open = [...run.run.open].filter(
      ({ state }) => state === 'running' || state === 'canceling',
    );
    const next = open[Math.floor(random() * open.length)];
    if (next === undefined) break;
    if (next.state === 'canceling') run.fail(next.id, { code: 'task.canceled' });
    else if (left > 0 && random() < 0.4) {
      left -= 1;
      run.fail(next.id, { retryable: false });
    } else run.succeed(next.id, outputOf(next.id));
    expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(digestOf(run.run));
  }
  return run;
}

/** What a run has done, whatever it took. */
function done(run: PureRun): unknown {
  const tasks = Object.entries(run.report().tasks).map(([id, { status, output, rounds }]) => ({
    ...{ id, status, output, rounds },
  }));
  return { state: run.state, tasks };
}

describe.each(Object.entries(plans))('%s', (_name, plan) => {
  describe.each(['stop', 'continue'])('on_failure: %s', (mode) => {
    const workflow = { name: 'x', settings: { max_parallel: 9, on_failure: mode }, ...plan };

    it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
      const undisturbed = play(workflow, seededRandom(seed), 0);
      expect(undisturbed.state).toBe('succeeded');
      const run = play(workflow, seededRandom(seed), MAX_FAILURES);
      expect(done(run)).toEqual(done(undisturbed));
      if (seed < 2) await expectSnapshotsToAgree(run.history);
    });
  });
});
