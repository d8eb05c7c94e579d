/**
 * What follows from a run's state, one step at a time: `advance` gives the next few events, the host applies them
 * and asks again, until nothing follows. So a decision always sees the state that the one before it made.
 *
 * V1 `advance` ends: every answer with events removes something from the aggregate's agenda.
 * V2 It starts nothing: an attempt starts by `admitted`, which needs a slot.
 * Size: the order in which things follow, and the first step of each.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { Failure } from '../../messages/failure.ts';
import { failureCodes } from '../../messages/failure.ts';
import { isOnlyInactive } from '../../workflow/triggers.ts';
import { abandonActivation, cancelActivation } from '../task/decide.ts';
import { roundId } from './activation.ts';
import {
  type Activation,
  isExhausted,
  type ParentRef,
  type RunAggregate,
  runContext,
  runState,
  type TaskFlow,
  type TaskProgress,
} from './aggregate.ts';
import { advanceCompensating, mustCompensate } from './compensate.ts';
import { type Decision, events, nothing, type TurnInput } from './decision.ts';
import { advanceExpansion } from './expand.ts';
import { closing } from './hooks.ts';
import { identity, identityOfTask } from './identity.ts';
import { advanceInterrupt } from './interrupt.ts';
import { decideLate } from './late.ts';
import { endedRunStates } from './machine.ts';
import { withLoops } from './repeat.ts';
import { advanceRetry } from './retry.ts';
import { scheduleReturned, skipReturned } from './returned.ts';
import { placeIdentity, scheduleTask } from './schedule.ts';
import { evaluate } from './scope.ts';
import { advanceSignals } from './signals.ts';
import { isSpared, isTimedOut, stopReason } from './stopping.ts';
import { failureOfTask } from './task-outcome.ts';
import { advanceSteering } from './withdraw.ts';

/** Events of one answer, so that no step is long. */
const MAX_BATCH = 100;

/** The next events that follow from the state, `needs`, or `nothing`. */
export function advance(run: RunAggregate, input: TurnInput): Decision {
  if (run.quarantine !== undefined) return nothing;
  return withLoops(run, advanceRun(run, input));
}

function advanceRun(run: RunAggregate, input: TurnInput): Decision {
  const state = runState(run);
  if (run.terminating !== undefined && !endedRunStates.has(state))
    return terminateAtOnce(run, run.terminating, input);
  switch (state) {
    case 'running':
    case 'paused':
      return advanceRunning(run, input);
    case 'stopping':
      return advanceStopping(run, input);
    case 'canceling':
      return advanceCanceling(run, input);
    case 'compensating':
      return advanceCompensating(run) ?? endFailed(run);
    case 'finishing':
      return advanceFinishing(run, input);
    default:
      return nothing;
  }
}

function advanceRunning(run: RunAggregate, input: TurnInput): Decision {
  const retry = advanceRetry(run);
  if (retry !== undefined) return retry;
  const interrupt = advanceInterrupt(run, input);
  if (interrupt !== undefined) return interrupt;
  const mode = run.plan.definition.settings.onFailure;
  if (run.steering.endedBy !== undefined) return advanceEnd(run, input, run.steering.endedBy);
  const first = run.unhandled.values().next();
  if (!first.done && mode !== 'continue') {
    return events(event('run.stopping', { error: failureOfTask(run, first.value) }));
  }
  const step = advanceTasks(run, input);
  if (step !== undefined) return step;
  if (runState(run) === 'paused' || !isExhausted(run)) return nothing;
  return first.done
    ? endSucceeded(run)
    : (closing(run, 'failed') ?? events(fail(run, failureOfTask(run, first.value))));
}

/** A run whose outputs cannot be computed has failed. */
function endSucceeded(run: RunAggregate): Decision {
  const end = succeed(run);
  if (end.kind !== 'events') return end;
  const [last] = end.events;
  if (last?.type !== 'run.failed') return closing(run, 'succeeded') ?? end;
  if (mustCompensate(run)) return events(event('run.stopping', { error: last.data.error }));
  return closing(run, 'failed') ?? end;
}

/** The end of a run that has stopped, with the failure that stopped it. */
function endFailed(run: RunAggregate): Decision {
  const { failureCode, failureMessage } = runContext(run);
  const error = {
    code: failureCode ?? failureCodes.taskTimeout,
    message: failureMessage ?? '',
    retryable: false,
  };
  return closing(run, 'failed') ?? events(fail(run, error));
}

