/** What the language knows and this release does not run. Refused by name, never ignored. */
import type { Path } from './problems.ts';

const fields: Readonly<Record<string, readonly string[]>> = {
  workflow: ['hooks', 'edges', 'nodes', 'start', 'end', 'budget', 'secrets', 'escalation'],
  settings: ['budget', 'escalation', 'cache'],
  context: ['secrets'],
  task: [
    'repeat',
    'compensate',
    'fallback',
    'escalation',
    'cache',
    'budget',
    'secrets',
    'workflow',
    'hooks',
    'detach',
    'mutex',
    'region',
    'cancel',
  ],
  wait: ['approval', 'signal', 'event', 'run'],
  join: ['until', 'block'],
  trigger: ['rest', 'block'],
};

/** Whether a field is part of the language in this part of a file, but not built. */
export function isUnsupportedField(part: string, field: string): boolean {
  return fields[part]?.includes(field) === true;
}

/** The part of a file that a path leads to: `task` for `tasks[3]`, `retry` for `tasks[3].retry`. */
export function partOf(path: Path): string {
  const [first, , third] = path;
  if (path.length === 0) return 'workflow';
  if (first === 'inputs') return 'input';
  if (first !== 'tasks') return String(first);
  return path.length === 2 ? 'task' : String(third);
}
