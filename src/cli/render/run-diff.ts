/** The difference of two runs as text. Pure. */
import type { JsonValue } from '../../workflow/value.ts';
import type {
  RunDifference,
  RunFactsShown,
  TaskDifference,
  TaskFacts,
  ValueChange,
} from '../compare-runs.ts';
import { brief, counted, duration, table } from './format.ts';
import { plainText } from './painted.ts';

const MARKS = { both: ' ', left: '-', right: '+' } as const;
const MAX_VALUE = 60;

/** `-` is the first run, `+` the second one. */
export function diffLines(difference: RunDifference): string[] {
  const { left, right, common, path, tasks, values } = difference;
  const events = `${counted(common, 'event')} in common; then ${left.events} and ${right.events}`;
  return [
    runLine('-', left),
    runLine('+', right),
    events,
    ...section('path', pathLines(path)),
    ...section('tasks', tasks.length === 0 ? [] : table(taskRows(tasks))),
    ...section('values', values.length === 0 ? [] : table(valueRows(values))),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function runLine(mark: string, run: RunFactsShown): string {
  const { runId, name, status, durationMs, usage, error, forkedFrom } = run;
  const parts = [
    `${mark} ${runId} "${plainText(name)}" ${status}, ${duration(durationMs)}`,
    ...(usage === undefined ? [] : [usageText(usage)]),
    ...(forkedFrom === undefined
      ? []
      : [`forked from ${forkedFrom.run} after its version ${forkedFrom.at}`]),
    ...(error === undefined ? [] : [brief(error)]),
  ];
  return parts.join(', ');
}

function pathLines(path: RunDifference['path']): string[] {
  if (path === undefined) return ['too many steps to be compared'];
  return path.map(({ on, step }) => `${MARKS[on]} ${plainText(step)}`);
}

function taskRows(tasks: readonly TaskDifference[]): string[][] {
  const rows = tasks.map(({ task, left, right }) => [
    task,
    pair(left, right, ({ status, error }) =>
      error === undefined ? status : `${status} (${brief(error, 40)})`,
    ),
    pair(left, right, ({ attempts }) => String(attempts)),
    pair(left, right, ({ agent }) => agent),
    pair(left, right, ({ durationMs }) =>
      durationMs === undefined ? undefined : duration(durationMs),
    ),
    pair(left, right, ({ usage }) => (usage === undefined ? undefined : usageText(usage))),
  ]);
  return [['task', 'status', 'attempts', 'agent', 'took', 'used'], ...rows];
}

/** One value where both have the same, else both. */
function pair(
  left: TaskFacts | undefined,
  right: TaskFacts | undefined,
  read: (facts: TaskFacts) => string | undefined,
): string {
  const [a, b] = [left, right].map(
    (facts) => (facts === undefined ? undefined : read(facts)) ?? '-',
  );
  return a === b ? (a ?? '-') : `${a} -> ${b}`;
}

function usageText(usage: Record<string, number>): string {
  return Object.entries(usage)
    .map(([name, sum]) => `${name} ${Number(sum.toPrecision(12))}`)
    .join(', ');
}

function valueRows(values: readonly ValueChange[]): string[][] {
  return values.map(({ path, left, right }) => [path, valueText(left), '->', valueText(right)]);
}

function valueText(value: JsonValue | undefined): string {
  return value === undefined ? '(none)' : brief(JSON.stringify(value), MAX_VALUE);
}
