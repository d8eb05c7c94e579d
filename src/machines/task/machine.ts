/**
 * What can happen to a task (contracts.md, State charts). No guards, no effects, no final states: the drawn chart is
 * the whole truth. The context holds scalars only, folded from what the events recorded.
 * Size: the chart in one piece, with what each event does to the context.
 */
import { setup } from 'xstate';
import type { EscalationEvent } from '../../events/run-events.ts';
import type { TaskEvent } from '../../events/task-events.ts';
import { type FoldEvent, foldAction } from '../stepper.ts';
import { isRoundDelay } from './delays.ts';

export interface TaskContext {
  /** Number of the current or next attempt; 0 before the first. */
  attempt: number;
  /** The retry policy counts attempts after this one. */
  retryBase: number;
  /** Lost attempts since `retryBase`; they do not count for the retry policy. */
  uncounted: number;
  /** Losses in a row. */
  losses: number;
  /** How often the task was given to another agent. */
  handOffs: number;
  agent: string | null;
  /** Why this agent was chosen. */
  rule: string | null;
  /** When the current attempt started; null while none runs. Milliseconds since the epoch. */
  startedAt: number | null;
  /** When the first attempt started. */
  firstStartedAt: number | null;
  endedAt: number | null;
  /** Of the state: attempt timeout, retry, wait, or end of the patience of a cancellation. */
  dueAt: number | null;
  /** Code of the last failure. */
  failure: string | null;
  /** The attempt whose result was taken. */
  wonBy: number | null;
}

/** Every state of the chart. */
export type TaskState =
  | 'pending'
  | 'scheduled'
  | 'preparing'
  | 'running'
  | 'expanded'
  | 'waiting'
  | 'backoff'
  | 'escalated'
  | 'canceling'
  | 'succeeded'
  | 'failed'
  | 'skipped'
  | 'canceled'
  | 'compensating'
  | 'compensated'
  | 'compensationFailed';

type Fold = FoldEvent & (TaskEvent | EscalationEvent);
type DataOf<Type extends Fold['type']> = Extract<Fold, { type: Type }>['data'];

/** A fold of one event type into the context; typed by the catalogue. */
function folding<Type extends Fold['type']>(
  change: (data: DataOf<Type>, at: number, context: TaskContext) => Partial<TaskContext>,
) {
  return foldAction<TaskContext, Fold>((context, event) =>
    change(event.data as DataOf<Type>, event.at, context),
  );
}

const initialContext: TaskContext = {
  attempt: 0,
  retryBase: 0,
  uncounted: 0,
  losses: 0,
  handOffs: 0,
  agent: null,
  rule: null,
  startedAt: null,
  firstStartedAt: null,
  endedAt: null,
  dueAt: null,
  failure: null,
  wonBy: null,
};

const scheduled = folding<'task.scheduled'>((data, _at, context) => {
  const rebased = data.retryBase !== undefined && data.retryBase !== context.retryBase;
  return {
    attempt: data.attempt,
    startedAt: null,
    dueAt: null,
    ...(rebased ? { retryBase: data.retryBase ?? 0, uncounted: 0, losses: 0 } : {}),
  };
});
const started = folding<'task.started'>((data, at, context) => ({
  attempt: data.attempt,
  agent: data.agent,
  rule: data.rule,
  startedAt: at,
  firstStartedAt: context.firstStartedAt ?? at,
  dueAt: data.dueAt ?? null,
}));
const attemptFailed = folding<'task.attemptFailed'>((data, _at, context) => {
  const lost = data.error.code === 'worker.lost';
  return {
    failure: data.error.code,
    losses: lost ? context.losses + 1 : 0,
    uncounted: lost ? context.uncounted + 1 : context.uncounted,
  };
});
const retryScheduled = folding<'task.retryScheduled'>((data) => ({
  startedAt: null,
  dueAt: data.dueAt,
}));
const handedOff = folding<'task.handedOff'>((data, _at, context) => ({
  handOffs: context.handOffs + 1,
  attempt: data.attempt,
  agent: data.agent,
  rule: data.rule,
  retryBase: data.attempt - 1,
  uncounted: 0,
  losses: 0,
  startedAt: null,
  dueAt: null,
}));
/** The delay before another round is no beginning. */
const waiting = folding<'task.waiting'>((data, at, context) => ({
  startedAt: at,
  firstStartedAt: isRoundDelay(data.details)
    ? context.firstStartedAt
    : (context.firstStartedAt ?? at),
  dueAt: data.dueAt ?? null,
}));
const expanded = folding<'task.expanded'>((_data, at) => ({ startedAt: at, firstStartedAt: at }));
const cancelRequested = folding<'task.cancelRequested'>((data) => ({ dueAt: data.dueAt ?? null }));
const succeeded = folding<'task.succeeded'>((data, at) => ({
  endedAt: at,
  dueAt: null,
  wonBy: data.attempt ?? null,
}));
const ended = folding<'task.canceled'>((_data, at) => ({ endedAt: at, dueAt: null }));
const failed = folding<'task.failed'>((data, at) => ({
  endedAt: at,
  dueAt: null,
  failure: data.error.code,
}));
/** Attempts count on; agents, times and hand-overs begin anew. */
const reset = folding<'task.reset'>(() => ({
  handOffs: 0,
  startedAt: null,
  firstStartedAt: null,
  endedAt: null,
  dueAt: null,
  wonBy: null,
}));

