/** What the language knows and this release does not run: none of the schema, and refused by name, never ignored. */
import type { Finding, Path } from './problems.ts';

const unknown: Readonly<Record<string, readonly string[]>> = {
  workflow: ['budget', 'escalation'],
  settings: ['budget', 'escalation', 'cache'],
  task: ['escalation', 'cache', 'budget'],
};

/** Whether a field is part of the language in this part of a file, but not built. */
export function isUnsupportedField(part: string, field: string): boolean {
  return unknown[part]?.includes(field) === true;
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
  if (first === 'edges' && path.length > 2) return String(third);
  if (first !== 'tasks') return String(first);
  if (path.length === 2) return 'task';
  const isPart = path[3] === 'retry' || (third === 'wait' && path[3] === 'approval');
  return String(isPart ? path[3] : third);
}
