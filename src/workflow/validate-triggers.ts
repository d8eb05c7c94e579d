/** Triggers that can never hold with the dependencies that a task has. Linear. */
import type { TaskDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';
import type { Findings } from './problems.ts';
import { decideTrigger } from './triggers.ts';

interface Place {
  readonly index: number;
  readonly task: TaskDefinition;
}

/**
 * A trigger that is decided as `skip` in the best case can never hold; what waits for such a task may not either.
 * Returns 1 for each task that can never run.
 */
export function checkTriggers(
  tasks: readonly TaskDefinition[],
  graph: TaskGraph,
  findings: Findings,
): Uint8Array {
  const isDead = new Uint8Array(tasks.length);
  for (const index of graph.order) {
    const task = tasks[index];
    if (task === undefined) continue;
    if (canRun({ index, task, graph, isDead })) {
      warnOfNoFailure({ index, task, graph, tasks }, findings);
      continue;
    }
    isDead[index] = 1;
    const isRoot = (graph.dependencies[index] ?? []).every(
      (dependency) => isDead[dependency] !== 1,
    );
    findings.add({
      code: isRoot ? 'workflow.never-runs' : 'workflow.unreachable',
      severity: isRoot ? 'error' : 'warning',
      message: `\`${task.id}\` can never run: its trigger ${triggerText(task)} cannot hold`,
      hint: isRoot
        ? 'Add the dependencies that the trigger needs, or change the trigger.'
        : 'It waits for a task that can never run.',
      path:
        task.edge === undefined
          ? ['tasks', index, isRoot ? 'trigger' : 'id']
          : ['edges', task.edge],
    });
  }
  return isDead;
}

function triggerText({ trigger }: TaskDefinition): string {
  if (typeof trigger === 'string') return `\`${trigger}\``;
  return 'count' in trigger ? `\`count: ${trigger.count}\`` : `\`merge: ${trigger.merge}\``;
}

/** A failure under `on_failure: skip` counts as no failure, so it wakes no `one_failed`. */
function warnOfNoFailure(
  { index, task, graph, tasks }: Place & { graph: TaskGraph; tasks: readonly TaskDefinition[] },
  findings: Findings,
): void {
  if (task.trigger !== 'one_failed') return;
  const dependencies = graph.dependencies[index] ?? [];
  if (dependencies.some((dependency) => tasks[dependency]?.onFailure !== 'skip')) return;
  findings.add({
    code: 'workflow.never-runs',
    severity: 'warning',
    message: `\`${task.id}\` waits for a failure, and its dependencies have \`on_failure: skip\``,
    hint: 'A skipped failure counts as none; use another trigger.',
    path: ['tasks', index, 'trigger'],
  });
}

/** Dependencies that can never run will be skipped. */
function canRun({
  index,
  task,
  graph,
  isDead,
}: Place & { graph: TaskGraph; isDead: Uint8Array }): boolean {
  const dependencies = graph.dependencies[index] ?? [];
  if (task.dependencies.length !== dependencies.length) return true;
  const dead = dependencies.filter((dependency) => isDead[dependency] === 1).length;
  const counters = {
    total: dependencies.length,
    succeeded: 0,
    failed: 0,
    skipped: dead,
    canceled: 0,
    notActivated: 0,
  };
  return decideTrigger(task.trigger, counters) !== 'skip';
}
