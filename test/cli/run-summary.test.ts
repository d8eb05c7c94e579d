/** What a run came to: counts, failures, what to do. */
import { expect, it } from 'vitest';
import { adviceFor } from '../../src/cli/render/advice.ts';
import { failureLines, tasksText } from '../../src/cli/render/run-summary.ts';
import type { RunReport, TaskReport } from '../../src/messages/report.ts';

const report = (
  tasks: Record<string, TaskReport>,
  changed: Partial<RunReport> = {},
): RunReport => ({
  runId: 'run_1',
  name: 'demo',
  status: 'failed',
  output: null,
  durationMs: 10,
  tasks,
  ...changed,
});
const failed = (code: string): TaskReport => ({
  status: 'failed',
  attempts: 1,
  error: { code, message: 'why', retryable: true },
});

it('counts tasks by state, instances, attempts and retries', () => {
  const tasks: Record<string, TaskReport> = {
    a: { status: 'success', attempts: 1, instances: [{ status: 'success', attempts: 1 }] },
    b: { status: 'skipped', attempts: 0 },
    c: failed('odd'),
  };
  expect(tasksText(report(tasks), { attempts: 4, retries: 1 })).toBe(
    '3 tasks: 1 succeeded, 1 failed, 1 skipped; 1 instance, 4 attempts, 1 retry',
  );
});

it('says of each failure what, where and what to do', () => {
  const error = { code: 'run.timeout', message: 'too long', retryable: false };
  expect(failureLines(report({ a: failed('odd') }, { error }))).toEqual([
    'error: run.timeout: too long',
    expect.stringMatching(/^ {2}hint: Give the run more time/),
    'error: a: odd: why',
    '  hint: See what the attempts were given and answered: `troupe replay run_1 --task a`',
  ]);
});

it('tells once what the error of the run only repeats, with the command as it is called', () => {
  const error = { code: 'odd', message: 'task "a" failed: why', retryable: true };
  expect(failureLines(report({ a: failed('odd') }, { error }), 'bin/troupe')).toEqual([
    'error: a: odd: why',
    '  hint: See what the attempts were given and answered: `bin/troupe replay run_1 --task a`',
  ]);
  const other = { ...error, message: 'task "b" failed: why' };
  expect(failureLines(report({ a: failed('odd') }, { error: other }))).toHaveLength(4);
});

it('gives the advice that the report of the run gives', () => {
  const [, hint] = failureLines(report({ a: failed('output.invalid') }));
  expect(hint).toBe(`  hint: ${adviceFor({ code: 'output.invalid', retryable: true }, false)}`);
});

it('shows ten failures and counts the rest', () => {
  const tasks = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`t${n}`, failed('odd')]));
  const lines = failureLines(report(tasks));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toContain('and 15 more');
});
