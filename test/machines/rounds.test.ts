/**
 * Rounds of tasks: loops, threads, merges (machines/run/rounds.ts).
 * Size: the cases of each form side by side.
 */
import { describe, expect, it } from 'vitest';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

describe('repeat', () => {
  it('runs until the condition holds; dependents see the last round', () => {
    const run = new PureRun(
      workflow([
        agent('a', { repeat: { until: 'a.output.n >= 3', max: 5 } }),
        agent('b', { dependencies: ['a'], parameters: { n: '${a.output.n}' } }),
      ]),
    );
    let n = 0;
    expect(finish(run, () => ({ n: ++n }))).toEqual(['a', 'a@2', 'a@3', 'b']);
    expect(run.last('task.started').parameters).toEqual({ n: 3 });
    expect(run.state).toBe('succeeded');
    expect(run.report().tasks['a']).toMatchObject({
      status: 'success',
      rounds: 3,
      output: { n: 3 },
    });
  });

  it('schedules the next round in the commit of the one before', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { max: 2 } })]));
    expect(run.succeed('a')).toEqual([
      'task.succeeded a',
      'task.scheduled a@2',
      'task.started a@2',
    ]);
    expect(
      run.history.find(({ event }) => event.type === 'task.succeeded')?.event.data,
    ).toMatchObject({ repeats: true });
    expect(run.succeed('a@2')).toEqual(['task.succeeded a@2', 'run.succeeded']);
  });

  it('sees its own output of the round before in parameters', () => {
    const run = new PureRun(
      workflow([
        agent('a', { repeat: { max: 3 }, parameters: { n: '${default(a.output.n, 0) + 1}' } }),
      ]),
    );
    finish(run, (id) => ({ n: Number(id.split('@')[1] ?? 1) }));
    expect(
      run.history.flatMap(({ event }) =>
        event.type === 'task.started' ? [(event.data.parameters as { n: number }).n] : [],
      ),
    ).toEqual([1, 2, 3]);
  });

  it.each([
    ['repeat.until', { until: 'a.output', max: 3 }],
    ['repeat.while', { until: 'false', while: 'default(a.output, true)', max: 3 }],
  ])('fails at once where %s is neither true nor false', (what, repeat) => {
    const run = new PureRun(workflow([agent('a', { repeat })]));
    run.succeed('a', 'yes');
    expect(run.last('task.failed').error).toMatchObject({
      code: 'expression.failed',
      message: `${what} must be true or false; it is a string`,
    });
    expect(run.statuses()).toEqual({ a: 'failed' });
  });

  it('does not begin where repeat.while is neither true nor false', () => {
    const repeat = { while: 'given.output', max: 3 };
    const run = new PureRun(
      workflow([agent('given'), agent('a', { dependencies: ['given'], repeat })]),
    );
    run.succeed('given', 'yes');
    expect(run.last('task.failed').error).toMatchObject({ code: 'expression.failed' });
    expect(run.statuses()['a']).toBe('failed');
  });

  it('fails with loop.exhausted where the bound comes first, and keeps the output', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { until: 'false', max: 2 } })]));
    run.succeed('a', 1);
    run.succeed('a@2', 2);
    expect(run.last('task.failed')).toMatchObject({
      error: { code: 'loop.exhausted', retryable: false },
      output: 2,
    });
    expect(run.state).toBe('failed');
  });

  it('keeps the last output with on_max: accept', () => {
    const run = new PureRun(
      workflow([agent('a', { repeat: { until: 'false', max: 2, on_max: 'accept' } })]),
    );
    finish(run, () => 7);
    expect(run.report().tasks['a']).toMatchObject({ status: 'success', output: 7 });
  });

  it('asks while before the first round', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { while: 'false', max: 2 } })]));
    expect(run.statuses()).toEqual({ a: 'skipped' });
  });

  it('waits between rounds', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { max: 2, delay: 5 } })]));
    const before = run.now;
    expect(run.succeed('a')).toEqual([
      'task.succeeded a',
      'task.scheduled a@2',
      'task.waiting a@2',
    ]);
    run.fire('a@2');
    expect(run.now).toBe(before + 5000);
    run.succeed('a@2');
    expect(run.state).toBe('succeeded');
  });

  it('repeats a foreach as a whole', () => {
    const run = new PureRun(workflow([agent('a', { foreach: [1, 2], repeat: { max: 2 } })]));
    expect(finish(run)).toEqual(['a~0', 'a~1', 'a@2~0', 'a@2~1']);
    expect(run.state).toBe('succeeded');
  });

  it('fails where its condition cannot be computed', () => {
    const run = new PureRun(
      workflow([agent('a', { repeat: { until: 'a.output.x > 1', max: 2 } })]),
    );
    run.succeed('a', {});
    expect(run.last('task.failed').error.code).toMatch(/^expression\./);
  });
});

