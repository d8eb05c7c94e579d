/** Checks of what surrounds the tasks of a run: hooks, and the compensation of a task. */
import {
  type HookName,
  hookTasksOf,
  type TaskDefinition,
  type WorkflowDefinition,
} from './definition.ts';
import { isObject } from './loose.ts';
import type { Findings } from './problems.ts';
import type { JsonValue } from './value.ts';

/** What steers the tasks of a run and has no meaning before or after them. */
const NOT_IN_HOOKS = [
  'compensate',
  'region',
  'milestone',
  'cancel',
  'complete',
  'end',
  'emit',
  'detach',
] as const;

/** Refuses fields that a hook does not have; `sources` are the tasks as written. */
export function checkHookTasks(
  tasks: readonly TaskDefinition[],
  sources: readonly JsonValue[],
  findings: Findings,
): void {
  for (const [index, task] of tasks.entries()) {
    const source = sources[index];
    if (!isObject(source)) continue;
    for (const field of NOT_IN_HOOKS) {
      if (!Object.hasOwn(source, field)) continue;
      findings.add({
        code: 'workflow.not-in-hook',
        message: `\`${task.id}\` is a hook, and \`${field}\` has a meaning for the tasks of a run only`,
        hint: `Remove \`${field}\`.`,
        path: ['tasks', index, field],
        atKey: true,
      });
    }
  }
}

/** Ids are unique over the file, hooks included. Twice in one list is reported with the list. */
export function checkHookIds(definition: WorkflowDefinition, findings: Findings): void {
  const owners = new Map<string, string>(definition.tasks.map(({ id }) => [id, 'tasks']));
  for (const [hook, tasks] of Object.entries(definition.hooks ?? {})) {
    for (const [index, { id }] of tasks.entries()) {
      const owner = owners.get(id);
      if (owner === undefined) owners.set(id, hook);
      if (owner === undefined || owner === hook || id === '') continue;
      findings.add({
        code: 'workflow.duplicate-id',
        message: `two tasks have the id \`${id}\`: the other one is in \`${owner}\``,
        hint: 'Give each task an id of its own, hooks included.',
        path: ['hooks', hook, index, 'id'],
      });
    }
  }
}

/** Ids that the tasks of a hook (undefined: of the workflow) cannot see: those that run after them, or never. */
export function tasksAhead(
  definition: WorkflowDefinition,
  hook: HookName | undefined,
): ReadonlySet<string> {
  if (hook === 'on_complete') return new Set();
  const { tasks } = definition;
  const isAhead = (task: TaskDefinition): boolean => task.hook !== hook && task.hook !== 'on_start';
  const hooks = hookTasksOf(definition).filter(isAhead);
  return new Set([...(hook === 'on_start' ? tasks : []), ...hooks].map(({ id }) => id));
}

/** Warns once of compensations that no failure would begin. */
export function warnOfNoCompensation(definition: WorkflowDefinition, findings: Findings): void {
  if (definition.settings.onFailure === 'compensate') return;
  const index = definition.tasks.findIndex(({ compensate }) => compensate !== undefined);
  if (index === -1) return;
  findings.add({
    code: 'workflow.no-compensation',
    severity: 'warning',
    message: `\`on_failure\` of the run is \`${definition.settings.onFailure}\`, so nothing is ever undone`,
    hint: 'Write `settings: { on_failure: compensate }`.',
    path: ['tasks', index, 'compensate'],
    atKey: true,
  });
}

const UNDOERS = ['agent', 'capability', 'workflow'] as const;

/** Who undoes a task: exactly one of agent, capability and workflow. */
export function checkCompensation(index: number, task: TaskDefinition, findings: Findings): void {
  const { compensate } = task;
  if (compensate === undefined) return;
  const kinds = UNDOERS.filter((kind) => compensate[kind] !== undefined);
  if (kinds.length === 1) return;
  findings.add({
    code: 'workflow.task-kind',
    message:
      kinds.length === 0
        ? `the compensation of \`${task.id}\` has no agent`
        : `the compensation of \`${task.id}\` has ${kinds.join(' and ')}`,
    hint: 'A compensation has exactly one of `agent`, `capability` and `workflow`.',
    path: ['tasks', index, 'compensate'],
    atKey: true,
  });
}
