/**
 * What can happen to a run (contracts.md, State charts). Scalars only; the tasks are the aggregate's.
 * `run.quarantined` and `run.released` are read by the host and folded by no machine.
 */
import { setup } from 'xstate';
import type {
  BudgetEvent,
  PermissionEvent,
  RunLifecycleEvent,
  TimerEvent,
} from '../../events/run-events.ts';
import { type FoldEvent, foldAction } from '../stepper.ts';

export interface RunContext {
  createdAt: number | null;
  startedAt: number | null;
  /** The last time; its timeout counts from there. */
  retriedAt?: number;
  /** The run's deadline. */
  dueAt: number | null;
  pausedAt: number | null;
  endedAt: number | null;
  /** True once somebody asked not to wait for agents. */
  terminate: boolean;
  /** The code and message that a stopping or failed run ends with. */
  failureCode: string | null;
  failureMessage: string | null;
  cancelReason: string | null;
}

export type RunState =
  | 'pending'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'compensating'
  | 'canceling'
  | 'finishing'
  | 'succeeded'
  | 'failed'
  | 'canceled';

type Fold = FoldEvent & (RunLifecycleEvent | TimerEvent | PermissionEvent | BudgetEvent);
type DataOf<Type extends Fold['type']> = Extract<Fold, { type: Type }>['data'];

function folding<Type extends Fold['type']>(
  change: (data: DataOf<Type>, at: number, context: RunContext) => Partial<RunContext>,
) {
  return foldAction<RunContext, Fold>((context, event) =>
    change(event.data as DataOf<Type>, event.at, context),
  );
}

const created = folding<'run.created'>((_data, at) => ({ createdAt: at }));
const started = folding<'run.started'>((data, at) => ({
  startedAt: at,
  dueAt: data.dueAt ?? null,
}));
const paused = folding<'run.paused'>((_data, at) => ({ pausedAt: at }));
const resumed = folding<'run.resumed'>(() => ({ pausedAt: null }));
const adapted = folding<'run.adapted'>((data) =>
  data.dueAt === undefined ? {} : { dueAt: data.dueAt },
);
const stopping = folding<'run.stopping'>((data) => ({
  pausedAt: null,
  failureCode: data.error.code,
  failureMessage: data.error.message,
}));
const canceling = folding<'run.cancelRequested'>((data, _at, context) => ({
  pausedAt: null,
  cancelReason: data.reason,
  terminate: context.terminate || data.terminate === true,
}));
const succeeded = folding<'run.succeeded'>((_data, at) => ({ endedAt: at }));
const failed = folding<'run.failed'>((data, at) => ({
  endedAt: at,
  failureCode: data.error.code,
  failureMessage: data.error.message,
}));
const canceled = folding<'run.canceled'>((data, at) => ({
  endedAt: at,
  cancelReason: data.reason,
}));
const retried = folding<'run.retried'>((data, at) => ({
  retriedAt: at,
  dueAt: data.dueAt ?? null,
  endedAt: null,
  failureCode: null,
  failureMessage: null,
}));
const forked = folding<'run.forked'>((data, at) => ({
  createdAt: at,
  startedAt: at,
  dueAt: data.dueAt ?? null,
  pausedAt: null,
  endedAt: null,
  terminate: false,
  failureCode: null,
  failureMessage: null,
  cancelReason: null,
}));

/** A fact that changes nothing. An empty transition would be forbidden to XState, and the event illegal. */
const noted = foldAction<RunContext, Fold>(() => ({}));
const note = { actions: noted } as const;

const fork = { 'run.forked': { target: '#run.running', actions: forked } } as const;
/** Facts that change no state while the run has not ended. */
const facts = {
  'run.signalReceived': note,
  'run.checkpointed': note,
  'run.spawnProposed': note,
  'run.spawnRefused': note,
  'timer.armed': note,
  'timer.fired': note,
  'timer.disarmed': note,
  'permission.denied': note,
  'budget.reserved': note,
  'budget.settled': note,
  'budget.exhausted': note,
} as const;
const cancel = { 'run.cancelRequested': { target: '#run.canceling', actions: canceling } } as const;
const endCanceled = { 'run.canceled': { target: '#run.canceled', actions: canceled } } as const;
const endFailed = { 'run.failed': { target: '#run.failed', actions: failed } } as const;
const endSucceeded = { 'run.succeeded': { target: '#run.succeeded', actions: succeeded } } as const;
const finish = { 'run.finishing': { target: '#run.finishing' } } as const;
const stop = { 'run.stopping': { target: '#run.stopping', actions: stopping } } as const;

export const runMachine = setup({
  types: { context: {} as RunContext, events: {} as Fold },
}).createMachine({
  id: 'run',
  initial: 'pending',
  context: {
    createdAt: null,
    startedAt: null,
    dueAt: null,
    pausedAt: null,
    endedAt: null,
    terminate: false,
    failureCode: null,
    failureMessage: null,
    cancelReason: null,
  },
  states: {
    pending: {
      meta: { effects: ['timer'] },
      on: {
        ...fork,
        ...facts,
        ...cancel,
        ...endCanceled,
        'run.created': { actions: created },
        'run.adapted': { actions: adapted },
        'run.postponed': note,
        'run.started': { target: 'running', actions: started },
      },
    },
    running: {
      meta: { effects: ['timer'] },
      on: {
        ...fork,
        ...facts,
        ...cancel,
        ...endCanceled,
        ...stop,
        ...finish,
        ...endSucceeded,
        ...endFailed,
        'run.adapted': { actions: adapted },
        'run.paused': { target: 'paused', actions: paused },
      },
    },
    paused: {
      meta: { effects: ['timer'] },
      on: {
        ...fork,
        ...facts,
        ...cancel,
        ...endCanceled,
        ...stop,
        'run.adapted': { actions: adapted },
        'run.resumed': { target: 'running', actions: resumed },
      },
    },
    stopping: {
      meta: { effects: ['timer'] },
      on: {
        ...fork,
        ...facts,
        ...cancel,
        ...endCanceled,
        ...finish,
        ...endFailed,
        'run.compensationStarted': { target: 'compensating' },
      },
    },
    compensating: {
      meta: { effects: [] },
      on: { ...fork, ...facts, ...endCanceled, ...finish, ...endFailed },
    },
    canceling: {
      meta: { effects: [] },
      on: { ...fork, ...facts, ...cancel, ...endCanceled, ...finish },
    },
    finishing: {
      meta: { effects: [] },
      on: { ...fork, ...facts, ...endSucceeded, ...endFailed, ...endCanceled },
    },
    succeeded: { tags: ['ended'], on: fork },
    failed: {
      tags: ['ended'],
      on: { ...fork, 'run.retried': { target: 'running', actions: retried } },
    },
    canceled: { tags: ['ended'], on: fork },
  },
});

export const endedRunStates: ReadonlySet<RunState> = new Set(['succeeded', 'failed', 'canceled']);
