/** What `--analyze` says: each figure by hand, and what it proposes held against what it promises. */
import { describe, expect, it } from 'vitest';
import { analyzeWorkflow } from '../../../src/workflow/analysis/analyze.ts';
import { buildGraph } from '../../../src/workflow/graph.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { seededRandom } from '../../support/seeded.ts';

const agent = (id: string, dependencies: string[] = [], more: JsonObject = {}): JsonObject => ({
  id,
  agent: 'echo',
  dependencies,
  ...more,
});

function analyze(tasks: JsonObject[], more: JsonObject = {}) {
  const { definition, problems } = compileWorkflow({ name: 'x', ...more, tasks });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return analyzeWorkflow(definition);
}

const sleep = (id: string, ms: number, dependencies: string[] = []) =>
  agent(id, dependencies, { agent: 'sleep', parameters: { ms } });

describe('the critical path', () => {
  it('counts steps where a task does not say how long it takes', () => {
    const { criticalPath, bounds } = analyze([
      agent('a'),
      sleep('b', 5, ['a']),
      { id: 'p', pass: true, dependencies: ['b'] },
      agent('c', ['p'], { timeout: 2 }),
      agent('d', ['a']),
    ]);
    expect(criticalPath).toEqual({
      tasks: ['a', 'b', 'p', 'c'],
      by: 'steps',
      steps: 3,
      knownMs: 5,
      unknown: 2,
    });
    expect(bounds).toEqual({ sequential: 4, withMaxParallel: 3, unlimited: 3, maxParallel: 3 });
  });

  it('is the longest in time where all tasks say so', () => {
    const tasks = [sleep('a', 10), sleep('b', 100), sleep('c', 20, ['a']), sleep('d', 5, ['c'])];
    const { criticalPath, bounds } = analyze(tasks, { settings: { max_parallel: 1 } });
    expect(criticalPath).toMatchObject({ tasks: ['b'], by: 'time', knownMs: 100, longestMs: 100 });
    expect(bounds).toMatchObject({ sequential: 135, withMaxParallel: 135, unlimited: 100 });
  });

  it('has a bound where attempts, delays and rounds have one', () => {
    const retry = { max_attempts: 3, delay: 1, backoff: 'exponential', max_delay: 1.5 };
    const { criticalPath } = analyze([
      agent('a', [], { timeout: 10, retry }),
      agent('b', ['a'], { timeout: 1, repeat: { max: 4 } }),
      { id: 'w', wait: { timer: 3 }, dependencies: ['b'] },
    ]);
    expect(criticalPath.longestMs).toBe(30_000 + 1_000 + 1_500 + 4_000 + 3_000);
  });
});

describe('the width', () => {
  const widthOf = (tasks: JsonObject[]) => analyze(tasks).width;

  it('is the largest set without an order, which need not be a level', () => {
    const tasks = [agent('a'), agent('b', ['a']), agent('c', ['b']), agent('d'), agent('e', ['a'])];
    expect(widthOf(tasks)).toMatchObject({ size: 3, exact: true });
  });

  it('leaves waits and passes out', () => {
    expect(
      widthOf([
        { id: 'w', wait: { timer: 1 } },
        { id: 'p', pass: true },
      ]),
    ).toMatchObject({
      size: 0,
    });
  });

  it('is that of all subsets of small random graphs', () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const tasks = randomTasks(seed, 8);
      const order = comesBefore(tasks);
      let best = 0;
      for (let set = 0; set < 2 ** tasks.length; set += 1) {
        const members = tasks.flatMap((_, index) => ((set >> index) & 1 ? [index] : []));
        const isFree = members.every((one) => members.every((other) => !order[one]?.has(other)));
        if (isFree) best = Math.max(best, members.length);
      }
      const { size, tasks: ids } = widthOf(tasks);
      expect([size, ids.length], `seed ${seed}`).toEqual([best, best]);
    }
  });

  it('of a large workflow is a lower bound', () => {
    const tasks = Array.from({ length: 600 }, (_, at) =>
      agent(`t${at}`, at < 3 ? [] : [`t${at - 3}`]),
    );
    expect(widthOf(tasks)).toMatchObject({ size: 3, exact: false });
  });
});

function randomTasks(seed: number, count: number): JsonObject[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) =>
    agent(
      `t${index}`,
      Array.from({ length: index }, (__, at) => `t${at}`).filter(() => random() < 0.3),
    ),
  );
}

