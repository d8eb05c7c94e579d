/** Mutexes of tasks and regions: who begins when (P17, P39, P40). */
import { describe, expect, it } from 'vitest';
import { liveCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, PureRun, restoredAt } from './pure-run.ts';

const task = (id: string, rest: JsonObject = {}): JsonObject => ({ id, agent: 'echo', ...rest });
const flow = (tasks: JsonObject[], rest: JsonObject = {}): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10, on_failure: 'continue' },
  tasks,
  ...rest,
});
const running = (run: PureRun): string[] =>
  [...run.run.open]
    .filter(({ state }) => state === 'running')
    .map(({ id }) => id)
    .sort();
const started = (run: PureRun): string[] =>
  run.lines().flatMap((line) => (line.startsWith('task.started ') ? [line.slice(13)] : []));

describe('tasks with a mutex in common', () => {
  it('run one after the other, in file order, and hold up nobody else', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm' }),
        task('b', { mutex: 'm' }),
        task('free'),
        task('c', { mutex: 'm' }),
        task('other', { mutex: 'n' }),
      ]),
    );
    expect(running(run)).toEqual(['a', 'free', 'other']);
    run.succeed('a');
    expect(running(run)).toEqual(['b', 'free', 'other']);
    run.fail('b');
    expect(running(run)).toEqual(['c', 'free', 'other']);
  });

  it('keep it through backoff and the next attempt', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm', retry: { max_attempts: 2, delay: 5 } }),
        task('b', { mutex: 'm' }),
      ]),
    );
    run.fail('a');
    expect(running(run)).toEqual([]);
    run.fire('a');
    expect(running(run)).toEqual(['a']);
    run.succeed('a');
    expect(running(run)).toEqual(['b']);
  });

  it('take several at once or none: nobody holds one and waits for another', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm' }),
        task('b', { mutex: 'n' }),
        task('both', { mutex: ['m', 'n'] }),
        task('late', { mutex: 'm' }),
      ]),
    );
    expect(running(run)).toEqual(['a', 'b']);
    run.succeed('a');
    // `m` is free, and kept for `both`, who came first.
    expect(running(run)).toEqual(['b']);
    run.succeed('b');
    expect(running(run)).toEqual(['both']);
    run.succeed('both');
    expect(running(run)).toEqual(['late']);
  });

  it('that is a wait or a foreach begins when it gets the mutex, with what holds then', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm' }),
        { id: 'wait', wait: { timer: 5 }, mutex: 'm' },
        task('each', { foreach: [1, 2], mutex: 'm' }),
        task('last', { mutex: 'm' }),
      ]),
    );
    expect(run.statuses()).toMatchObject({ wait: 'pending', each: 'pending' });
    run.now += 60_000;
    run.succeed('a');
    expect(run.statuses()).toMatchObject({ wait: 'waiting', each: 'pending' });
    expect(run.last('task.waiting').dueAt).toBe(run.now + 5_000);
    run.fire('wait');
    expect(running(run)).toEqual(['each~0', 'each~1']);
    run.succeed('each~0');
    expect(running(run)).toEqual(['each~1']);
    run.succeed('each~1');
    expect(running(run)).toEqual(['last']);
    run.succeed('last');
    expect(run.state).toBe('succeeded');
  });

  it('gives it back when it fails before it has begun, or is canceled while it waits', () => {
    const run = new PureRun(
      flow([
        task('a', { mutex: 'm', parameters: { x: '${[1][5]}' } }),
        task('b', { mutex: 'm' }),
        task('c', { mutex: 'm' }),
        task('d', { mutex: 'm' }),
      ]),
    );
    expect(run.statuses().a).toBe('failed');
    expect(running(run)).toEqual(['b']);
    run.command({ type: 'cancel', task: 'c' });
    run.command({ type: 'cancel', task: 'b' });
    expect(running(run)).toEqual([]);
    run.fail('b');
    expect(run.statuses()).toMatchObject({ b: 'canceled', c: 'canceled', d: 'running' });
  });

  it('starts nobody twice and nobody early where an agent is free late', () => {
    const run = new PureRun(flow([task('a', { mutex: 'm' }), task('b', { mutex: 'm' })]), {
      slots: 0,
    });
    run.slots = 1;
    run.send({ type: 'proceed' });
    expect(started(run)).toEqual(['a']);
  });
});

const critical = flow(
  [
    task('a1', { region: 'one' }),
    task('a2', { region: 'one', dependencies: ['a1'] }),
    task('b1', { region: 'two' }),
    task('b2', { region: 'two', dependencies: ['b1'], trigger: 'none_failed' }),
    task('c', { mutex: 'm' }),
  ],
  { regions: { one: { mutex: 'm' }, two: { mutex: 'm' } } },
);

describe('a region with a mutex', () => {
  it('holds it from its first start to the end of its last task', () => {
    const run = new PureRun(critical);
    expect(running(run)).toEqual(['a1']);
    run.succeed('a1');
    expect(running(run)).toEqual(['a2']);
    run.succeed('a2');
    expect(running(run)).toEqual(['b1']);
    run.succeed('b1');
    run.succeed('b2');
    expect(running(run)).toEqual(['c']);
  });

  it('gives it back where the rest of it is skipped', () => {
    const run = new PureRun(critical);
    run.fail('a1');
    expect(run.statuses().a2).toBe('skipped');
    expect(running(run)).toEqual(['b1']);
  });

  it('runs its own tasks side by side', () => {
    const run = new PureRun(
      flow([task('a', { region: 'r' }), task('b', { region: 'r' }), task('c', { mutex: 'm' })], {
        regions: { r: { mutex: 'm' } },
      }),
    );
    expect(running(run)).toEqual(['a', 'b']);
    run.succeed('a');
    expect(running(run)).toEqual(['b']);
    run.succeed('b');
    expect(running(run)).toEqual(['c']);
  });

  it('is not held up by one that waits for it and for something that a task of it needs', () => {
    const run = new PureRun(
      flow(
        [
          task('a', { region: 'r' }),
          task('x', { mutex: ['m', 'n'] }),
          task('b', { region: 'r', mutex: 'n', dependencies: ['a'] }),
        ],
        { regions: { r: { mutex: 'm' } } },
      ),
    );
    expect(running(run)).toEqual(['a']);
    run.succeed('a');
    expect(running(run)).toEqual(['b']);
    run.succeed('b');
    expect(running(run)).toEqual(['x']);
  });

  it('gives it back when its first task goes before it has started', () => {
    const run = new PureRun(
      flow(
        [
          task('a', { region: 'r' }),
          task('b', { region: 'r', dependencies: ['a'], trigger: 'all_done' }),
          task('c', { mutex: 'm' }),
        ],
        { regions: { r: { mutex: 'm' } } },
      ),
      { slots: 0 },
    );
    run.command({ type: 'cancel', task: 'a' });
    run.slots = 1;
    run.send({ type: 'proceed' });
    expect(running(run)).toEqual(['c']);
    run.succeed('c');
    expect(running(run)).toEqual(['b']);
  });
});

it('a snapshot at any version has the same holders and queues', async () => {
  const { history } = played(critical);
  expect(history.length).toBeGreaterThan(10);
  for (let cut = 1; cut < history.length; cut += 1) {
    const { run, before } = await restoredAt(history, cut, liveCells);
    expect(digestOf(run)).toEqual(digestOf(before));
  }
});

function played(workflow: JsonObject): PureRun {
  const run = new PureRun(workflow);
  for (let [next] = running(run); next !== undefined; [next] = running(run)) run.succeed(next);
  expect(run.state).toBe('succeeded');
  return run;
}
