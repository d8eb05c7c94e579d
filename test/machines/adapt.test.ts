/**
 * The command `adapt`: what of a live run changes, what does not, and in which words.
 * Size: a corpus of bad patches with their codes.
 */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/machines/run/decide.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

const chain = (more: object = {}) =>
  workflow(
    [
      agent('a'),
      agent('b', { dependencies: ['a'] }),
      agent('c', { dependencies: ['b'], parameters: { n: 1, keep: true } }),
    ],
    more,
  );

function adapt(run: PureRun, patch: JsonObject, more: JsonObject = {}): string[] {
  return run.command({ type: 'adapt', patch, ...more });
}

function codes(run: PureRun): string[] {
  const { problems } = (run.rejection?.details ?? { problems: [] }) as {
    problems: { code: string; path: string }[];
  };
  return problems.map(({ code, path }) => `${code} ${path}`);
}

describe('a patch', () => {
  it('adds, rewires, re-parameterises and removes what has not started, as one event', () => {
    const run = new PureRun(chain());
    const lines = adapt(run, {
      tasks: {
        c: { dependencies: ['b', 'd'], parameters: { n: 2 }, agent: 'other' },
        d: { agent: 'echo', dependencies: ['a'] },
      },
    });
    expect(lines).toEqual(['run.adapted']);
    expect(run.last('run.adapted')).toMatchObject({ tasks: 4, change: { tasks: [{}, {}] } });
    expect(finish(run)).toEqual(['a', 'b', 'd', 'c']);
    expect(run.last('task.started')).toMatchObject({
      agent: 'other',
      parameters: { n: 2, keep: true },
    });
    expect(run.state).toBe('succeeded');
  });

  it('lets a new task count what its dependencies have become', () => {
    const run = new PureRun(chain());
    run.succeed('a', 7);
    const lines = adapt(run, {
      tasks: { d: { agent: 'echo', dependencies: ['a'], parameters: { n: '${a.output}' } } },
    });
    expect(lines).toEqual(['run.adapted', 'task.scheduled d', 'task.started d']);
    expect(run.last('task.started').parameters).toEqual({ n: 7 });
    finish(run);
  });

  it('withdraws what waits for a slot, and decides it anew', () => {
    const run = new PureRun(workflow([agent('a'), agent('b'), agent('c')]), { slots: 1 });
    const lines = adapt(run, {
      tasks: { b: null, c: { parameters: { n: 2 } } },
      settings: { max_parallel: 1 },
    });
    expect(run.last('run.adapted').withdrawn).toEqual(['b', 'c']);
    expect(lines).toEqual(['run.adapted', 'task.scheduled c']);
    expect(finish(run)).toEqual(['a', 'c']);
    expect(Object.keys(run.report().tasks)).toEqual(['a', 'c']);
  });

  it('opens a run that had as many attempts as it might', () => {
    const run = new PureRun(workflow([agent('a'), agent('b')], { settings: { max_parallel: 1 } }));
    expect(adapt(run, { settings: { max_parallel: 2 } })).toEqual([
      'run.adapted',
      'task.started b',
    ]);
    finish(run);
  });

  it('ends a run of which nothing is left', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    run.command({ type: 'pause' });
    run.succeed('a');
    adapt(run, { tasks: { b: null } });
    expect(run.command({ type: 'resume' })).toEqual(['run.resumed', 'run.succeeded']);
    finish(run);
  });

  it('gives a failure that nothing handled somebody who does', () => {
    const run = new PureRun(
      workflow([agent('a'), agent('slow')], {
        settings: { max_parallel: 20, on_failure: 'continue' },
      }),
    );
    run.fail('a', { retryable: false });
    adapt(run, { tasks: { mend: { agent: 'echo', dependencies: ['a'], trigger: 'one_failed' } } });
    finish(run);
    expect(run.state).toBe('succeeded');
  });

  it('adds loops, instances, mutexes, regions, hooks, waits and outputs', () => {
    const run = new PureRun(chain());
    adapt(run, {
      tasks: {
        list: { agent: 'echo', dependencies: ['a'] },
        each: { agent: 'echo', dependencies: ['list'], foreach: '${list.output}', mutex: 'm' },
        again: { agent: 'echo', dependencies: ['a'], repeat: { max: 3 }, region: 'r' },
        c: { mutex: 'm', region: 'r' },
        ask: { wait: { signal: 'go' }, dependencies: ['each'] },
      },
      regions: { r: { mutex: 'n' } },
      hooks: { on_success: [{ id: 'bye', agent: 'echo' }] },
      outputs: { all: '${each.output}' },
    });
    expect(run.rejection).toBeUndefined();
    run.command({ type: 'signal', name: 'go' });
    finish(run, (id) => (id === 'list' ? [1, 2] : id));
    expect(run.state).toBe('succeeded');
    expect(run.last('run.succeeded').output).toEqual({ all: ['each~0', 'each~1'] });
    expect(run.lines().filter((line) => line === 'task.succeeded bye')).toHaveLength(1);
    expect(run.report().tasks['again']?.attempts).toBe(1);
    expect(run.lines()).toContain('task.succeeded again@3');
  });

  it('moves the deadline of the run', () => {
    const run = new PureRun(chain());
    adapt(run, { settings: { timeout: 5 } });
    expect(run.last('run.adapted').dueAt).toBe(run.now + 5_000);
    expect(run.expire()[0]).toBe('run.stopping');
    expect(run.now).toBe(6_000);
  });

  it('changes nothing where all is as it says', () => {
    const run = new PureRun(chain());
    expect(adapt(run, { tasks: { c: { parameters: { n: 1 } } } })).toEqual([]);
    expect(run.rejection).toBeUndefined();
  });

  it('of a run that has not begun may change its first tasks and hooks', () => {
    const run = new PureRun(chain(), { start: false });
    adapt(run, {
      tasks: { a: { parameters: { n: 1 } } },
      hooks: { on_start: [{ id: 'first', agent: 'echo' }] },
    });
    run.command({ type: 'start' });
    expect(finish(run)).toEqual(['first', 'a', 'b', 'c']);
  });
});

