/** What is dead, and why. Held against every run of random workflows: `soundness.long.test.ts`. */
import { describe, expect, it } from 'vitest';
import { type Soundness, soundnessOf } from '../../../src/workflow/analysis/soundness.ts';
import { conflictText } from '../../../src/workflow/analysis/words.ts';
import { buildGraph } from '../../../src/workflow/graph.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';

function analyze(workflow: JsonObject): { sound: Soundness; ids: string[]; dead: string[] } {
  const { definition } = compileWorkflow(workflow);
  if (definition === undefined) throw new Error('the workflow is not valid');
  const sound = soundnessOf(definition, buildGraph(definition.tasks));
  const ids = definition.tasks.map(({ id }) => id);
  return { sound, ids, dead: sound.dead.map(({ index }) => ids[index] ?? '') };
}

const agent = (id: string, dependencies: string[] = [], more: JsonObject = {}): JsonObject => ({
  id,
  agent: 'echo',
  dependencies,
  ...more,
});

const ok = agent('ok', ['a'], { condition: 'a.output.ok' });

const cases: [string, JsonObject[], string | undefined][] = [
  [
    'a join of a task and of what handles its failure',
    [
      agent('a'),
      agent('fix', ['a'], { trigger: 'one_failed' }),
      agent('b', ['a']),
      agent('d', ['fix', 'b']),
    ],
    '`a` has to fail (a -> fix -> d), and `a` has to succeed (a -> b -> d)',
  ],
  [
    'a join of branches with opposite conditions',
    [agent('a'), ok, agent('no', ['a'], { condition: '!(a.output.ok)' }), agent('d', ['ok', 'no'])],
    '`a.output.ok` has to be false (no -> d), and `a.output.ok` has to be true (ok -> d)',
  ],
  [
    'a join of branches for different values',
    [
      agent('a'),
      agent('x', ['a'], { condition: 'a.output.kind == "x"' }),
      agent('y', ['a'], { condition: "a.output.kind == 'y' && a.output.n > 1" }),
      agent('d', ['x', 'y']),
    ],
    '`a.output.kind` has to be "y" (y -> d), and `a.output.kind` has to be "x" (x -> d)',
  ],
  [
    'branches that may both run',
    [agent('a'), ok, agent('b', ['a'], { condition: 'a.output.b' }), agent('d', ['ok', 'b'])],
    undefined,
  ],
  [
    'a join of what was activated',
    [
      agent('a'),
      ok,
      agent('no', ['a'], { condition: '!a.output.ok' }),
      agent('d', ['ok', 'no'], { trigger: 'activated' }),
    ],
    undefined,
  ],
  [
    'a condition on a failure behind a success',
    [agent('a'), agent('d', ['a'], { condition: 'a.status == "failed"' })],
    '`a` has to succeed (a -> d), and `a` has to fail (a -> d)',
  ],
  [
    'the failure of what handles a failure, in a run that stops',
    [
      agent('a'),
      agent('fix', ['a'], { trigger: 'one_failed' }),
      agent('d', ['fix'], { trigger: 'one_failed' }),
    ],
    '`a` has to fail (a -> fix -> d), and then the run stops before it',
  ],
  [
    'a handler of what counts as no failure',
    [
      agent('a'),
      agent('w', ['a'], { trigger: 'one_failed', on_failure: 'skip' }),
      agent('d', ['w'], { trigger: 'one_failed' }),
    ],
    'choice',
  ],
];

describe('why a task is dead', () => {
  const why = (id: string, tasks: JsonObject[]): string | undefined => {
    const { sound, ids } = analyze({ name: 'x', tasks });
    const dead = sound.dead.find(({ index }) => ids[index] === id);
    if (dead === undefined) return undefined;
    const { tasks: all } = sound.model.definition;
    return dead.conflict === undefined ? dead.kind : conflictText(dead.conflict, all);
  };

  it.each(cases)('%s', (_, tasks, expected) => {
    expect(why('d', tasks)).toBe(expected);
  });
});

describe('what is beyond the core', () => {
  const isDead = (id: string, workflow: JsonObject) =>
    analyze({ name: 'x', ...workflow }).dead.includes(id);

  it('a join inside a loop may get what it needs another time round', () => {
    const tasks = [
      agent('a'),
      agent('yes', ['a'], { condition: 'a.output.ok' }),
      agent('no', ['a'], { condition: '!a.output.ok' }),
      agent('both', ['yes', 'no'], { trigger: { count: 2 } }),
      agent('end', ['yes', 'no'], { trigger: 'any' }),
    ];
    const edges = [{ from: 'end', to: 'a', loop: { max: 2 } }];
    expect(isDead('both', { tasks })).toBe(true);
    expect(isDead('both', { tasks, edges })).toBe(false);
  });

  it('a merge of more threads than there can be is dead', () => {
    const problems = (emit: number, merge: number) =>
      compileWorkflow({
        name: 'x',
        tasks: [
          agent('a', [], { emit }),
          agent('b', ['a']),
          agent('m', ['b'], { trigger: { merge } }),
        ],
      }).problems.map(({ code, path }) => [code, path]);
    expect(problems(3, 3)).toEqual([]);
    expect(problems(3, 4)).toEqual([['workflow.never-runs', 'tasks[2].trigger']]);
  });
});

describe('what ends and cancels', () => {
  const dead = (tasks: JsonObject[]) => analyze({ name: 'x', tasks }).dead;

  it('lets nothing behind the end of the run begin', () => {
    const done = agent('a', [], { end: 'terminate' });
    expect(dead([done, agent('b', ['a']), agent('c', ['b'])])).toEqual(['b', 'c']);
    expect(dead([done, agent('b', ['a'], { trigger: 'all_done' })])).toEqual([]);
  });

  it('lets nothing begin that is canceled by what it waits for, however far before', () => {
    const cancels = agent('a', [], { cancel: ['c'] });
    expect(dead([cancels, agent('b', ['a']), agent('c', ['b'])])).toEqual(['c']);
    expect(dead([cancels, agent('b'), agent('c', ['b'])])).toEqual([]);
    expect(
      dead([
        agent('a', [], { cancel: ['r'] }),
        agent('b', ['a']),
        agent('c', ['b'], { region: 'r' }),
      ]),
    ).toEqual(['c']);
  });
});