/** The closing hooks run; then the run ends as it would have ended before them. */
function advanceFinishing(run: RunAggregate, input: TurnInput): Decision {
  const step = advanceTasks(run, input);
  if (step !== undefined) return step;
  if (!isExhausted(run)) return nothing;
  if (run.outcome === 'canceled') return endCanceled(run);
  if (run.outcome === 'succeeded') {
    const failed = [...run.unhandled].find((index) => run.plan.at(index).task.hook !== undefined);
    return failed === undefined ? succeed(run) : events(fail(run, failureOfTask(run, failed)));
  }
  const error = failureOfRun(run);
  return error === undefined ? succeed(run) : events(fail(run, error));
}

function endCanceled(run: RunAggregate): Decision {
  const reason = runContext(run).cancelReason ?? 'canceled';
  return events(event('run.canceled', { ...ending(run), reason }));
}

/** A task with `end: terminate` succeeded: what is left is canceled, and then the run has succeeded. */
function advanceEnd(run: RunAggregate, input: TurnInput, by: string): Decision {
  if (run.pending.size > 0) return skip(run, run.pending, 'completed');
  if (run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'completed');
  const returned = skipReturned(run, 'completed');
  if (returned !== undefined) return returned;
  const reason = `task "${by}" ended the run`;
  const canceled = cancelOpen(run, { input, atOnce: false, reason, spares: () => false });
  if (canceled !== undefined) return canceled;
  return runState(run) === 'paused' || !isExhausted(run) ? nothing : endSucceeded(run);
}

/** Tasks whose trigger is certain, and `foreach` tasks with something to decide. */
function advanceTasks(run: RunAggregate, input: TurnInput): Decision | undefined {
  const returned = scheduleReturned(run, input);
  if (returned !== undefined) return returned;
  const steered = advanceSteering(run, input);
  if (steered !== undefined) return steered;
  const runnable = run.runnable.values().next();
  if (!runnable.done) {
    const node = run.plan.at(runnable.value);
    return scheduleTask(run, { node, id: node.task.id }, input);
  }
  if (run.skippable.size > 0) return skipUntriggered(run);
  const delivered = advanceSignals(run);
  if (delivered !== undefined) return delivered;
  const due = nextRound(run, input);
  if (due !== undefined) return due;
  const expansion = run.expansions.values().next();
  if (!expansion.done) return advanceExpansion(run, expansion.value, input);
  return decideLate(run, input);
}

/** The next round that is due after the first of its task. */
function nextRound(run: RunAggregate, input: TurnInput): Decision | undefined {
  const { flow } = run;
  const due = flow?.due.values().next();
  if (flow === undefined || due === undefined || due.done) return undefined;
  const node = run.plan.at(due.value);
  const { begun, dueSkips, again } = flow.tasks[due.value] as TaskFlow;
  const place = { node, id: roundId(node.task.id, again?.[0] ?? begun + 1) };
  if (dueSkips === 0) return scheduleTask(run, place, input);
  return events(event('task.skipped', { ...placeIdentity(place), reason: 'inactive' }));
}

/** Nothing asked for a task when nothing asked for those before it; otherwise its trigger could not hold. */
function skipUntriggered(run: RunAggregate): Decision {
  const list: RunEvent[] = [];
  for (const index of run.skippable) {
    if (list.length === MAX_BATCH) break;
    const { counters } = run.progress[index] as TaskProgress;
    const isInactive = run.plan.tracksActivation && isOnlyInactive(counters);
    const reason = isInactive ? 'inactive' : 'trigger';
    list.push(event('task.skipped', { ...identityOfTask(run.plan.at(index)), reason }));
  }
  return events(...list);
}

function skip(
  run: RunAggregate,
  indexes: Set<number>,
  reason: 'trigger' | 'stopped' | 'canceled' | 'completed',
): Decision {
  const list: RunEvent[] = [];
  for (const index of indexes) {
    if (list.length === MAX_BATCH) break;
    list.push(event('task.skipped', { ...identityOfTask(run.plan.at(index)), reason }));
  }
  return events(...list);
}

/** The run was asked to stop: clean-up tasks (`all_done`) still run, but not after a timeout. */
function advanceStopping(run: RunAggregate, input: TurnInput): Decision {
  const isTimeout = isTimedOut(run, input.now);
  if (run.pending.size > 0) return skip(run, run.pending, 'stopped');
  if (isTimeout && run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'stopped');
  const returned = skipReturned(run, 'stopped', (each) => isSpared(run, each, input.now));
  if (returned !== undefined) return returned;
  const canceled = cancelOpen(run, {
    input,
    atOnce: false,
    reason: isTimeout ? stopReason.timeout : stopReason.failure,
    spares: (activation) => isSpared(run, activation, input.now),
  });
  if (canceled !== undefined) return canceled;
  const step = advanceTasks(run, input);
  if (step !== undefined) return step;
  if (!isExhausted(run)) return nothing;
  if (mustCompensate(run)) return events(event('run.compensationStarted', {}));
  return endFailed(run);
}

