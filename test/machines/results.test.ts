/** Results: late, repeated, of older attempts, of attempts that never were (contracts.md, Dispatch, loss, late results). */
import { describe, expect, it } from 'vitest';
import { PureRun } from './pure-run.ts';

const flow = (task = {}) => ({
  name: 'w',
  tasks: [
    { id: 'a', agent: 'echo', retry: { max_attempts: 3, delay: 60 }, ...task },
    { id: 't', wait: { timer: 1_000 } },
    { id: 'l', agent: 'echo', foreach: [1, 2] },
  ],
});

describe('results', () => {
  it('a success of an older attempt is taken while the task is open', () => {
    const run = new PureRun(flow());
    run.lose('a');
    expect(run.attempt('a')).toBe(2);
    expect(run.succeed('a', 'late', 1)).toEqual(['task.succeeded a']);
    expect(run.last('task.succeeded')).toMatchObject({ attempt: 1, output: 'late' });
  });

  it('a late success is taken in backoff too', () => {
    const run = new PureRun(flow());
    run.fail('a');
    expect(run.succeed('a', 'late', 1)).toEqual(['task.succeeded a']);
  });

  it('a failure of an older attempt says nothing and is acknowledged', () => {
    const run = new PureRun(flow());
    run.lose('a');
    expect(run.fail('a', {}, 1)).toEqual([]);
    expect(run.rejection).toBeUndefined();
  });

  it('a repeated result is acknowledged and recorded once', () => {
    const run = new PureRun(flow());
    run.succeed('a', 1);
    expect(run.succeed('a', 1, 1)).toEqual([]);
    expect(run.rejection).toBeUndefined();
    expect(run.lines().filter((line) => line === 'task.succeeded a')).toHaveLength(1);
  });

  it('a repeated failure is acknowledged, although the next attempt runs', () => {
    const run = new PureRun(flow({ retry: { max_attempts: 3, delay: 0 } }));
    run.fail('a', {}, 1);
    expect(run.fail('a', {}, 1)).toEqual([]);
    expect(run.rejection).toBeUndefined();
    expect(run.attempt('a')).toBe(2);
  });

  it('a success that lost against another end is refused for good', () => {
    const run = new PureRun(flow());
    run.lose('a');
    run.succeed('a', 'first', 2);
    run.succeed('a', 'second', 1);
    expect(run.rejection).toMatchObject({ status: 409, code: 'attempt.superseded' });
    expect(run.report().tasks.a?.output).toBe('first');
  });

  it.each([
    ['of an attempt that was never given', 'a', 2],
    ['of a task that does not exist', 'nobody', 1],
    ['of a wait', 't', 1],
    ['of a foreach task itself', 'l', 1],
  ])('%s is refused for good and changes nothing', (_what, id, attempt) => {
    const run = new PureRun(flow());
    expect(run.succeed(id, 'forged', attempt)).toEqual([]);
    expect(run.rejection).toMatchObject({ status: 404, code: 'attempt.unknown' });
  });

  it('of an attempt that is scheduled and has not started is refused', () => {
    const run = new PureRun(flow(), { slots: 0 });
    expect(run.succeed('a', 'forged', 1)).toEqual([]);
    expect(run.rejection?.code).toBe('attempt.unknown');
  });

  it('progress of the current attempt is recorded, of another it is not', () => {
    const run = new PureRun(flow());
    const progress = { type: 'progress', activation: 'a', percent: 50 } as const;
    expect(run.send({ ...progress, attempt: 1 })).toEqual(['task.progressed a']);
    run.lose('a');
    expect(run.send({ ...progress, attempt: 1 })).toEqual([]);
  });

  it('nothing is recorded after the end of the run', () => {
    const run = new PureRun({ name: 'w', tasks: [{ id: 'a', agent: 'echo' }] });
    run.command({ type: 'terminate' });
    expect(run.succeed('a', 1, 1)).toEqual([]);
    expect(run.lose('a')).toEqual([]);
    expect(run.expire()).toEqual([]);
  });
});