/** By task: everything behind it. */
function comesBefore(tasks: readonly JsonObject[]): Set<number>[] {
  const { dependents, order } = buildGraph(tasks as never);
  const behind: Set<number>[] = tasks.map(() => new Set());
  for (const index of order.toReversed())
    for (const dependent of dependents[index] ?? [])
      for (const other of [dependent, ...(behind[dependent] ?? [])]) behind[index]?.add(other);
  return behind;
}

describe('needless dependencies', () => {
  it('are those whose removal changes no order, and no other', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const tasks = randomTasks(seed, 9);
      const orderOf = (list: JsonObject[]) =>
        JSON.stringify(comesBefore(list).map((set) => [...set].sort()));
      const whole = orderOf(tasks);
      const expected = tasks.flatMap((task, index) =>
        (task.dependencies as string[]).flatMap((dependency) => {
          const less = tasks.with(index, {
            ...task,
            dependencies: (task.dependencies as string[]).filter((id) => id !== dependency),
          });
          return orderOf(less) === whole ? [`${task.id} ${dependency}`] : [];
        }),
      );
      const found = analyze(tasks).needless.map(({ task, dependency }) => `${task} ${dependency}`);
      expect(found.toSorted(), `seed ${seed}`).toEqual(expected.toSorted());
    }
  });

  it('have the path that makes them so', () => {
    const { needless, proposals } = analyze([
      agent('a'),
      agent('b', ['a']),
      agent('c', ['b', 'a']),
    ]);
    expect(needless).toEqual([{ task: 'c', dependency: 'a', path: ['a', 'b', 'c'] }]);
    expect(proposals).toContainEqual({
      kind: 'remove-dependency',
      task: 'c',
      change: 'remove `a` from the dependencies of `c`',
      effect: 'nothing changes: it waits already, a -> b -> c',
    });
  });

  it.each(['all_done', 'any', 'none_failed', 'activated'])(
    'are not behind %s, which says less',
    (trigger) => {
      const tasks = [agent('a'), agent('b', ['a'], { trigger }), agent('c', ['b', 'a'])];
      expect(analyze(tasks).needless).toEqual([]);
    },
  );

  it('are none where tokens count', () => {
    const tasks = [agent('a', [], { emit: 2 }), agent('b', ['a']), agent('c', ['b', 'a'])];
    expect(analyze(tasks).needless).toEqual([]);
  });
});

describe('conflicts', () => {
  const write = (id: string, dependencies: string[], more: JsonObject = {}) =>
    agent(id, dependencies, { agent: 'shell', parameters: { command: 'make > out.txt' }, ...more });

  it('are two that may write one file at the same time', () => {
    const { conflicts, proposals } = analyze([
      agent('a'),
      write('b', ['a']),
      write('c', ['a']),
      write('d', ['b', 'c']),
    ]);
    expect(conflicts).toEqual([{ kind: 'file', name: 'out.txt', tasks: ['b', 'c'] }]);
    expect(proposals.map(({ kind }) => kind)).toContain('add-mutex');
  });

  it('are not two of which one comes first, nor two that exclude each other', () => {
    const inputs = { x: { type: 'boolean' } };
    expect(analyze([write('b', []), write('c', ['b'])]).conflicts).toEqual([]);
    const either = [
      write('b', [], { condition: 'inputs.x' }),
      write('c', [], { condition: '!inputs.x' }),
    ];
    expect(analyze(either, { inputs }).conflicts).toEqual([]);
  });
});

describe('proposals', () => {
  it('raise max_parallel where that shortens the run', () => {
    const tasks = Array.from({ length: 6 }, (_, at) => agent(`t${at}`));
    const [first] = analyze(tasks, { settings: { max_parallel: 2 } }).proposals;
    expect(first).toMatchObject({
      kind: 'raise-max-parallel',
      effect: 'at least 3 steps now, 1 step without that bound',
    });
    expect(analyze(tasks, { settings: { max_parallel: 6 } }).proposals).toEqual([]);
  });

  it('loosen what uses nothing of what it waits for, where the run gets shorter', () => {
    const use = { parameters: { of: '${a.output}' } };
    expect(analyze([agent('a'), agent('b', ['a'], use)]).proposals).toEqual([]);
    expect(analyze([agent('a'), agent('b', ['a'])]).proposals).toMatchObject([
      {
        kind: 'loosen-dependency',
        task: 'b',
        effect: 'the longest way is 1 step in place of 2 steps',
      },
    ]);
  });
});
