/** What follows a failed attempt beyond a plain retry: other agents, what the agent asked for, what it needed before. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const flow = (rest: JsonObject): JsonObject => ({
  name: 'w',
  tasks: [{ id: 'a', agent: 'first', parameters: { x: 1 }, ...rest }],
});

describe('fallback', () => {
  it('gives the task to the next agent once the retries are used, with the same parameters', () => {
    const run = new PureRun(
      flow({ retry: { max_attempts: 2, delay: 1 }, fallback: ['second', 'third'] }),
    );
    run.fail('a');
    run.fire('a');
    expect(run.fail('a')).toEqual(['task.attemptFailed a', 'task.handedOff a', 'task.started a']);
    expect(run.last('task.handedOff')).toEqual({
      taskId: 'a',
      attempt: 3,
      agent: 'second',
      rule: 'fallback 1: 2 attempts used',
    });
    expect(run.last('task.started')).toMatchObject({
      agent: 'second',
      attempt: 3,
      parameters: { x: 1 },
    });
    expect(run.fail('a')).toEqual(['task.attemptFailed a', 'task.retryScheduled a']);
    run.fire('a');
    expect(run.last('task.started')).toMatchObject({ agent: 'second', attempt: 4 });
    run.fail('a');
    expect(run.last('task.handedOff').rule).toBe('fallback 2: 2 attempts used');
    expect(run.succeed('a', 'done').at(-1)).toBe('run.succeeded');
    expect(run.report()).toMatchObject({
      tasks: { a: { agent: 'third', attempts: 5 } },
      errors: [{ task: 'a', code: 'agent.failed', count: 4 }],
    });
  });

  it('comes at once where the failure is not retried', () => {
    const run = new PureRun(flow({ retry: { max_attempts: 9 }, fallback: ['second'] }));
    run.fail('a', { retryable: false });
    expect(run.last('task.handedOff').rule).toBe('fallback 1: agent.failed is not retried');
    expect(run.last('task.started')).toMatchObject({ agent: 'second', attempt: 2 });
  });

  it('comes after three lost attempts, and the task fails after the last agent', () => {
    const run = new PureRun(flow({ fallback: ['second'] }));
    run.lose('a');
    run.lose('a');
    expect(run.lose('a')).toEqual(['task.attemptFailed a', 'task.handedOff a', 'task.started a']);
    expect(run.fail('a', { code: 'x' })).toContain('task.failed a');
    expect(run.report().error).toMatchObject({ code: 'x' });
  });
});

describe('the delay before another attempt', () => {
  it('is at least what the agent asked for, up to the longest delay of the policy', () => {
    const run = new PureRun(flow({ retry: { max_attempts: 5, delay: 1, max_delay: 10 } }));
    run.fail('a', { retryAfter: 4 });
    expect(run.last('task.retryScheduled')).toMatchObject({
      dueAt: run.now + 4_000,
      rule: 'fixed backoff, attempt 2 of 5; the agent asked for 4 s',
    });
    run.fire('a');
    run.fail('a', { retryAfter: 3_600 });
    expect(run.last('task.retryScheduled').dueAt).toBe(run.now + 10_000);
    run.fire('a');
    run.fail('a', { retryAfter: 0.2 });
    expect(run.last('task.retryScheduled')).toMatchObject({
      dueAt: run.now + 1_000,
      rule: 'fixed backoff, attempt 4 of 5',
    });
  });

  it('with `auto` begins with what the agent needed to recover before, and with a second where that is not known', () => {
    const run = new PureRun(
      flow({ retry: { max_attempts: 5, delay: 'auto', backoff: 'exponential' } }),
    );
    run.fail('a');
    expect(run.last('task.retryScheduled').dueAt).toBe(run.now + 1_000);
    run.fire('a');
    run.recoveryMs = 7_000;
    run.fail('a');
    expect(run.last('task.retryScheduled')).toMatchObject({
      dueAt: run.now + 14_000,
      rule: 'exponential backoff, attempt 3 of 5; the agent needed 7 s to recover before',
    });
  });
});

describe('errors', () => {
  it('of a foreach are counted by code', () => {
    const run = new PureRun({
      name: 'w',
      settings: { max_parallel: 10, on_failure: 'continue' },
      tasks: [{ id: 'each', agent: 'x', foreach: [1, 2, 3, 4] }],
    });
    run.fail('each~0', { code: 'a.slow' });
    run.fail('each~1', { code: 'a.slow', message: 'another' });
    run.fail('each~2', { code: 'a.gone' });
    run.succeed('each~3');
    expect(run.report().errors).toMatchObject([
      { task: 'each', code: 'a.slow', count: 2, message: 'no' },
      { task: 'each', code: 'a.gone', count: 1 },
      { task: 'each', code: 'join.unsatisfied', count: 1 },
    ]);
  });
});