function advanceCanceling(run: RunAggregate, input: TurnInput): Decision {
  const { terminate, cancelReason } = runContext(run);
  const reason = cancelReason ?? 'canceled';
  if (run.pending.size > 0) return skip(run, run.pending, 'canceled');
  if (run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'canceled');
  const returned = skipReturned(run, 'canceled');
  if (returned !== undefined) return returned;
  const canceled = cancelOpen(run, { input, atOnce: terminate, reason, spares: () => false });
  if (canceled !== undefined) return canceled;
  if (!isExhausted(run)) return nothing;
  return (terminate ? undefined : closing(run, 'canceled')) ?? endCanceled(run);
}

interface CancelOptions {
  input: TurnInput;
  atOnce: boolean;
  reason: string;
  spares(activation: Activation): boolean;
}

/** Cancels what is open: instances before the `foreach` task that waits for them. */
function cancelOpen(run: RunAggregate, options: CancelOptions): Decision | undefined {
  const { input, atOnce, reason, spares } = options;
  // Each of them that ends asks again what is left to cancel.
  if (!atOnce && run.canceling.size === run.open.size) return undefined;
  const list: RunEvent[] = [];
  for (const activation of run.open) {
    if (list.length >= MAX_BATCH) break;
    if (spares(activation) || (activation.expansion?.open ?? 0) > 0) continue;
    list.push(...cancelActivation(activation, { reason, now: input.now, atOnce }));
  }
  return list.length === 0 ? undefined : events(...list);
}

/** What the end of a run repeats. */
export function ending(run: RunAggregate): {
  name: string;
  session?: string;
  startedAt?: number;
  parent?: ParentRef;
} {
  const { name, session, parent } = run.header;
  const { startedAt } = runContext(run);
  return {
    name,
    ...(session === undefined ? {} : { session }),
    ...(startedAt === null ? {} : { startedAt }),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** The run's outputs, or its failure when they cannot be computed. */
export function succeed(run: RunAggregate): Decision {
  if (Object.keys(run.plan.definition.outputs).length === 0) {
    return events(event('run.succeeded', { ...ending(run), output: null }));
  }
  const output = evaluate(run, undefined, (scope) => run.plan.outputs.render(scope));
  if (output.kind === 'needs') return output;
  if (output.kind === 'failed') {
    const { code, message } = output.failure;
    return events(fail(run, { code, message: `outputs: ${message}`, retryable: false }));
  }
  return events(event('run.succeeded', { ...ending(run), output: output.value }));
}

export function fail(run: RunAggregate, error: Failure): RunEvent {
  return event('run.failed', { ...ending(run), error });
}

/** What a run that fails or has failed fails with, as far as it is known. */
function failureOfRun(run: RunAggregate): Failure | undefined {
  const { failureCode, failureMessage } = runContext(run);
  if (failureCode !== null)
    return { code: failureCode, message: failureMessage ?? '', retryable: false };
  const first = run.unhandled.values().next();
  return first.done ? undefined : failureOfTask(run, first.value);
}

/**
 * Ends a run that compensates or finishes without waiting for anybody. The first event that closes something says so, for
 * there may be more to close than one commit holds.
 */
export function terminateAtOnce(run: RunAggregate, reason: string, input: TurnInput): Decision {
  const closed = cancelOpen(run, { input, atOnce: true, reason, spares: () => false });
  if (closed?.kind !== 'events') return events(event('run.canceled', { ...ending(run), reason }));
  if (run.terminating !== undefined) return closed;
  const list = [...closed.events];
  const at = list.findIndex(({ type }) => type === 'task.canceled');
  const first = list[at];
  if (first?.type === 'task.canceled')
    list[at] = event('task.canceled', { ...first.data, terminates: reason });
  return events(...list);
}

/** Skips everything that has not started; for `complete`. */
export function skipPending(run: RunAggregate): RunEvent[] {
  const list: RunEvent[] = [];
  const behindStart = run.phase === 'on_start' ? run.plan.ofPhase('tasks') : [];
  const indexes = behindStart.map(({ index }) => index);
  for (const index of [...run.pending, ...run.pendingCleanup, ...indexes]) {
    const task = identityOfTask(run.plan.at(index));
    list.push(event('task.skipped', { ...task, reason: 'completed' }));
  }
  for (const activation of run.fork?.returned ?? [])
    list.push(event('task.skipped', { ...identity(activation), reason: 'completed' }));
  for (const activation of run.open) {
    if (activation.state !== 'running') list.push(...abandonActivation(activation, 'completed'));
  }
  return list;
}
