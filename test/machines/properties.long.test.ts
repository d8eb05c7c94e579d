/** Random workflows: they end, agree with a naive interpreter, and every way of folding them gives the same. */

import { describe, expect, it } from 'vitest';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import { evolve, stopCells } from '../../src/machines/run/evolve.ts';
import fc from '../support/property.ts';
import { digestOf, foldRecorded, type PureRun, restoredAt } from './pure-run.ts';
import {
  lockedWorkflow,
  RandomPlay,
  regionMutexes,
  type ScriptedWorkflow,
  scriptedWorkflow,
  taskName,
} from './random-workflows.ts';
import { interpret } from './reference.ts';

const seed = fc.integer({ min: 1, max: 2 ** 31 });
const anyWorkflow = fc.oneof(scriptedWorkflow, lockedWorkflow);
const RUNS = { numRuns: 300 };
/** Legal nowhere, or in few states. */
const illegal = ['task.compensated', 'task.cancelForced', 'run.compensationStarted', 'run.retried'];

function mutexesOf(region: string): string[] {
  return regionMutexes[region as keyof typeof regionMutexes].mutex;
}

function ended(script: ScriptedWorkflow, run: PureRun): string[] {
  const { tasks } = run.report();
  return script.tasks.map((_, index) => tasks[taskName(index)]?.status ?? 'missing');
}

describe('random workflows', () => {
  it('that go on after failures end as the naive interpreter says, in any order of messages', () => {
    fc.assert(
      fc.property(scriptedWorkflow, seed, (script, number) => {
        const workflow = { ...script, onFailure: 'continue' as const };
        const run = new RandomPlay(workflow, { seed: number }).play();
        const { ends, unhandled } = interpret(workflow);
        const expected = ends.map((end) => (end === 'not activated' ? 'skipped' : end));
        expect(ended(workflow, run)).toEqual(expected);
        expect(run.state).toBe(unhandled.length === 0 ? 'succeeded' : 'failed');
      }),
      RUNS,
    );
  });

  it('that stop after a failure end; without an unhandled one just as the others', () => {
    fc.assert(
      fc.property(scriptedWorkflow, seed, (script, number) => {
        const workflow = { ...script, onFailure: 'stop' as const };
        const run = new RandomPlay(workflow, { seed: number }).play();
        const { ends, unhandled } = interpret(workflow);
        expect(run.state).toBe(unhandled.length === 0 ? 'succeeded' : 'failed');
        const statuses = ended(workflow, run);
        for (const [index, end] of ends.entries()) {
          const wanted = end === 'not activated' ? 'skipped' : end;
          // Without clean-up tasks a stop only cuts off: what was not cut off ended as without it.
          const isCleanUp = workflow.tasks.some(({ trigger }) => trigger === 'all_done');
          const allowed = unhandled.length === 0 ? [wanted] : [wanted, 'skipped', 'canceled'];
          if (!isCleanUp || unhandled.length === 0) expect(allowed).toContain(statuses[index]);
        }
        expect(statuses).not.toContain('running');
        expect(statuses).not.toContain('pending');
      }),
      RUNS,
    );
  });

  it('never run more attempts at once than they may', () => {
    fc.assert(
      fc.property(scriptedWorkflow, seed, (script, number) => {
        const play = new RandomPlay(script, { seed: number });
        do {
          const { slots } = play.run.run;
          const active = [...play.run.run.open].filter(
            ({ state }) => state === 'running' || state === 'canceling',
          );
          expect(slots).toBe(active.length);
          expect(slots).toBeLessThanOrEqual(script.maxParallel);
        } while (play.step());
      }),
      { numRuns: 150 },
    );
  });
});