describe('a patch against what happens at the same time', () => {
  const patch = { tasks: { b: { parameters: { n: 2 } } } };

  it('is applied whole before the completion, and refused after it', () => {
    const first = new PureRun(chain());
    adapt(first, patch);
    first.succeed('a');
    expect(first.last('task.started').parameters).toEqual({ n: 2 });
    const second = new PureRun(chain());
    second.succeed('a');
    expect(adapt(second, patch)).toEqual([]);
    expect(second.rejection).toMatchObject({ status: 409, code: 'adapt.conflict' });
    expect(codes(second)).toEqual(['adapt.task-started tasks.b']);
    finish(first);
    finish(second);
  });

  it('is refused where the run is at another version than was looked at', () => {
    const run = new PureRun(chain());
    const expectedVersion = run.run.streamVersion;
    run.succeed('a');
    expect(adapt(run, { settings: { max_parallel: 2 } }, { expectedVersion })).toEqual([]);
    expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
    finish(run);
  });

  it('is refused once the run is ending', () => {
    const run = new PureRun(chain());
    run.command({ type: 'cancel' });
    adapt(run, patch);
    expect(run.rejection?.code).toBe('run.conflict');
  });
});

describe('taking back', () => {
  it('undoes one patch after the other, the newest first', () => {
    const run = new PureRun(chain());
    const { definitionHash } = run.run.header;
    adapt(run, { tasks: { d: { agent: 'echo', dependencies: ['b'] } } });
    adapt(run, { tasks: { d: { parameters: { n: 1 } }, c: null } });
    run.command({ type: 'adapt', undo: true });
    expect(run.last('run.adapted').undoes).toBe(run.run.streamVersion - 1);
    expect(run.run.plan.byId('d')?.task.parameters).toEqual({});
    run.command({ type: 'adapt', undo: true });
    expect(run.run.header.definitionHash).toBe(definitionHash);
    run.command({ type: 'adapt', undo: true });
    expect(codes(run)).toEqual(['adapt.nothing-to-undo ']);
    expect(finish(run)).toEqual(['a', 'b', 'c']);
  });

  it('is refused where something of the patch has begun', () => {
    const run = new PureRun(chain());
    adapt(run, { tasks: { d: { agent: 'echo' } } });
    run.command({ type: 'adapt', undo: true });
    expect(codes(run)).toEqual(['adapt.task-started tasks.d']);
    finish(run);
  });
});