describe('edges that lead back', () => {
  it('run the body again and leave by the exit', () => {
    const run = new PureRun(
      workflow(
        [agent('a'), agent('b', { dependencies: ['a'] }), agent('c', { dependencies: ['b'] })],
        { edges: [{ from: 'b', to: 'a', loop: { max: 3 }, condition: 'b.output < 3' }] },
      ),
    );
    let n = 0;
    expect(finish(run, (id) => (id.startsWith('b') ? ++n : null))).toEqual([
      'a',
      'b',
      'a@2',
      'b@2',
      'a@3',
      'b@3',
      'c',
    ]);
    expect(run.state).toBe('succeeded');
  });

  it('fail their task where the condition is neither true nor false', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b', { dependencies: ['a'] })], {
        edges: [{ from: 'b', to: 'a', loop: { max: 2 }, condition: 'b.output' }],
      }),
    );
    run.succeed('a');
    run.succeed('b', 3);
    expect(run.last('task.failed').error.message).toBe(
      'the condition of the loop to "a" must be true or false; it is a number',
    );
  });

  it('are taken max times at most', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('b', { dependencies: ['a'] })], {
        edges: [{ from: 'b', to: 'a', loop: { max: 2 } }],
      }),
    );
    expect(finish(run)).toEqual(['a', 'b', 'a@2', 'b@2', 'a@3', 'b@3']);
  });

  it('keep what comes from outside for every time round', () => {
    const run = new PureRun(
      workflow(
        [
          agent('x'),
          agent('a'),
          agent('b', { dependencies: ['a', 'x'] }),
          agent('c', { dependencies: ['b'] }),
        ],
        { edges: [{ from: 'b', to: 'a', loop: { max: 1 } }] },
      ),
    );
    expect(finish(run)).toEqual(['x', 'a', 'b', 'a@2', 'b@2', 'c']);
    expect(run.state).toBe('succeeded');
  });

  it('do not let a skip out of the loop before the loop is over', () => {
    const run = new PureRun(
      workflow(
        [
          agent('a'),
          agent('b', { dependencies: ['a'] }),
          agent('out', { dependencies: ['b'], condition: 'b.output == "done"' }),
          agent('after', { dependencies: ['out'], trigger: 'all_done' }),
        ],
        { edges: [{ from: 'b', to: 'a', loop: { max: 3 }, condition: 'b.output == "again"' }] },
      ),
    );
    const outputs = ['again', 'done'];
    expect(finish(run, (id) => (id.startsWith('b') ? outputs.shift() : null))).toEqual([
      'a',
      'b',
      'a@2',
      'b@2',
      'out',
      'after',
    ]);
  });
});

