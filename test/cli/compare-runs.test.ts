/** Two runs side by side: what they have in common is left out, the rest is told in order. */
import { describe, expect, it } from 'vitest';
import { type ComparedRun, compareRuns } from '../../src/cli/compare-runs.ts';
import { diffLines } from '../../src/cli/render/run-diff.ts';
import type { Envelope } from '../../src/events/envelope.ts';
import type { TaskReport } from '../../src/messages/report.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';

function eventsOf(stream: string, list: readonly (readonly [string, JsonObject?])[]): Envelope[] {
  return list.map(([type, data = {}], index) => ({
    id: `evt_${stream}_${index + 1}`,
    stream,
    streamVersion: index + 1,
    position: index + 1,
    type,
    schemaVersion: 1,
    at: index,
    data,
    correlationId: 'c',
    causationId: 'c',
    actor: { kind: 'system' },
  }));
}

const started = (taskId: string) => ['task.started', { taskId, attempt: 1 }] as const;
const succeeded = (taskId: string, usage?: JsonObject) =>
  ['task.succeeded', { taskId, ...(usage === undefined ? {} : { usage }) }] as const;
const done = (output: JsonValue, more: Partial<TaskReport> = {}): TaskReport => ({
  ...{ status: 'success', attempts: 1, output, agent: 'echo', startedAt: 10, endedAt: 30 },
  ...more,
});

function run(
  runId: string,
  tasks: Record<string, TaskReport>,
  events: Envelope[],
  output: JsonValue = null,
): ComparedRun {
  const report = { runId, name: 'n', status: 'succeeded', output, durationMs: 20, tasks } as const;
  return { report, events };
}

const common = eventsOf('run_a', [['run.created'], started('a'), succeeded('a', { tokens: 100 })]);
const left = run('run_a', { a: done(1), b: done({ x: 1, same: 2 }), c: done([1, 2]) }, [
  ...common,
  ...eventsOf('run_x', [started('b'), succeeded('b', { tokens: 5 }), started('c'), succeeded('c')]),
]);
const right = run(
  'run_b',
  {
    a: done(1),
    b: done({ x: 3, same: 2 }, { attempts: 2, endedAt: 60 }),
    c: { status: 'skipped', attempts: 0, reason: 'condition' },
    'd*': done('new'),
  },
  [
    ...common,
    ...eventsOf('run_b', [
      ['run.forked'],
      started('b'),
      ['task.progressed', { taskId: 'b', usage: { tokens: 7 } }],
      succeeded('b', { tokens: 7.5, cost: 0.1 }),
      ['task.skipped', { taskId: 'c', reason: 'condition' }],
      ['task.reused', { taskId: 'd*' }],
    ]),
  ],
  { text: 'b' },
);

describe('two runs with a common beginning', () => {
  const difference = compareRuns(left, right);

  it('leave out what they have in common', () => {
    expect(difference.common).toBe(3);
    expect(difference.tasks.map(({ task }) => task)).toEqual(['b', 'c', 'd*']);
    expect(difference.left).toMatchObject({ events: 4, usage: { tokens: 5 } });
    expect(difference.right).toMatchObject({ events: 6, usage: { tokens: 7.5, cost: 0.1 } });
  });

  it('tell the way of both in one order', () => {
    expect(difference.path).toEqual([
      { on: 'both', step: 'b' },
      { on: 'left', step: 'c' },
      { on: 'right', step: 'c (skipped: condition)' },
      { on: 'right', step: 'd* (recorded answer)' },
    ]);
  });

  it('name each place where values differ, and no other', () => {
    expect(difference.values).toEqual([
      { path: 'output', left: null, right: { text: 'b' } },
      { path: 'b.output.x', left: 1, right: 3 },
      { path: 'c.output', left: [1, 2] },
      { path: 'd*.output', right: 'new' },
    ]);
  });

  it('are shown side by side', () => {
    const lines = diffLines(difference);
    expect(lines).toContain('3 events in common; then 4 and 6');
    expect(lines.find((line) => line.startsWith('  b '))).toMatch(
      /b +success +1 -> 2 +echo +20 ms -> 50 ms +tokens 5 -> tokens 7\.5, cost 0\.1/,
    );
    expect(lines).toContain('  - c');
    expect(lines).toContain('  + c (skipped: condition)');
  });
});

it('runs with nothing in common are compared as a whole', () => {
  const other = run('run_c', left.report.tasks, eventsOf('run_c', [['run.created'], started('b')]));
  const difference = compareRuns(left, other);
  expect(difference).toMatchObject({ common: 0, values: [], right: { events: 2 } });
  expect(compareRuns(left, left)).toMatchObject({ common: 7, path: [], tasks: [], values: [] });
});

it('instances are compared beside their task', () => {
  const each = (second: number) => ({
    each: done([1, second], { instances: [done(1), done(second)] }),
  });
  const difference = compareRuns(run('run_a', each(2), []), run('run_b', each(3), []));
  expect(difference.tasks.map(({ task }) => task)).toEqual(['each', 'each~1']);
  expect(difference.values.map(({ path }) => path)).toEqual(['each.output[1]', 'each~1.output']);
});

it('ways of more steps than can be compared are told by their counts', () => {
  const many = eventsOf(
    'run_a',
    Array.from({ length: 2_001 }, () => started('a')),
  );
  const difference = compareRuns(run('run_a', {}, many), run('run_b', {}, []));
  expect(difference.path).toBeUndefined();
  expect(diffLines(difference)).toContain('  too many steps to be compared');
});
