/**
 * What the runtime owes the world while an actor is in a state. Pure and total; the key names the instance of the
 * effect. The host compares keys before and after a commit: new ones start, missing ones stop. Replay calls none.
 */
import { isRoundDelay } from '../task/delays.ts';
import { type Activation, dueAtOf, type RunAggregate, runContext, runState } from './aggregate.ts';
import { endedRunStates, type RunState } from './machine.ts';
import { reminderIdOf } from './reminders.ts';

export type Effect =
  | { kind: 'dispatch'; activation: string; attempt: number; agent: string }
  | { kind: 'cancel'; activation: string; attempt: number; agent: string }
  | { kind: 'timer'; timerId: string; dueAt: number }
  /** A place in the ready list: the admission service is asked for a slot. */
  | { kind: 'admit'; activation: string }
  | { kind: 'prepare'; activation: string; attempt: number }
  /** The child run is there, and its end is known as soon as it has ended. `isLeft`: it is not made any more. */
  | {
      kind: 'child';
      activation: string;
      attempt: number;
      runId: string;
      workflow: string;
      isLeft?: true;
    };

/** The timers that are the run's own: its deadline, and its start where that was asked for later. */
export const RUN_DEADLINE = 'run-deadline';
export const RUN_START = 'run-start';

/** Ids of the timers of an activation's states, by state. */
export function timerIdOf(activation: Pick<Activation, 'id' | 'state' | 'context'>): string {
  return `${activation.state}:${activation.id}:${activation.context.attempt}`;
}

/** The key of a timer among what is owed. */
export function timerKey(timerId: string, dueAt: number): string {
  return `timer:${timerId}:${dueAt}`;
}

/** True for states of a run in which delays do not pass and nothing new starts. */
export function isHeld(state: RunState): boolean {
  return state === 'paused' || state === 'pending';
}

/**
 * True for what does not pass while a run is paused: backoff, timers, the time that a signal has, the delay between two
 * rounds. A person may answer then, and a child run goes on, so the time for these does.
 */
export function isDelay({
  state,
  node,
  child,
  wait,
}: Pick<Activation, 'state' | 'node' | 'child' | 'wait'>): boolean {
  if (state !== 'waiting') return state === 'backoff';
  if (isRoundDelay(wait?.details)) return true;
  return child === undefined && node.task.wait?.kind !== 'approval';
}

const NOTHING: ReadonlyMap<string, Effect> = new Map();

// Length: one case for each state that owes something.
/** What one activation owes, given the state of its run. */
export function effectsOfActivation(
  activation: Activation,
  run: RunState,
): ReadonlyMap<string, Effect> {
  if (endedRunStates.has(run) || activation.cell === undefined) return NOTHING;
  const owed = new Map<string, Effect>();
  const { id, state, context } = activation;
  const { attempt, agent } = context;
  const dueAt = dueAtOf(activation);
  switch (state) {
    case 'scheduled':
      if (!isHeld(run) && activation.node.demand !== undefined) {
        owed.set(`admit:${id}:${attempt}`, { kind: 'admit', activation: id });
      }
      break;
    case 'preparing':
      owed.set(`prepare:${id}:${attempt}`, { kind: 'prepare', activation: id, attempt });
      break;
    case 'waiting':
      if (activation.child !== undefined)
        owed.set(`child:${id}:${attempt}`, childEffect(activation, activation.child));
      if (activation.wait?.reminders?.nextAt !== undefined)
        oweReminder(owed, activation, activation.wait.reminders.nextAt);
      break;
    case 'backoff':
      if (activation.leaving !== undefined)
        owed.set(`child:${id}:${attempt}:left`, {
          ...childEffect(activation, activation.leaving),
          isLeft: true,
        });
      break;
    case 'running':
      if (agent !== null) {
        owed.set(`dispatch:${id}:${attempt}`, { kind: 'dispatch', activation: id, attempt, agent });
      }
      break;
    case 'canceling':
      if (agent !== null && context.startedAt !== null) {
        owed.set(`cancel:${id}:${attempt}`, { kind: 'cancel', activation: id, attempt, agent });
      }
      break;
    default:
      break;
  }
  const isTimed =
    state === 'running' || state === 'canceling' || state === 'backoff' || state === 'waiting';
  // What waits for the end of a child run that it has left is due when that has ended.
  const isHeldUp = state === 'backoff' && activation.leaving !== undefined;
  const hasTimer = isTimed && !isHeldUp && !(isDelay(activation) && isHeld(run));
  if (hasTimer && dueAt !== null) {
    const timerId = timerIdOf(activation);
    owed.set(timerKey(timerId, dueAt), { kind: 'timer', timerId, dueAt });
  }
  return owed;
}

function oweReminder(owed: Map<string, Effect>, activation: Activation, dueAt: number): void {
  const timerId = reminderIdOf(activation);
  owed.set(timerKey(timerId, dueAt), { kind: 'timer', timerId, dueAt });
}

function childEffect(
  { id, node, context }: Activation,
  runId: string,
): Extract<Effect, { kind: 'child' }> {
  const workflow = node.task.workflow?.name ?? '';
  return { kind: 'child', activation: id, attempt: context.attempt, runId, workflow };
}

/** A run that stops still has its deadline: clean-up must not keep it alive for ever. */
const hasDeadline: ReadonlySet<RunState> = new Set(['running', 'paused', 'stopping']);

/** What the run itself owes. */
export function effectsOfRun(run: RunAggregate): Map<string, Effect> {
  const owed = new Map<string, Effect>();
  const state = runState(run);
  const { dueAt } = runContext(run);
  if (hasDeadline.has(state) && dueAt !== null) {
    owed.set(timerKey(RUN_DEADLINE, dueAt), { kind: 'timer', timerId: RUN_DEADLINE, dueAt });
  }
  const { startAt } = run.header;
  if (state === 'pending' && startAt !== undefined) {
    owed.set(timerKey(RUN_START, startAt), { kind: 'timer', timerId: RUN_START, dueAt: startAt });
  }
  return owed;
}

/** Everything owed, for recovery and for tests. */
export function effectsOf(run: RunAggregate): Map<string, Effect> {
  const owed = effectsOfRun(run);
  const state = runState(run);
  for (const activation of run.open) {
    for (const [key, effect] of effectsOfActivation(activation, state)) owed.set(key, effect);
  }
  return owed;
}
