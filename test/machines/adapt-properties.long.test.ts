/** Random patches against random plays: applied whole or refused, and the same however the history is folded. */
import { expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import fc from '../support/property.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded } from './pure-run.ts';
import {
  lockedWorkflow,
  RandomPlay,
  type ScriptedTask,
  type ScriptedWorkflow,
  scriptedChange,
  scriptedWorkflow,
  taskName,
} from './random-workflows.ts';
import { interpret } from './reference.ts';

const seed = fc.integer({ min: 1, max: 2 ** 31 });

interface Plan {
  script: ScriptedWorkflow;
  /** Each with the number of messages before it. */
  changes: { after: number; script: ScriptedWorkflow }[];
}

const adapted = (first: fc.Arbitrary<ScriptedWorkflow>): fc.Arbitrary<Plan> =>
  first.chain((script) =>
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: 12 }), scriptedChange(script)), {
        minLength: 1,
        maxLength: 3,
      })
      .map((changes) => ({
        script,
        changes: changes.map(([after, next]) => ({ after, script: next })),
      })),
  );

/** Of another workflow what can still come; half of the patches go for what has begun too, and are refused. */
function stillPossible(play: RandomPlay, change: Plan['changes'][number]): ScriptedWorkflow {
  const { script } = play;
  const { onFailure } = script;
  if (change.after % 2 === 1) return { ...change.script, onFailure };
  const hasBegun = (index: number) => {
    const state = play.run.run.activations.get(taskName(index))?.state;
    return state !== undefined && state !== 'scheduled';
  };
  const count = Math.max(
    change.script.tasks.length,
    ...script.tasks.map((_, index) => index).map((index) => (hasBegun(index) ? index + 1 : 0)),
  );
  const tasks = Array.from({ length: count }, (_, index) => {
    const [known, other] = [script.tasks[index], change.script.tasks[index]];
    return (hasBegun(index) ? known : (other ?? known)) as ScriptedTask;
  });
  return { ...change.script, onFailure, tasks };
}

/** Plays to the end with the changes on the way; says how many were taken. */
function played({ script, changes }: Plan, options: { seed: number; slots?: number }) {
  const play = new RandomPlay(script, options);
  const left = [...changes];
  let taken = 0;
  for (let steps = 0; ; steps += 1) {
    for (const change of left.filter(({ after }) => after === steps)) {
      const before = digestOf(play.run.run);
      if (play.adapt(stillPossible(play, change))) taken += 1;
      else expect(digestOf(play.run.run)).toEqual(before);
    }
    expect(digestOf(foldRecorded(play.run.history, foldedCells))).toEqual(digestOf(play.run.run));
    if (!play.step()) break;
  }
  return { play, taken };
}

const goingOn = (plan: Plan): Plan => ({
  ...plan,
  script: { ...plan.script, onFailure: 'continue' },
});

it('a run ends as if it had had its last definition from the start', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      adapted(scriptedWorkflow),
      seed,
      fc.constantFrom(1, 2, 20),
      (plan, number, slots) => {
        const { play, taken: some } = played(goingOn(plan), { seed: number, slots });
        taken += some;
        const { ends, unhandled } = interpret(play.script);
        const { tasks } = play.run.report();
        const statuses = play.script.tasks.map((_, index) => tasks[taskName(index)]?.status);
        expect(statuses).toEqual(ends.map((end) => (end === 'not activated' ? 'skipped' : end)));
        expect(Object.keys(tasks)).toHaveLength(play.script.tasks.length);
        expect(play.run.state).toBe(unhandled.length === 0 ? 'succeeded' : 'failed');
      },
    ),
    { numRuns: 200 },
  );
  expect(taken).toBeGreaterThan(60);
});

it('with mutexes and regions every run ends, and every mutex is given back', () => {
  fc.assert(
    fc.property(adapted(lockedWorkflow), seed, (plan, number) => {
      const { play } = played(goingOn(plan), { seed: number });
      const ends = interpret(play.script).ends.map((end) =>
        end === 'not activated' ? 'skipped' : end,
      );
      const { tasks } = play.run.report();
      expect(play.script.tasks.map((_, index) => tasks[taskName(index)]?.status)).toEqual(ends);
      expect(play.run.run.steering.stored()).toBeUndefined();
    }),
    { numRuns: 120 },
  );
});

it('a crash after any event and a snapshot at any version change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(adapted(scriptedWorkflow), adapted(lockedWorkflow)),
      seed,
      async (plan, number) => {
        const { play } = played(plan, { seed: number, slots: 2 });
        await expectSnapshotsToAgree(play.run.history);
      },
    ),
    { numRuns: 40 },
  );
});

it('a patch that is taken back leaves the definition as it was', () => {
  fc.assert(
    fc.property(adapted(scriptedWorkflow), seed, (plan, number) => {
      const play = new RandomPlay(plan.script, { seed: number, slots: 1 });
      const before = play.run.run.plan.definition;
      const hash = play.run.run.header.definitionHash;
      const [first] = plan.changes;
      const script = { ...(first?.script ?? plan.script), onFailure: plan.script.onFailure };
      if (!play.adapt(script)) return;
      play.run.command({ type: 'adapt', undo: true });
      // What the patch made ready may have begun: then it stays.
      if (play.run.rejection !== undefined) {
        expect(play.run.rejection.code).toBe('adapt.conflict');
        return;
      }
      expect(play.run.run.plan.definition).toEqual(before);
      expect(play.run.run.header.definitionHash).toBe(hash);
      expect(play.run.run.adaptations).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
