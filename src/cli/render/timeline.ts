/** A run's past as a readable timeline, its state as a table. Pure. */
import type { Envelope } from '../../events/envelope.ts';
import type { RunReport, TaskReport } from '../../messages/report.ts';
import { brief, duration, localTime, offset, table } from './format.ts';
import { plainText } from './painted.ts';
import { waitText } from './wait-text.ts';
import { countsText, failureText, skipReason, statusText, tookMs, wordsOf } from './words.ts';

const MAX_INSTANCES_SHOWN = 20;

/**
 * One line an event: version, time since `start` (ms since the epoch), type, task, agent, what happened. With
 * `hasTimes` the local time stands beside the version.
 */
export function timeline(
  envelopes: readonly Envelope[],
  { start, hasTimes }: { start: number; hasTimes: boolean },
): string[] {
  return table(
    envelopes.map((envelope) => {
      const data = envelope.data as { taskId?: string; attempt?: number; agent?: string };
      const attempt = data.attempt !== undefined && data.attempt > 1 ? `#${data.attempt}` : '';
      return [
        String(envelope.streamVersion),
        ...(hasTimes ? [localTime(envelope.at)] : []),
        offset(envelope.at - start),
        envelope.type,
        `${data.taskId ?? '-'}${attempt}`,
        data.agent ?? '-',
        wordsOf(envelope),
      ];
    }),
  );
}

/** How a run is called in a line of text. */
export function titleOf({ runId, name }: RunReport): string {
  return `${runId} "${plainText(name)}"`;
}

/** The last lines of a timeline. */
export function summary(report: RunReport, events: number): string[] {
  const all = Object.values(report.tasks);
  const tasks = statusCounts(all.filter(({ hook }) => hook === undefined));
  const hooks = statusCounts(all.filter(({ hook }) => hook !== undefined));
  const counts = `tasks: ${tasks || 'none'}${hooks === '' ? '' : `, hooks: ${hooks}`}`;
  return [
    `${titleOf(report)} ${report.status} after ${duration(report.durationMs)}: ${events} events, ${counts}`,
    ...(report.error === undefined ? [] : [`error: ${failureText(report.error)}`]),
  ];
}

function statusCounts(tasks: readonly TaskReport[]): string {
  const counts = new Map<string, number>();
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1);
  return countsText(counts);
}

/**
 * A table of tasks with their state; instances of a `foreach` below it, the first ones only. With `hasTimes` it has
 * the local times of start and end.
 */
export function taskTable(report: RunReport, { hasTimes = false } = {}): string[] {
  const times = hasTimes ? ['started', 'ended'] : [];
  const rows = [['task', 'status', 'attempts', 'agent', 'took', ...times, 'result']];
  for (const [id, task] of Object.entries(report.tasks)) {
    rows.push(taskRow(id, task, hasTimes));
    const instances = task.instances ?? [];
    for (const [index, instance] of instances.slice(0, MAX_INSTANCES_SHOWN).entries()) {
      rows.push(taskRow(`  ~${index}`, instance, hasTimes));
    }
    const hidden = instances.length - MAX_INSTANCES_SHOWN;
    if (hidden > 0) rows.push([`  and ${hidden} more`]);
  }
  return table(rows);
}

function taskRow(id: string, task: TaskReport, hasTimes: boolean): string[] {
  const { startedAt, endedAt, hook } = task;
  const took = tookMs(task);
  const times = hasTimes
    ? [startedAt, endedAt].map((at) => (at === undefined ? '-' : localTime(at)))
    : [];
  return [
    id,
    hook === undefined ? statusText(task) : `${statusText(task)}, ${hook}`,
    String(task.attempts),
    task.agent ?? task.runId ?? '-',
    took === undefined ? '-' : duration(took),
    ...times,
    resultText(task),
  ];
}

function resultText({ error, reason, output, waitsFor }: TaskReport): string {
  if (error !== undefined) return failureText(error);
  if (waitsFor !== undefined) return `waits for ${waitText(String(waitsFor['kind']), waitsFor)}`;
  if (reason !== undefined) return skipReason(reason);
  return output === undefined ? '' : brief(output, 60);
}
