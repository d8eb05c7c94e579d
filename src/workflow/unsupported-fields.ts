/**
 * What the language knows and this release does not run. Refused by name, never ignored. `unknown` fields are none of
 * the schema; `notBuilt` ones are in it, and no part of the engine runs them yet.
 */
import { isObject } from './loose.ts';
import type { Finding, Findings, Path } from './problems.ts';
import type { JsonValue } from './value.ts';

const unknown: Readonly<Record<string, readonly string[]>> = {
  workflow: ['budget', 'secrets', 'escalation'],
  settings: ['budget', 'escalation', 'cache'],
  context: ['secrets'],
  task: ['escalation', 'cache', 'budget', 'secrets'],
};

const notBuilt = {
  workflow: ['regions', 'hooks', 'workflows'],
  task: [
    'workflow',
    'detach',
    'fallback',
    'compensate',
    'mutex',
    'region',
    'milestone',
    'cancel',
    'complete',
    'end',
  ],
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
  const { settings, tasks } = root;
  if (isObject(settings) && settings.on_failure === 'compensate')
    findings.add(notSupported(['settings', 'on_failure'], '`on_failure: compensate`', false));
  for (const [index, task] of (Array.isArray(tasks) ? tasks : []).entries()) {
    if (!isObject(task)) continue;
    const path = ['tasks', index];
    refuse({ part: 'task', value: task, path }, findings);
    for (const part of ['wait', 'join'] as const) {
      const value = task[part];
      if (isObject(value)) refuse({ part, value, path: [...path, part] }, findings);
    }
    if (isObject(task.foreach))
      findings.add(notSupported([...path, 'foreach'], '`foreach` over a feed', false));
    if (isObject(task.retry) && task.retry.delay === 'auto')
      findings.add(notSupported([...path, 'retry', 'delay'], '`delay: auto`', false));
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
  if (first !== 'tasks') return String(first);
  return path.length === 2 ? 'task' : String(third);
}
