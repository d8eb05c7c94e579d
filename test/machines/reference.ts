/**
 * A naive interpreter of the language, for runs that go on after failures: no time, no messages, no counters.
 * Each task ends as its script says, if its trigger holds over how its dependencies ended.
 */
import type { ScriptedTask, ScriptedWorkflow } from './random-workflows.ts';

export type End = 'success' | 'failed' | 'skipped' | 'not activated';

/** How every task of the workflow ends, and whether a failure is left unhandled. */
export function interpret({ tasks }: ScriptedWorkflow): { ends: End[]; unhandled: number[] } {
  const ends: End[] = [];
  const tracksActivation = tasks.some(({ trigger }) => trigger === 'activated');
  for (const task of tasks)
    ends.push(
      endOf(
        task,
        task.dependencies.map((index) => ends[index] as End),
        tracksActivation,
      ),
    );
  const unhandled = tasks.flatMap((_, index) =>
    ends[index] === 'failed' && !isHandled(tasks, ends, index) ? [index] : [],
  );
  return { ends, unhandled };
}

function endOf(task: ScriptedTask, dependencies: End[], tracksActivation: boolean): End {
  if (dependencies.length > 0 && !holds(task.trigger, dependencies)) {
    const isInactive =
      dependencies.includes('not activated') &&
      dependencies.every((end) => end === 'success' || end === 'not activated');
    return tracksActivation && isInactive ? 'not activated' : 'skipped';
  }
  if (task.isConditionFalse) return 'not activated';
  if (task.kind === 'timer') return 'success';
  const scripts = task.kind === 'foreach' ? task.failures.slice(1) : task.failures.slice(0, 1);
  if (scripts.every((failures) => failures < task.attempts)) return 'success';
  return task.isSkippedOnFailure ? 'skipped' : 'failed';
}

function holds(trigger: string, ends: End[]): boolean {
  switch (trigger) {
    case 'all_success':
      return ends.every((end) => end === 'success');
    case 'none_failed':
      return ends.every((end) => end !== 'failed');
    case 'one_success':
      return ends.includes('success');
    case 'one_failed':
      return ends.includes('failed');
    case 'activated':
      return ends.every((end) => end === 'success' || end === 'not activated');
    default:
      return true;
  }
}

function isHandled(tasks: ScriptedTask[], ends: End[], failed: number): boolean {
  return tasks.some(
    (task, index) =>
      task.trigger === 'one_failed' &&
      task.dependencies.includes(failed) &&
      ends[index] === 'success',
  );
}