/** A fact that changes nothing. An empty transition would be forbidden to XState, and the event illegal. */
const noted = foldAction<TaskContext, Fold>(() => ({}));
const note = { actions: noted } as const;

/** What every open state takes. */
const open = {
  'task.succeeded': { target: 'succeeded', actions: succeeded },
  'task.failed': { target: 'failed', actions: failed },
  'task.reset': { target: 'pending', actions: reset },
} as const;
const cancelable = {
  'task.cancelRequested': { target: 'canceling', actions: cancelRequested },
} as const;
/** What every ended state takes. */
const over = { 'task.reset': { target: 'pending', actions: reset } } as const;

export const taskMachine = setup({
  types: { context: {} as TaskContext, events: {} as Fold },
}).createMachine({
  id: 'task',
  initial: 'pending',
  context: initialContext,
  states: {
    pending: {
      on: {
        'task.scheduled': { target: 'scheduled', actions: scheduled },
        'task.skipped': { target: 'skipped', actions: ended },
      },
    },
    scheduled: {
      tags: ['open'],
      meta: { effects: ['admit'] },
      on: {
        ...open,
        ...cancelable,
        'task.started': { target: 'running', actions: started },
        'task.preparing': { target: 'preparing' },
        'task.expanded': { target: 'expanded', actions: expanded },
        'task.waiting': { target: 'waiting', actions: waiting },
        'task.reused': { target: 'succeeded', actions: ended },
      },
    },
    preparing: {
      tags: ['open', 'slot'],
      meta: { effects: ['prepare'] },
      on: {
        ...open,
        ...cancelable,
        'task.started': { target: 'running', actions: started },
        'task.reused': { target: 'succeeded', actions: ended },
      },
    },
    running: {
      tags: ['open', 'slot'],
      meta: { effects: ['dispatch', 'timer'] },
      on: {
        ...open,
        ...cancelable,
        'task.progressed': note,
        'task.attemptFailed': { actions: attemptFailed },
        'task.retryScheduled': { target: 'backoff', actions: retryScheduled },
        'task.handedOff': { target: 'scheduled', actions: handedOff },
        'escalation.requested': { target: 'escalated' },
      },
    },
    expanded: { tags: ['open'], meta: { effects: [] }, on: { ...open, ...cancelable } },
    waiting: {
      tags: ['open'],
      meta: { effects: ['timer', 'child'] },
      on: {
        ...open,
        ...cancelable,
        'task.attemptFailed': { actions: attemptFailed },
        'task.retryScheduled': { target: 'backoff', actions: retryScheduled },
      },
    },
    backoff: {
      tags: ['open'],
      meta: { effects: ['timer', 'child'] },
      on: {
        ...open,
        ...cancelable,
        'task.scheduled': { target: 'scheduled', actions: scheduled },
      },
    },
    escalated: {
      tags: ['open'],
      meta: { effects: [] },
      on: {
        ...open,
        ...cancelable,
        'escalation.routed': note,
        'escalation.refused': note,
        'escalation.resolved': note,
        'task.handedOff': { target: 'scheduled', actions: handedOff },
      },
    },
    canceling: {
      tags: ['open', 'slot'],
      meta: { effects: ['cancel', 'timer'] },
      on: {
        ...open,
        'task.cancelAcknowledged': note,
        'task.cancelForced': note,
        'task.canceled': { target: 'canceled', actions: ended },
      },
    },
    succeeded: {
      tags: ['ended'],
      on: { ...over, 'task.compensating': { target: 'compensating' } },
    },
    failed: {
      tags: ['ended'],
      on: { ...over, 'task.skipped': { target: 'skipped', actions: ended } },
    },
    skipped: { tags: ['ended'], on: over },
    canceled: { tags: ['ended'], on: over },
    compensating: {
      tags: ['ended'],
      on: {
        ...over,
        'task.compensated': { target: 'compensated' },
        'task.compensationFailed': { target: 'compensationFailed' },
      },
    },
    compensated: { tags: ['ended'], on: over },
    compensationFailed: { tags: ['ended'], on: over },
  },
});

/** States that hold a slot of the run, the agent and the node. */
export const slotStates: ReadonlySet<TaskState> = new Set(['preparing', 'running', 'canceling']);
export const openStates: ReadonlySet<TaskState> = new Set([
  'scheduled',
  'preparing',
  'running',
  'expanded',
  'waiting',
  'backoff',
  'escalated',
  'canceling',
]);
