/** How long agents need to recover, folded from the ends of attempts. */
import { describe, expect, it } from 'vitest';
import { RecoveryTimes } from '../../src/actors/services/recovery-times.ts';
import type { Commit } from '../../src/events/envelope.ts';

const commit = (at: number, type: string, data: object): Commit =>
  ({ at, events: [{ type, data: { taskId: 'a', attempt: 1, agent: 'x', ...data } }] }) as never;
const failed = (at: number, error: object = {}): Commit =>
  commit(at, 'task.attemptFailed', {
    error: { code: 'e', message: '', retryable: true, ...error },
  });
const succeeded = (at: number): Commit => commit(at, 'task.succeeded', { output: null });

describe('recovery times', () => {
  it('run from the first failure of a row to the next success, and are averaged', () => {
    const times = new RecoveryTimes();
    times.take([succeeded(1), failed(1_000), failed(2_000), succeeded(5_000)]);
    expect(times.of('x')).toBe(4_000);
    times.take([failed(10_000), succeeded(12_000)]);
    expect(times.of('x')).toBe(3_000);
    expect(times.of('y')).toBeUndefined();
  });

  it('do not begin with a failure that no other try would mend, nor with a lost worker', () => {
    const times = new RecoveryTimes();
    times.take([failed(1, { retryable: false }), failed(2, { code: 'worker.lost' }), succeeded(9)]);
    expect(times.of('x')).toBeUndefined();
  });
});