const begun = () => {
  const run = new PureRun(
    workflow(
      [
        agent('a', { region: 'r' }),
        agent('b', { dependencies: ['a'], region: 'r' }),
        agent('c', { dependencies: ['b'] }),
      ],
      {
        regions: { r: { mutex: 'm' } },
        hooks: { on_start: [{ id: 'first', agent: 'echo' }] },
        inputs: { n: { type: 'number', default: 1 } },
      },
    ),
  );
  run.succeed('first');
  return run;
};
const cases: [string, JsonObject | string, string[]][] = [
  ['is no object', 'tasks', ['adapt.patch-shape ']],
  [
    'has unknown fields',
    { sttings: {}, edges: [] },
    ['adapt.unknown-field sttings', 'adapt.not-supported edges'],
  ],
  ['names the run otherwise', { name: 'y' }, ['adapt.not-supported name']],
  ['has a task that is none', { tasks: { b: 3 } }, ['adapt.patch-shape tasks.b']],
  ['renames a task', { tasks: { b: { id: 'x' } } }, ['adapt.patch-shape tasks.b.id']],
  ['removes what is not there', { tasks: { x: null } }, ['adapt.unknown-task tasks.x']],
  ['changes what has begun', { tasks: { a: { agent: 'x' } } }, ['adapt.task-started tasks.a']],
  [
    'removes what has begun and is needed',
    { tasks: { a: null } },
    ['workflow.missing-dependency tasks.b.dependencies[0]', 'adapt.task-started tasks.a'],
  ],
  [
    'is no valid workflow',
    { tasks: { c: { dependencies: ['x'], timeout: 'soon', condition: 'x.output' } } },
    [
      'workflow.invalid-field tasks.c.timeout',
      'workflow.missing-dependency tasks.c.dependencies[0]',
      'expression.unknown-name tasks.c.condition',
    ],
  ],
  [
    'makes a cycle',
    { tasks: { b: { dependencies: ['a', 'c'] } } },
    ['workflow.cycle tasks.c.dependencies[0]'],
  ],
  ['has a task of no kind', { tasks: { d: {} } }, ['workflow.task-kind tasks.d']],
  [
    'changes a region in use',
    { regions: { r: { mutex: 'o' } } },
    ['adapt.region-started regions.r'],
  ],
  ['changes inputs', { inputs: {} }, ['adapt.not-supported inputs']],
  [
    'changes the priority',
    { settings: { priority: 'low' } },
    ['adapt.not-supported settings.priority'],
  ],
  [
    'changes the first hook',
    { hooks: { on_start: null } },
    ['adapt.not-supported hooks.on_start', 'adapt.task-started tasks.first'],
  ],
  [
    'comes after its milestone',
    { tasks: { d: { agent: 'echo', milestone: { until: 'a' } } } },
    ['adapt.milestone-over tasks.d.milestone'],
  ],
  [
    'is too large',
    { tasks: { d: { agent: 'echo', parameters: { text: 'x'.repeat(300_000) } } } },
    ['adapt.too-large '],
  ],
  [
    'loops around what has begun',
    { tasks: { a: { repeat: { max: 2 } } } },
    ['adapt.task-started tasks.a'],
  ],
];

describe('a patch that is refused', () => {
  it.each(cases)('%s', (_name, patch, expected) => {
    const run = begun();
    const before = run.history.length;
    run.command({ type: 'adapt', patch });
    expect(codes(run).sort()).toEqual([...expected].sort());
    expect(run.history).toHaveLength(before);
    finish(run);
  });

  it('says in a dry run what would change and what is in the way, and changes nothing', () => {
    const run = begun();
    const before = run.history.length;
    const patch = { tasks: { a: { agent: 'x' }, c: { agent: 'y' }, d: { agent: 'echo' } } };
    const command = { type: 'adapt' as const, patch, keep: false, dryRun: true };
    const input = { now: run.now, random: 0 };
    const decision = decide(run.run, { type: 'command', command }, input);
    expect(decision).toMatchObject({
      kind: 'events',
      events: [],
      reply: {
        adaptation: {
          applied: false,
          difference: {
            added: [{ id: 'd' }],
            removed: [],
            changed: [
              { id: 'a', fields: [{ field: 'agent', before: 'echo', after: 'x' }] },
              { id: 'c', fields: [{ field: 'agent', before: 'echo', after: 'y' }] },
            ],
            workflow: [],
          },
          problems: [{ code: 'adapt.task-started', task: 'a', severity: 'error' }],
        },
      },
    });
    expect(run.history).toHaveLength(before);
    finish(run);
  });

  it('warns of a new task that will be skipped', () => {
    const run = begun();
    run.succeed('a');
    const patch = { tasks: { d: { agent: 'echo', dependencies: ['a'], trigger: 'one_failed' } } };
    const command = { type: 'adapt' as const, patch, keep: false, dryRun: false };
    const input = { now: run.now, random: 0 };
    const decision = decide(run.run, { type: 'command', command }, input);
    expect(decision).toMatchObject({
      events: [{ type: 'run.adapted' }],
      reply: { adaptation: { problems: [{ code: 'adapt.will-skip', severity: 'warning' }] } },
    });
    finish(run);
  });
});

describe('a move to another definition', () => {
  const next = (tasks: object[]) => {
    const { definition } = compileWorkflow(workflow(tasks));
    if (definition === undefined) throw new Error('not valid');
    return definition;
  };
  const move = (run: PureRun, tasks: object[], keep: boolean) =>
    run.send({
      type: 'command',
      command: { type: 'adapt', keep, dryRun: false },
      definition: next(tasks),
    });

  it('is a patch of the difference', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    move(run, [agent('a'), agent('c', { dependencies: ['a'] })], false);
    expect(run.last('run.adapted').patch).toEqual({
      tasks: { b: null, c: { agent: 'echo', dependencies: ['a'] } },
    });
    expect(finish(run)).toEqual(['a', 'c']);
  });

  it('keeps what has begun where it is told to, also what the new one does not have', () => {
    const run = new PureRun(workflow([agent('a'), agent('b', { dependencies: ['a'] })]));
    const tasks = [agent('b', { parameters: { n: 2 } })];
    move(run, tasks, false);
    expect(codes(run)).toEqual(['adapt.task-started tasks.a']);
    move(run, tasks, true);
    expect(run.last('task.started').parameters).toEqual({ n: 2 });
    expect(finish(run)).toEqual(['a', 'b']);
  });
});