describe('arbitrary cycles', () => {
  it('have several entries and exits', () => {
    const graph = workflow(
      [
        agent('start'),
        agent('left', { trigger: 'each' }),
        agent('right', { trigger: 'each' }),
        agent('exit-left'),
        agent('exit-right'),
      ],
      {
        edges: [
          { from: 'start', to: 'left', condition: 'start.output == "left"' },
          { from: 'start', to: 'right', condition: 'start.output == "right"' },
          { from: 'left', to: 'right', condition: 'left.output == "on"' },
          { from: 'right', to: 'left', condition: 'right.output == "on"', loop: { max: 2 } },
          { from: 'left', to: 'exit-left', condition: 'left.output == "out"' },
          { from: 'right', to: 'exit-right', condition: 'right.output == "out"' },
        ],
      },
    );
    const run = new PureRun(graph);
    const outputs: Record<string, string> = {
      start: 'right',
      right: 'on',
      left: 'on',
      'right@2': 'out',
    };
    expect(finish(run, (id) => outputs[id])).toEqual([
      'start',
      'right',
      'left',
      'right@2',
      'exit-right',
    ]);
    expect(run.statuses()).toMatchObject({ 'exit-left': 'skipped', 'exit-right': 'success' });
    expect(run.state).toBe('succeeded');
  });
});

describe('threads', () => {
  it('multi-merge: each branch that arrives runs the rest again', () => {
    const run = new PureRun(
      workflow([
        agent('a'),
        agent('b'),
        agent('m', { dependencies: ['a', 'b'], trigger: 'each' }),
        agent('n', { dependencies: ['m'] }),
      ]),
    );
    expect(finish(run).sort()).toEqual(['a', 'b', 'm', 'm@2', 'n', 'n@2']);
    expect(run.state).toBe('succeeded');
  });

  it('split and merge again', () => {
    const run = new PureRun(
      workflow([
        agent('a', { emit: 3 }),
        agent('b', { dependencies: ['a'] }),
        agent('c', { dependencies: ['b'], trigger: { merge: 3 } }),
        agent('d', { dependencies: ['c'] }),
      ]),
    );
    expect(finish(run)).toEqual(['a', 'b', 'b@2', 'b@3', 'c', 'd']);
    expect(run.state).toBe('succeeded');
  });

  it('a merge that never gets enough is skipped in the end', () => {
    const run = new PureRun(
      workflow([
        agent('a', { emit: 2 }),
        agent('c', { dependencies: ['a'], trigger: { merge: 3 } }),
        agent('d', { dependencies: ['c'], trigger: 'all_done' }),
      ]),
    );
    finish(run);
    expect(run.statuses()).toEqual({ a: 'success', c: 'skipped', d: 'success' });
  });

  it('a join takes the k-th token of each edge for its k-th round and keeps the surplus', () => {
    const run = new PureRun(
      workflow([
        agent('a', { emit: 3 }),
        agent('b', { emit: 2 }),
        agent('j', { dependencies: ['a', 'b'] }),
      ]),
    );
    expect(finish(run)).toEqual(['a', 'b', 'j', 'j@2']);
    expect(run.state).toBe('succeeded');
  });

  it('block: the next round waits until the round before has all its tokens', () => {
    const tasks = (block: boolean) => [
      agent('a', { emit: 2 }),
      agent('b', { emit: 2 }),
      agent('c', { emit: 2 }),
      agent('j', {
        dependencies: ['a', 'b', 'c'],
        trigger: { count: 2, ...(block ? { block } : {}) },
      }),
    ];
    for (const block of [false, true]) {
      const run = new PureRun(workflow(tasks(block)));
      run.succeed('a');
      const lines = run.succeed('b');
      expect(lines.includes('task.started j@2')).toBe(!block);
      expect(run.succeed('c').includes('task.started j@2')).toBe(block);
      expect(finish(run)).toEqual(['j', 'j@2']);
    }
  });
});

describe('a run that stops in a loop', () => {
  it('begins no further round', () => {
    const run = new PureRun(workflow([agent('a', { repeat: { max: 5 } }), agent('b')]));
    run.succeed('a');
    run.fail('b');
    expect(run.state).toBe('stopping');
    run.succeed('a@2');
    expect(run.state).toBe('failed');
    expect(run.run.activations.has('a@3')).toBe(false);
  });
});
