/**
 * Where a fork begins: a version, a checkpoint by its label, or a task (the moment before it was scheduled).
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import { suggest } from '../../workflow/suggest.ts';
import { ForkPointNotFound } from '../host/errors.ts';

/** Labels and tasks that a refusal names at most. */
const MAX_NAMED = 20;

/**
 * The version of a point of a run's own stream; without a point the last one. A version between a failure and the skip
 * that it becomes is that of the skip. Throws `fork.not-found`.
 */
export async function forkPoint(
  log: EventLog,
  run: string,
  point: number | string | undefined,
): Promise<number> {
  const last = log.streamHead(run)?.version ?? 0;
  if (point === undefined) return last;
  const isVersion = typeof point === 'number' || /^\d+$/.test(point);
  if (!isVersion) return wholeStep(log, run, await namedPoint(log, run, point));
  const version = Number(point);
  if (version >= 1 && version <= last) return wholeStep(log, run, version);
  throw new ForkPointNotFound(String(point), run, `Its versions are 1 to ${last}.`);
}

async function namedPoint(log: EventLog, run: string, name: string): Promise<number> {
  let checkpoint: number | undefined;
  let begun: number | undefined;
  const known = new Set<string>();
  for await (const commits of log.readStream(run)) {
    for (const { firstVersion, events } of commits) {
      for (const [index, recorded] of events.entries()) {
        const { type, data } = recorded as RunEvent;
        if (type === 'run.checkpointed') {
          known.add(data.label);
          if (data.label === name) checkpoint = firstVersion + index;
          continue;
        }
        if (!type.startsWith('task.')) continue;
        const { taskId } = data as { taskId: string };
        known.add(taskId);
        if (taskId === name) begun ??= firstVersion + index - 1;
      }
    }
  }
  const version = checkpoint ?? begun;
  if (version !== undefined && version >= 1) return version;
  const some = [...known].slice(0, MAX_NAMED).join(', ');
  const otherwise = known.size === 0 ? 'No task of it has begun.' : `Known are ${some}.`;
  throw new ForkPointNotFound(name, run, suggest(name, known, otherwise).hint);
}

/** `on_failure: skip`: a failure is no end without the skip behind it. */
async function wholeStep(log: EventLog, run: string, version: number): Promise<number> {
  const next = version + 1;
  for await (const commits of log.readStream(run, { fromVersion: next, toVersion: next })) {
    for (const { firstVersion, events } of commits) {
      const event = events[next - firstVersion] as RunEvent | undefined;
      if (event?.type === 'task.skipped' && event.data.reason === 'on_failure') return next;
    }
  }
  return version;
}