/** Who holds what, read from the activations alone: tasks from their start to their end, regions to that of all. */
function holdersOf(run: PureRun, { tasks }: ScriptedWorkflow): Map<string, Set<string>> {
  const holders = new Map<string, Set<string>>();
  const hold = (mutex: string, holder: string) => {
    const known = holders.get(mutex) ?? new Set();
    holders.set(mutex, known.add(holder));
  };
  for (const [index, { mutexes, region }] of tasks.entries()) {
    const activation = run.run.activations.get(taskName(index));
    if (activation === undefined || activation.context.firstStartedAt === null) continue;
    const isActive = run.run.open.has(activation);
    if (isActive) for (const mutex of mutexes ?? []) hold(mutex, taskName(index));
    if (region === undefined) continue;
    const isHeld = tasks.some(
      (other, at) => other.region === region && run.run.progress[at]?.outcome === undefined,
    );
    if (isHeld) for (const mutex of mutexesOf(region)) hold(mutex, region);
  }
  return holders;
}

describe('random workflows with mutexes and regions', () => {
  it('never have two holders of one mutex, and every task ends as without mutexes', () => {
    fc.assert(
      fc.property(lockedWorkflow, seed, (script, number) => {
        const workflow = { ...script, onFailure: 'continue' as const };
        const play = new RandomPlay(workflow, { seed: number });
        do {
          for (const [mutex, holders] of holdersOf(play.run, workflow))
            expect([...holders].length, `${mutex}: ${[...holders].join()}`).toBe(1);
          const folded = foldRecorded(play.run.history, foldedCells);
          expect(folded.steering.stored()).toEqual(play.run.run.steering.stored());
        } while (play.step());
        const ends = interpret(workflow).ends.map((end) =>
          end === 'not activated' ? 'skipped' : end,
        );
        expect(ended(workflow, play.run)).toEqual(ends);
        expect(play.run.run.steering.stored()).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});

describe('every way of folding a history', () => {
  it('live cells and folded cells give the same aggregate, after every message', () => {
    fc.assert(
      fc.property(anyWorkflow, seed, (script, number) => {
        const play = new RandomPlay(script, { seed: number });
        do {
          const folded = foldRecorded(play.run.history, foldedCells);
          expect(digestOf(folded)).toEqual(digestOf(play.run.run));
        } while (play.step());
      }),
      { numRuns: 60 },
    );
  });

  it('from a snapshot at any version and the events after it, as JSON would keep it', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyWorkflow,
        seed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (script, number, part) => {
          const { history } = new RandomPlay(script, { seed: number }).play();
          const cut = 1 + Math.floor(part * (history.length - 1));
          const { run, before } = await restoredAt(history, cut, liveCells);
          expect(digestOf(run)).toEqual(digestOf(before));
          for (const { event, at, streamVersion } of history.slice(cut)) {
            evolve(run, { type: event.type, data: event.data, at, streamVersion });
          }
          expect(digestOf(run)).toEqual(digestOf(foldRecorded(history, foldedCells)));
          stopCells(run);
        },
      ),
      RUNS,
    );
  });

  it('an illegal event throws `fold.illegal-event` and leaves the aggregate as it was', () => {
    fc.assert(
      fc.property(scriptedWorkflow, seed, fc.nat(), (script, number, at) => {
        const { history } = new RandomPlay(script, { seed: number }).play();
        const cut = 1 + (at % history.length);
        const first = at % illegal.length;
        const streamVersion = cut + 1;
        for (const cells of [foldedCells, liveCells]) {
          const run = foldRecorded(history.slice(0, cut), cells);
          const before = digestOf(run);
          for (const type of [...illegal.slice(first), ...illegal.slice(0, first)]) {
            const data = {
              taskId: 't0',
              reason: 'x',
              name: 'x',
              error: { code: 'x', message: '', retryable: false },
            };
            const send = () => evolve(run, { type, data, at: 1e9, streamVersion });
            if (type === 'run.retried' && run.cell.snapshot.value === 'failed') continue;
            if (type === 'run.compensationStarted' && run.cell.snapshot.value === 'stopping')
              continue;
            if (type === 'task.cancelForced' && run.activations.get('t0')?.state === 'canceling')
              continue;
            expect(send).toThrow(expect.objectContaining({ code: 'fold.illegal-event' }));
            expect(digestOf(run)).toEqual(before);
            // One illegal event ends a live actor: its aggregate is thrown away.
            break;
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
