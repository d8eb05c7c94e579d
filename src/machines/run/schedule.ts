/**
 * A task whose trigger holds: its condition, then what scheduling means for its kind.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { parseDuration } from '../../workflow/durations.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { cancelActivation } from '../task/decide.ts';
import type { RunAggregate } from './aggregate.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import type { PlanNode } from './plan.ts';
import { type Evaluated, evaluate } from './scope.ts';

/** Items that one `foreach` may have. */
const MAX_ITEMS = 1_000_000;

/** A round of a task that is about to begin. */
export interface Place {
  node: PlanNode;
  /** The activation. */
  id: string;
}

/** The fields that every task event of a place carries. */
export function placeIdentity({ node, id }: Place): { taskId: string; definitionTaskId?: string } {
  return node.task.id === id ? { taskId: id } : { taskId: id, definitionTaskId: node.task.id };
}

export function scheduleTask(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { node } = place;
  const { condition } = node;
  if (condition !== undefined) {
    const holds = evaluate(run, undefined, (scope) => condition.evaluate(scope));
    if (holds.kind === 'needs') return holds;
    if (holds.kind === 'failed') return failedAtOnce(place, holds.failure);
    if (typeof holds.value !== 'boolean') {
      return failedAtOnce(place, notA('the condition', 'true or false', holds.value));
    }
    if (!holds.value) return notWanted(place);
  }
  const isWanted = entersLoop(run, place);
  if (isWanted.kind !== 'value') {
    return isWanted.kind === 'needs' ? isWanted : failedAtOnce(place, isWanted.failure);
  }
  if (!isWanted.value) return notWanted(place);
  return withWithdrawn(run, { place, input }, begin(run, place, input));
}

function notWanted(place: Place): Decision {
  return events(event('task.skipped', { ...placeIdentity(place), reason: 'condition' }));
}

/** `repeat.while` is asked before the first round of each time through. */
function entersLoop(run: RunAggregate, { node }: Place): Evaluated<JsonValue> {
  const condition = node.while;
  const isFirst = (run.flow?.tasks[node.index]?.repeated ?? 0) === 0;
  if (condition === undefined || !isFirst) return { kind: 'value', value: true };
  return evaluate(run, undefined, (scope) => condition.evaluate(scope));
}

/** `rest: cancel`: the branches that did not make it end with the decision. */
function withWithdrawn(
  run: RunAggregate,
  { place, input }: { place: Place; input: TurnInput },
  decision: Decision,
): Decision {
  const { trigger } = place.node.task;
  if (decision.kind !== 'events' || typeof trigger === 'string' || !('rest' in trigger))
    return decision;
  const branches = new Set(run.plan.flow.branchesOf(place.node.index));
  return events(...decision.events, ...withdraw(run, branches, input));
}

/** What ends the tasks of a set that have not ended: agents are asked, what has not started is skipped. */
function withdraw(run: RunAggregate, tasks: ReadonlySet<number>, input: TurnInput): RunEvent[] {
  const reason = 'the join was decided';
  const list: RunEvent[] = [];
  for (const activation of run.open) {
    if (!tasks.has(activation.node.index) || (activation.expansion?.open ?? 0) > 0) continue;
    list.push(...cancelActivation(activation, { reason, now: input.now, atOnce: false }));
  }
  for (const index of tasks) {
    if (!run.pending.has(index) && !run.pendingCleanup.has(index)) continue;
    list.push(event('task.skipped', { taskId: run.plan.at(index).task.id, reason: 'canceled' }));
  }
  return list;
}

function begin(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { node } = place;
  const delay = delayBetweenRounds(run, place, input);
  if (delay !== undefined) return delay;
  if (node.kind === 'pass') {
    const identity = placeIdentity(place);
    return events(scheduled(place), event('task.succeeded', { ...identity, output: null }));
  }
  if (node.kind === 'foreach') return expand(run, place);
  if (node.kind === 'timer') return waitForTimer(run, place, input);
  return events(scheduled(place));
}

/** `repeat.delay`: another round waits before it asks for a slot. */
function delayBetweenRounds(
  run: RunAggregate,
  place: Place,
  input: TurnInput,
): Decision | undefined {
  const { node } = place;
  const delayMs = node.task.repeat?.delayMs ?? 0;
  if (delayMs === 0 || (run.flow?.tasks[node.index]?.repeated ?? 0) === 0) return undefined;
  const waiting = event('task.waiting', {
    ...placeIdentity(place),
    kind: 'timer',
    dueAt: input.now + delayMs,
    details: { round: true },
  });
  return events(scheduled(place), waiting);
}

function scheduled(place: Place): RunEvent {
  return event('task.scheduled', { ...placeIdentity(place), attempt: 1 });
}

function notA(what: string, wanted: string, value: JsonValue): Failure {
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  return {
    code: failureCodes.expressionFailed,
    message: `${what} must be ${wanted}; it is ${found}`,
    retryable: false,
  };
}

/** Deciding about the task failed: it is recorded as failed without an attempt. */
function failedAtOnce(place: Place, error: Failure): Decision {
  const identity = placeIdentity(place);
  const list = [scheduled(place), event('task.failed', { ...identity, error })];
  if (place.node.task.onFailure === 'skip')
    list.push(event('task.skipped', { ...identity, reason: 'on_failure' }));
  return events(...list);
}

function expand(run: RunAggregate, place: Place): Decision {
  const { node } = place;
  const items = evaluate(run, undefined, (scope) => node.items.render(scope));
  if (items.kind === 'needs') return items;
  if (items.kind === 'failed') return failedAtOnce(place, items.failure);
  const list = items.value;
  if (!Array.isArray(list)) return failedAtOnce(place, notA('foreach', 'a list', list));
  if (list.length > MAX_ITEMS) {
    const message = `foreach has ${list.length} items; ${MAX_ITEMS} are possible`;
    return failedAtOnce(place, { code: 'expression.limit', message, retryable: false });
  }
  const expanded = event('task.expanded', {
    ...placeIdentity(place),
    items: list,
    count: list.length,
  });
  return events(scheduled(place), expanded);
}

function waitForTimer(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { node } = place;
  const duration = evaluate(run, undefined, (scope) => node.duration.render(scope));
  if (duration.kind === 'needs') return duration;
  if (duration.kind === 'failed') return failedAtOnce(place, duration.failure);
  const { wait } = node.task;
  const isLiteral = wait?.kind === 'timer' && typeof wait.duration === 'number';
  const delayMs = isLiteral ? (duration.value as number) : durationOf(duration.value);
  if (delayMs === undefined) {
    return failedAtOnce(
      place,
      notA('the duration of the wait', 'seconds or a text such as "5m"', duration.value),
    );
  }
  const waiting = event('task.waiting', {
    ...placeIdentity(place),
    kind: 'timer',
    dueAt: input.now + delayMs,
  });
  return events(scheduled(place), waiting);
}

function durationOf(value: JsonValue): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  return parseDuration(value);
}
