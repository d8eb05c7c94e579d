/** What a person can do about a failure, by its code. Pure. */

const BY_CODE: Readonly<Record<string, string>> = {
  'run.timeout':
    'The run took longer than `settings.timeout`. Raise it, or look at the critical path for what took the time.',
  'task.timeout':
    'The agent gave no result within the `timeout` of the task. Raise it, give the task `retry`, or make the work smaller with `foreach`.',
  'worker.lost':
    'The process that held the attempt went away without a result. Look at the logs of the worker; memory is a frequent cause.',
  'agent.unavailable':
    'No live worker offers this agent. See `troupe agents`; start one with `troupe worker`.',
  'agent.invalid-parameters':
    'The agent refused its parameters. Correct `parameters` of the task; the message names what is wrong.',
  'agent.failed': 'The agent reported the failure itself. Its message is the evidence.',
  'agent.error': 'The agent threw an error. Its message is the evidence.',
  'join.unsatisfied':
    'Too few instances succeeded. See the failures of the instances, or lower `join.count`.',
  'expression.failed':
    'An expression met a value that it cannot use. Look at the outputs it reads, and use `default(value, fallback)` where a field may be missing.',
  'expression.limit': 'An expression did more work than it may. Do the work in an agent.',
  'payload.too-large':
    'The value is larger than may be sent. Write it to a file and pass its path.',
  'output.invalid': 'The agent gave a value that JSON cannot carry. Correct the agent.',
  'shell.exit':
    'The command ended with another code than 0. Run it by hand with the same parameters.',
  'shell.timeout': 'The command took too long. Raise its timeout.',
  'shell.cwd-not-found': 'The folder that the command runs in is not there. Correct `cwd`.',
  'approval.denied': 'A person refused, or nobody answered in time.',
  'loop.exhausted':
    'The condition of `repeat` did not hold within `max`. Raise it, or use `on_max: accept`.',
  'fold.illegal-event':
    'A defect: the history has an event that its state does not take. Keep the log and report it with `troupe log export`.',
  'defect.invariant': 'A defect in Troupe. Keep the log and report it with `troupe log export`.',
  'blob.not-found':
    'A file below the data directory is gone. Put it back, then `troupe runs release`; else `troupe runs terminate`.',
  'blob.corrupt':
    'A file below the data directory has other bytes than were stored. Restore it, then `troupe runs release`.',
};

/** One or two sentences. `wasRetried`: another attempt was made already. */
export function adviceFor(
  failure: { code: string; retryable: boolean },
  wasRetried: boolean,
): string {
  const known = Object.hasOwn(BY_CODE, failure.code) ? BY_CODE[failure.code] : undefined;
  if (known !== undefined) return known;
  if (!failure.retryable)
    return 'The agent says that another attempt would fail as well: change the parameters or the agent.';
  return wasRetried
    ? 'The agent says that another attempt may succeed. Where `retry` was used up, raise `max_attempts` or `delay`.'
    : 'The agent says that another attempt may succeed: give the task `retry`.';
}
