/**
 * What the language knows and this release does not run. Refused by name, never ignored. `unknown` fields are none of
 * the schema; `notBuilt` ones are in it, and no part of the engine runs them yet.
 */
import { isObject } from './loose.ts';
import type { Finding, Findings, Path } from './problems.ts';
import type { JsonValue } from './value.ts';

const unknown: Readonly<Record<string, readonly string[]>> = {
  workflow: ['nodes', 'budget', 'secrets', 'escalation'],
  settings: ['budget', 'escalation', 'cache'],
  context: ['secrets'],
  task: ['escalation', 'cache', 'budget', 'secrets'],
};

const notBuilt = {
  workflow: ['regions'],
  task: ['detach', 'mutex', 'region', 'milestone', 'cancel', 'complete', 'end'],
  wait: ['signal', 'approval', 'first'],
  join: ['until'],
} as const;

/** Whether a field is part of the language in this part of a file, but not built. */
export function isUnsupportedField(part: string, field: string): boolean {
  return unknown[part]?.includes(field) === true;
}

/** Refuses what the schema has and nothing runs. */
export function checkBuilt(root: JsonValue, findings: Findings): void {
  if (!isObject(root)) return;
  refuse({ part: 'workflow', value: root, path: [] }, findings);
  const lists: [Path, JsonValue | undefined][] = [[['tasks'], root.tasks]];
  for (const [hook, tasks] of Object.entries(isObject(root.hooks) ? root.hooks : {}))
    lists.push([['hooks', hook], tasks]);
  for (const [path, tasks] of lists) checkTasks(tasks, path, findings);
}

function checkTasks(tasks: JsonValue | undefined, list: Path, findings: Findings): void {
  for (const [index, task] of (Array.isArray(tasks) ? tasks : []).entries()) {
    if (!isObject(task)) continue;
    const path = [...list, index];
    refuse({ part: 'task', value: task, path }, findings);
    for (const part of ['wait', 'join'] as const) {
      const value = task[part];
      if (isObject(value)) refuse({ part, value, path: [...path, part] }, findings);
    }
    if (isObject(task.foreach))
      findings.add(notSupported([...path, 'foreach'], '`foreach` over a feed', false));
  }
}

function refuse(
  { part, value, path }: { part: keyof typeof notBuilt; value: object; path: Path },
  findings: Findings,
): void {
  for (const field of notBuilt[part]) {
    if (Object.hasOwn(value, field))
      findings.add(notSupported([...path, field], `\`${field}\``, true));
  }
}

export function notSupported(path: Path, what: string, atKey: boolean): Finding {
  return {
    code: 'workflow.not-supported',
    message: `${what} is part of the language, but this release does not run it yet`,
    hint: 'Remove it, or express it with conditions, triggers and retries.',
    path,
    atKey,
  };
}

/** The part of a file that a path leads to: `task` for `tasks[3]`, `retry` for `tasks[3].retry`. */
export function partOf(path: Path): string {
  const [first, , third] = path;
  if (path.length === 0) return 'workflow';
  if (first === 'inputs') return 'input';
  // `hooks.on_start[3]` is a task as well.
  if (first === 'hooks' && path.length > 2) return partOf(['tasks', ...path.slice(2)]);
  if (first !== 'tasks') return String(first);
  return path.length === 2
    ? 'task'
    : String(path.length > 3 && path[3] === 'retry' ? 'retry' : third);
}
