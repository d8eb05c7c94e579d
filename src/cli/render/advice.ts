/** What a person can do about a failure, by its code. Pure. */

const BY_CODE: Readonly<Record<string, string>> = {
  'run.timeout':
    'Give the run more time with `settings.timeout`, or look for what took it: `troupe runs report` has the critical path.',
  'task.timeout': 'Give the task more time with `timeout`, or another attempt with `retry`.',
  'worker.lost':
    'The process that held the attempt went away without a result. Look at the logs of the worker; memory is a frequent cause.',
  'agent.unavailable':
    'No live worker offers this agent. See `troupe agents`; start one with `troupe worker`.',
  'agent.invalid-parameters':
    'The agent refused its parameters. Correct `parameters` of the task; the message names what is wrong.',
  'join.unsatisfied':
    'Too few instances succeeded. See the failures of the instances, or lower `join.count`.',
  'expression.failed':
    'An expression met a value that it cannot use. Look at the outputs it reads, and use `default(value, fallback)` where a field may be missing.',
  'expression.limit': 'An expression did more work than it may. Do the work in an agent.',
  'payload.too-large':
    'The value is larger than may be sent. Return less, or write it to a file and pass its path.',
  'output.invalid':
    'The output names a blob that is not stored, or that is no JSON value. The agent must store it before it answers.',
  'shell.timeout': 'The command took too long. Raise its timeout.',
  'shell.cwd-not-found': 'The folder that the command runs in is not there. Correct `cwd`.',
  'shell.not-found':
    'The machine of the worker has no such command on its PATH. Install it there, or correct `command`.',
  'shell.not-executable': 'Correct `command`, or make the file executable on the worker.',
  'shell.spawn': 'The system of the worker refused to start the command; the message says why.',
  'path.not-found':
    'The worker has no such folder: relative paths begin where the worker was started. Correct `path`.',
  'file.not-found':
    'The worker has no such file: relative paths begin where the worker was started. Correct the path.',
  'file.unreadable': 'Let the user of the worker read the file.',
  'file.not-a-file': 'Give the path of a file, not of a folder or a device.',
  'file.too-large': 'Leave the file out with `patterns`.',
  'file.binary': 'Leave the file out with `patterns`.',
  'file.minified':
    'Leave the file out with `patterns`; the sources that it was made from can be analysed.',
  'file.unsupported': 'Leave the file out with `patterns`.',
  'file.analysis-failed':
    'A defect in the analysis of this file. Leave it out with `patterns` and report it.',
  'locator.regex-too-slow': 'Write a simpler `regex`, without a repetition inside a repetition.',
  'approval.denied': 'A person refused, or nobody answered in time.',
  'approval.timeout':
    'Nobody decided in time. With `on_timeout: escalate` another group is asked then.',
  'signal.timeout': 'Nobody sent the signal in time. `on_timeout: continue` goes on without it.',
  'loop.exhausted':
    'The condition of the loop did not end it within `max`. Raise it, or use `on_max: accept`.',
  'compensation.failed':
    'Mend what keeps it from being undone, then `troupe runs release` tries it again; else `troupe runs terminate`.',
  'secret.missing':
    'Set the variable, or write the file, where the orchestrator runs, then run the workflow again.',
  'secret.forged':
    'The output of another task, or an input, is written like a reference to a secret. Find out where it came from.',
  'secret.insecure-transport':
    'A secret is sent to another host over TLS only. Give the server TLS and use a tls:// address, on both sides.',
  'run.too-deep':
    'Runs started each other more often than `max_depth` allows. Give the task that goes deeper a `condition`, or raise `max_depth`.',
  'run.canceled':
    'Somebody canceled the child run. Run it again, or find out who did: `troupe replay`.',
  'fold.illegal-event':
    'A defect: the history has an event that its state does not take. Keep the log and report it with `troupe log export`.',
  'defect.invariant': 'A defect in Troupe. Keep the log and report it with `troupe log export`.',
  'blob.not-found':
    'A file below the data directory is gone. Put it back, then `troupe runs release`; else `troupe runs terminate`.',
  'blob.corrupt':
    'A file below the data directory has other bytes than were stored. Restore it, then `troupe runs release`.',
};

/** One or two sentences for a code of ours; undefined for the codes that agents choose. */
export function adviceForCode(code: string): string | undefined {
  return Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
}

/** The same for any failure. `wasRetried`: another attempt was made already. */
export function adviceFor(
  failure: { code: string; retryable: boolean },
  wasRetried: boolean,
): string {
  const known = adviceForCode(failure.code);
  if (known !== undefined) return known;
  if (!failure.retryable)
    return 'The agent says that another attempt would fail as well: change the parameters or the agent.';
  return wasRetried
    ? 'The agent says that another attempt may succeed. Where `retry` was used up, raise `max_attempts` or `delay`.'
    : 'The agent says that another attempt may succeed: give the task `retry`.';
}
