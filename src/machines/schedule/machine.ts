/**
 * What can happen to a schedule. It owes a timer while it waits for its next time, and a run from the moment a time has
 * come until that run is there or was refused.
 */
import { setup } from 'xstate';
import type { ScheduleEvent } from '../../events/schedule-events.ts';
import { type FoldEvent, foldAction } from '../stepper.ts';

/** Times are ms since the epoch. */
export interface ScheduleContext {
  /** How often it was set up: a name that was withdrawn can be used again. */
  generation: number;
  anchorAt: number;
  /** The newest time that was taken, whatever came of it: none before it counts any more. */
  lastDueAt: number | null;
  nextDueAt: number | null;
  wakeAt: number | null;
  /** The time whose run follows the end of the one before. */
  queuedDueAt: number | null;
  /** The time whose run is owed now, and that run. */
  dueAt: number | null;
  runId: string | null;
  requestId: string | null;
  /** The newest run that was started. */
  lastRunId: string | null;
}

export type ScheduleState = 'absent' | 'waiting' | 'starting' | 'paused' | 'removed';

type Fold = FoldEvent & ScheduleEvent;
type DataOf<Type extends Fold['type']> = Extract<Fold, { type: Type }>['data'];

function folding<Type extends Fold['type']>(
  change: (data: DataOf<Type>, context: ScheduleContext) => Partial<ScheduleContext>,
) {
  return foldAction<ScheduleContext, Fold>((context, event) =>
    change(event.data as DataOf<Type>, context),
  );
}

const nothing: ScheduleContext = {
  generation: 0,
  anchorAt: 0,
  lastDueAt: null,
  nextDueAt: null,
  wakeAt: null,
  queuedDueAt: null,
  dueAt: null,
  runId: null,
  requestId: null,
  lastRunId: null,
};

const next = ({
  nextDueAt,
  wakeAt,
}: {
  nextDueAt?: number | undefined;
  wakeAt?: number | undefined;
}) => ({
  nextDueAt: nextDueAt ?? null,
  wakeAt: wakeAt ?? null,
});
const started = { dueAt: null, runId: null, requestId: null };

const created = folding<'schedule.created'>((data, { generation }) => ({
  ...nothing,
  generation: generation + 1,
  anchorAt: data.anchorAt,
  ...next(data),
}));
const changed = folding<'schedule.changed'>((data) => ({
  anchorAt: data.anchorAt,
  ...next(data),
}));
const fired = folding<'schedule.fired'>((data, { lastDueAt, queuedDueAt }) => ({
  dueAt: data.dueAt,
  runId: data.runId,
  requestId: data.requestId,
  ...(data.asked === undefined
    ? { lastDueAt: Math.max(data.dueAt, lastDueAt ?? 0), queuedDueAt: null }
    : { lastDueAt, queuedDueAt }),
  ...next(data),
}));
const begun = folding<'schedule.started'>((data) => ({ ...started, lastRunId: data.runId }));
const failed = folding<'schedule.startFailed'>(() => started);
const skipped = folding<'schedule.skipped'>((data, { lastDueAt, queuedDueAt }) => ({
  lastDueAt: Math.max(data.dueAt, lastDueAt ?? 0),
  queuedDueAt: data.reason === 'paused' ? null : queuedDueAt,
  ...next(data),
}));
const queued = folding<'schedule.queued'>((data) => ({
  queuedDueAt: data.dueAt,
  lastDueAt: data.dueAt,
  ...next(data),
}));
const paused = folding<'schedule.paused'>(() => next({}));
const resumed = folding<'schedule.resumed'>((data) => next(data));
const removed = folding<'schedule.removed'>((_data, { generation }) => ({
  ...nothing,
  generation,
}));

export const scheduleMachine = setup({
  types: { context: {} as ScheduleContext, events: {} as Fold },
}).createMachine({
  id: 'schedule',
  context: nothing,
  initial: 'absent',
  states: {
    absent: { on: { 'schedule.created': { target: 'waiting', actions: created } } },
    waiting: {
      meta: { effects: ['timer'] },
      on: {
        'schedule.fired': { target: 'starting', actions: fired },
        'schedule.skipped': { actions: skipped },
        'schedule.queued': { actions: queued },
        'schedule.changed': { actions: changed },
        'schedule.paused': { target: 'paused', actions: paused },
        'schedule.removed': { target: 'removed', actions: removed },
      },
    },
    starting: {
      meta: { effects: ['run'] },
      on: {
        'schedule.started': { target: 'waiting', actions: begun },
        'schedule.startFailed': { target: 'waiting', actions: failed },
      },
    },
    paused: {
      on: {
        'schedule.changed': { actions: changed },
        'schedule.resumed': { target: 'waiting', actions: resumed },
        'schedule.removed': { target: 'removed', actions: removed },
      },
    },
    removed: { on: { 'schedule.created': { target: 'waiting', actions: created } } },
  },
});
