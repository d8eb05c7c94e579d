/** Lines for pipes and logs: one for each important change, and none for each instance. */
import { expect, it } from 'vitest';
import { ProgressTracker } from '../../src/cli/render/progress.ts';

const RETRY = { maxAttempts: 3, delayMs: 10, backoff: 'fixed' };
const hard = { code: 'agent.hard', message: 'no', retryable: false };

function linesOf(tasks: object[], events: [type: string, data: object][]): string[] {
  const tracker = new ProgressTracker();
  const definition = { name: 'demo', tasks: tasks.map((task) => ({ dependencies: [], ...task })) };
  const all: [string, object][] = [['run.created', { name: 'demo', definition }], ...events];
  return all.flatMap(([type, data]) => tracker.take({ type, data, at: 1_000 }) ?? []);
}

it('sums up the instances of a foreach at each quarter', () => {
  const events: [string, object][] = [['task.expanded', { taskId: 'each', count: 1_000 }]];
  for (let n = 0; n < 1_000; n += 1) {
    events.push(['task.started', { taskId: `each~${n}`, attempt: 1, agent: 'echo' }]);
    events.push(['task.succeeded', { taskId: `each~${n}`, startedAt: 900 }]);
  }
  events.push(['task.succeeded', { taskId: 'each' }]);
  expect(linesOf([{ id: 'each' }], events)).toEqual([
    '  expanded   each into 1000 instances',
    '  progress   each: 250 of 1000 instances ended',
    '  progress   each: 500 of 1000 instances ended',
    '  progress   each: 750 of 1000 instances ended',
    '  succeeded  each (1000 instances)',
  ]);
});

it('names the first instances that failed and counts the others', () => {
  const events: [string, object][] = [['task.expanded', { taskId: 'each', count: 8 }]];
  for (let n = 0; n < 6; n += 1) events.push(['task.failed', { taskId: `each~${n}`, error: hard }]);
  const lines = linesOf([{ id: 'each' }], events);
  expect(lines.filter((line) => line.startsWith('  failed'))).toHaveLength(3);
  expect(lines.at(-1)).toBe('  progress   each: 6 of 8 instances ended, 6 failed');
});

it('says of a foreach that succeeded how many instances did not, and one instance is one', () => {
  const events: [string, object][] = [
    ['task.expanded', { taskId: 'each', count: 3 }],
    ['task.succeeded', { taskId: 'each~0' }],
    ['task.failed', { taskId: 'each~1', error: hard }],
    ['task.canceled', { taskId: 'each~2', reason: 'join' }],
    ['task.succeeded', { taskId: 'each' }],
  ];
  expect(linesOf([{ id: 'each' }], events).at(-1)).toBe(
    '  succeeded  each (3 instances, 1 failed, 1 canceled)',
  );
  expect(linesOf([{ id: 'each' }], [['task.expanded', { taskId: 'each', count: 1 }]])).toEqual([
    '  expanded   each into 1 instance',
  ]);
});

it('says in words why a task was skipped', () => {
  const skipped = (reason: string): string[] =>
    linesOf([{ id: 'a' }], [['task.skipped', { taskId: 'a', reason }]]);
  expect(skipped('trigger')).toEqual(['  skipped    a: its trigger could not hold any more']);
  expect(skipped('another')).toEqual(['  skipped    a: another']);
});

it('counts the quarters of every round anew', () => {
  const round = (suffix: string): [string, object][] => [
    ['task.expanded', { taskId: `each${suffix}`, count: 4 }],
    ...[0, 1, 2, 3].map((n): [string, object] => [
      'task.succeeded',
      { taskId: `each${suffix}~${n}` },
    ]),
  ];
  const lines = linesOf([{ id: 'each' }], [...round(''), ...round('@2')]);
  expect(lines.filter((line) => line.startsWith('  progress'))).toHaveLength(6);
});

it('says why a task with a retry policy was not tried again', () => {
  const failed: [string, object][] = [['task.failed', { taskId: 'a', error: hard }]];
  expect(linesOf([{ id: 'a', retry: RETRY }], failed)[0]).toMatch(
    /\(not retried: the error is not retryable\)$/,
  );
  expect(linesOf([{ id: 'a', retry: { ...RETRY, retryOn: ['soft'] } }], failed)[0]).toMatch(
    /\(not retried: retry_on does not name agent\.hard\)$/,
  );
  expect(linesOf([{ id: 'a', retry: { ...RETRY, retryOn: ['hard'] } }], failed)[0]).toMatch(/no$/);
  expect(linesOf([{ id: 'a' }], failed)[0]).toMatch(/no$/);
});

it('keeps a line a line whatever an agent wrote', () => {
  const error = { code: 'x', message: 'one\ntwo\u001b[2J', retryable: true };
  const lines = linesOf([{ id: 'a' }], [['task.failed', { taskId: 'a', error }]]);
  expect(lines).toEqual(['  failed     a: x: one two']);
});
