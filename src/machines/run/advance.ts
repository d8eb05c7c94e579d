/**
 * What follows from a run's state, one step at a time: `advance` gives the next few events, the host applies them
 * and asks again, until nothing follows. So a decision always sees the state that the one before it made.
 *
 * V1 `advance` ends: every answer with events removes something from the aggregate's agenda.
 * V2 It starts nothing: an attempt starts by `admitted`, which needs a slot.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { Failure } from '../../messages/failure.ts';
import { failureCodes } from '../../messages/failure.ts';
import { cancelActivation, identity } from '../task/decide.ts';
import { roundId } from './activation.ts';
import {
  type Activation,
  isExhausted,
  type RunAggregate,
  runContext,
  runState,
  type TaskFlow,
  type TaskProgress,
} from './aggregate.ts';
import { isOnlyInactive } from './counting.ts';
import { type Decision, events, nothing, type TurnInput } from './decision.ts';
import { failureOfTask } from './evolve-task.ts';
import { advanceExpansion } from './expand.ts';
import { decideLate } from './late.ts';
import { withLoops } from './repeat.ts';
import { placeIdentity, scheduleTask } from './schedule.ts';
import { evaluate } from './scope.ts';
import { advanceSignals } from './signals.ts';
import { isSpared, isTimedOut } from './stopping.ts';
import { advanceSteering } from './withdraw.ts';

/** Events of one answer, so that no step is long. */
const MAX_BATCH = 100;

/** The next events that follow from the state, `needs`, or `nothing`. */
export function advance(run: RunAggregate, input: TurnInput): Decision {
  return withLoops(run, advanceRun(run, input));
}

function advanceRun(run: RunAggregate, input: TurnInput): Decision {
  const state = runState(run);
  switch (state) {
    case 'running':
    case 'paused':
      return advanceRunning(run, input);
    case 'stopping':
      return advanceStopping(run, input);
    case 'canceling':
      return advanceCanceling(run, input);
    default:
      return nothing;
  }
}

function advanceRunning(run: RunAggregate, input: TurnInput): Decision {
  const mode = run.plan.definition.settings.onFailure;
  if (run.steering.endedBy !== undefined) return advanceEnd(run, input, run.steering.endedBy);
  const first = run.unhandled.values().next();
  if (!first.done && mode !== 'continue') {
    return events(event('run.stopping', { error: failureOfTask(run, first.value) }));
  }
  const step = advanceTasks(run, input);
  if (step !== undefined) return step;
  if (runState(run) === 'paused' || !isExhausted(run)) return nothing;
  return first.done ? succeed(run) : events(fail(run, failureOfTask(run, first.value)));
}

/** A task with `end: terminate` succeeded: what is left is canceled, and then the run has succeeded. */
function advanceEnd(run: RunAggregate, input: TurnInput, by: string): Decision {
  if (run.pending.size > 0) return skip(run, run.pending, 'completed');
  if (run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'completed');
  const reason = `task "${by}" ended the run`;
  const canceled = cancelOpen(run, { input, atOnce: false, reason, spares: () => false });
  if (canceled !== undefined) return canceled;
  return runState(run) === 'paused' || !isExhausted(run) ? nothing : succeed(run);
}

/** Tasks whose trigger is certain, and `foreach` tasks with something to decide. */
function advanceTasks(run: RunAggregate, input: TurnInput): Decision | undefined {
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
  const { begun, dueSkips } = flow.tasks[due.value] as TaskFlow;
  const place = { node, id: roundId(node.task.id, begun + 1) };
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
    list.push(event('task.skipped', { taskId: run.plan.at(index).task.id, reason }));
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
    list.push(event('task.skipped', { taskId: run.plan.at(index).task.id, reason }));
  }
  return events(...list);
}

/** The run was asked to stop: clean-up tasks (`all_done`) still run, but not after a timeout. */
function advanceStopping(run: RunAggregate, input: TurnInput): Decision {
  const context = runContext(run);
  const isTimeout = isTimedOut(run, input.now);
  if (run.pending.size > 0) return skip(run, run.pending, 'stopped');
  if (isTimeout && run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'stopped');
  const canceled = cancelOpen(run, {
    input,
    atOnce: false,
    reason: isTimeout ? 'the run timed out' : 'the run stopped after a failure',
    spares: (activation) => isSpared(run, activation, input.now),
  });
  if (canceled !== undefined) return canceled;
  const step = advanceTasks(run, input);
  if (step !== undefined) return step;
  if (!isExhausted(run)) return nothing;
  return events(
    fail(run, {
      code: context.failureCode ?? failureCodes.taskTimeout,
      message: context.failureMessage ?? '',
      retryable: false,
    }),
  );
}

function advanceCanceling(run: RunAggregate, input: TurnInput): Decision {
  const { terminate, cancelReason } = runContext(run);
  const reason = cancelReason ?? 'canceled';
  if (run.pending.size > 0) return skip(run, run.pending, 'canceled');
  if (run.pendingCleanup.size > 0) return skip(run, run.pendingCleanup, 'canceled');
  const canceled = cancelOpen(run, { input, atOnce: terminate, reason, spares: () => false });
  if (canceled !== undefined) return canceled;
  if (!isExhausted(run)) return nothing;
  return events(event('run.canceled', { ...ending(run), reason }));
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
  const list: RunEvent[] = [];
  for (const activation of run.open) {
    if (list.length >= MAX_BATCH) break;
    if (spares(activation) || (activation.expansion?.open ?? 0) > 0) continue;
    list.push(...cancelActivation(activation, { reason, now: input.now, atOnce }));
  }
  return list.length === 0 ? undefined : events(...list);
}

/** What the end of a run repeats. */
export function ending(run: RunAggregate): { name: string; session?: string; startedAt?: number } {
  const { name, session } = run.header;
  const { startedAt } = runContext(run);
  return {
    name,
    ...(session === undefined ? {} : { session }),
    ...(startedAt === null ? {} : { startedAt }),
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

/** Skips everything that has not started; for `complete`. */
export function skipPending(run: RunAggregate): RunEvent[] {
  const list: RunEvent[] = [];
  for (const index of [...run.pending, ...run.pendingCleanup]) {
    list.push(event('task.skipped', { taskId: run.plan.at(index).task.id, reason: 'completed' }));
  }
  for (const activation of run.open) {
    if (activation.state === 'running') continue;
    list.push(
      event('task.cancelRequested', { ...identity(activation), reason: 'completed' }),
      event('task.canceled', { ...identity(activation), reason: 'completed' }),
    );
  }
  return list;
}
