/**
 * A schedule in memory: its fold, from the newest usable snapshot and the events after it.
 */
import type { ScheduleEvent } from '../../events/schedule-events.ts';
import type { EventLog, StreamSnapshot } from '../../log/event-log.ts';
import { liveCells, persistedOf } from '../../machines/cell.ts';
import type { ScheduleDefinition, ScheduleView } from '../../machines/schedule/decide.ts';
import { scheduleMachine } from '../../machines/schedule/machine.ts';
import type { ScheduleTiming } from '../../messages/schedule.ts';
import type { JsonValue } from '../../workflow/value.ts';

/** Of machine and snapshot; another one is ignored. */
const FOLD_HASH = 'schedule-fold-1';
const PREFIX = 'schedule_';
/** Events between two snapshots. */
export const SNAPSHOT_EVERY = 200;

export interface ScheduleFold extends ScheduleView {
  streamVersion: number;
  /** Of its newest commit: where in the log, and when. */
  position: number;
  at: number;
  /** Of the newest snapshot that was taken. */
  snapshotVersion: number;
}

interface Stored {
  cell: Parameters<typeof liveCells.create>[1] extends { persisted?: infer Kept } | undefined
    ? Kept
    : never;
  definition: ScheduleDefinition | undefined;
  at: number;
}

/** The stream of a schedule. */
export function scheduleStream(name: string): string {
  return `${PREFIX}${name}`;
}

/** The schedule of a stream; undefined for other streams. */
export function scheduleOf(stream: string): string | undefined {
  return stream.startsWith(PREFIX) ? stream.slice(PREFIX.length) : undefined;
}

/** Folds the durable history of a schedule; one that has none is `absent`. */
export async function loadSchedule(log: EventLog, name: string): Promise<ScheduleFold> {
  const stream = scheduleStream(name);
  await log.flush();
  const head = log.streamHead(stream)?.version ?? 0;
  // most histories are short, and then there is none to look for
  const snapshot = head < SNAPSHOT_EVERY ? undefined : await log.loadSnapshot(stream);
  const stored = snapshot?.foldHash === FOLD_HASH ? (snapshot.state as unknown as Stored) : null;
  const streamVersion = stored === null ? 0 : (snapshot?.streamVersion ?? 0);
  const fold: ScheduleFold = {
    name,
    cell: liveCells.create(scheduleMachine, stored === null ? {} : { persisted: stored.cell }),
    definition: stored?.definition,
    streamVersion,
    position: 0,
    at: stored?.at ?? 0,
    snapshotVersion: streamVersion,
  };
  for await (const commits of log.readStream(stream, { fromVersion: streamVersion + 1 })) {
    for (const commit of commits) {
      const events = commit.events.slice(Math.max(0, streamVersion + 1 - commit.firstVersion));
      takeEvents(fold, events as ScheduleEvent[], commit);
    }
  }
  return fold;
}

/** Applies the events of a commit. */
export function takeEvents(
  fold: ScheduleFold,
  events: readonly ScheduleEvent[],
  { at, position }: { at: number; position: number },
): void {
  for (const event of events) {
    fold.cell.take({ type: event.type, data: event.data, at });
    if (event.type === 'schedule.created' || event.type === 'schedule.changed') {
      const { timing, request, workflow, hash } = event.data;
      const policy = timing as unknown as ScheduleTiming;
      fold.definition = { timing: policy, request, workflow, hash };
    }
  }
  fold.streamVersion += events.length;
  fold.position = position;
  fold.at = at;
}

/** The fold as a snapshot. */
export function snapshotOfSchedule(fold: ScheduleFold): StreamSnapshot {
  const { cell, definition, at, streamVersion } = fold;
  const state = {
    cell: persistedOf(cell),
    ...(definition === undefined ? {} : { definition }),
    at,
  };
  return { streamVersion, foldHash: FOLD_HASH, state: state as unknown as JsonValue };
}
