/**
 * A task whose trigger holds: its condition, then what scheduling means for its kind.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { Failure } from '../../messages/failure.ts';
import type { JsonValue } from '../../workflow/value.ts';
import type { Expansion, RunAggregate } from './aggregate.ts';
import { nextAttempt } from './attempts.ts';
import { cancelWholeTask } from './cancel-tasks.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import { identityOf, type TaskIdentity } from './identity.ts';
import type { PlanNode } from './plan.ts';
import { repeatedOf } from './rounds.ts';
import { waitData } from './schedule-wait.ts';
import { type Evaluated, evaluate, evaluateCondition, notA } from './scope.ts';
import { knownValue } from './values.ts';

/** Items that one `foreach` may have. */
export const MAX_ITEMS = 1_000_000;

/** A round of a task that is about to begin. */
export interface Place {
  node: PlanNode;
  /** The activation. */
  id: string;
}

/** The fields that every task event of a place carries. */
export function placeIdentity({ node, id }: Place): TaskIdentity {
  return identityOf(id, node.task);
}

export function scheduleTask(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { node } = place;
  if (run.steering.shut.has(node.index))
    return events(event('task.skipped', { ...placeIdentity(place), reason: 'milestone' }));
  const { condition } = node;
  if (condition !== undefined) {
    const holds = evaluateCondition(run, condition, { what: 'the condition', at: place.id });
    if (holds.kind === 'needs') return holds;
    if (holds.kind === 'failed') return failedAtOnce(run, place, holds.failure);
    if (!holds.value) return notWanted(place);
  }
  const isWanted = entersLoop(run, place);
  if (isWanted.kind !== 'value') {
    return isWanted.kind === 'needs' ? isWanted : failedAtOnce(run, place, isWanted.failure);
  }
  if (!isWanted.value) return notWanted(place);
  return withWithdrawn(run, { place, input }, begin(run, place, input));
}

function notWanted(place: Place): Decision {
  return events(event('task.skipped', { ...placeIdentity(place), reason: 'condition' }));
}

/** `repeat.while` is asked before the first round of each time through. */
function entersLoop(run: RunAggregate, { node, id }: Place): Evaluated<boolean> {
  const condition = node.while;
  const isFirst = repeatedOf(run, node.index) === 0;
  if (condition === undefined || !isFirst) return { kind: 'value', value: true };
  return evaluateCondition(run, condition, { what: 'repeat.while', at: id });
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
  const options = { reason: 'the join was decided', now: input.now };
  // What is in work is asked before what comes behind it is skipped.
  const branches = run.plan.flow.branchesOf(place.node.index).toReversed();
  const ends = branches.flatMap((index) => cancelWholeTask(run, index, options));
  return events(...decision.events, ...ends);
}

function begin(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { node } = place;
  const delay = delayBetweenRounds(run, place, input);
  if (delay !== undefined) return delay;
  const isLocked =
    node.kind !== 'pass' && run.steering.mutexes.needs({ ...place, parent: undefined });
  if (isLocked) return events(scheduled(run, place));
  return beginTask(run, place, input);
}

/** What beginning means for the kind of a task: `task.scheduled`, and what follows at once where no agent is needed. */
export function beginTask(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const { kind } = place.node;
  if (kind === 'pass') return pass(run, place);
  if (kind === 'foreach') return expand(run, place);
  if (kind === 'wait') return startWait(run, place, input);
  return events(scheduled(run, place));
}

/** It succeeds at once, with what it computes. */
function pass(run: RunAggregate, place: Place): Decision {
  const { node, id } = place;
  const output = evaluate(run, undefined, (scope) => node.output.render(scope), { at: id });
  if (output.kind === 'needs') return output;
  if (output.kind === 'failed') return failedAtOnce(run, place, output.failure);
  const done = event('task.succeeded', { ...placeIdentity(place), output: output.value });
  return events(scheduled(run, place), done);
}

/** `repeat.delay`: another round waits before it asks for a slot. */
function delayBetweenRounds(
  run: RunAggregate,
  place: Place,
  input: TurnInput,
): Decision | undefined {
  const { node } = place;
  const delayMs = node.task.repeat?.delayMs ?? 0;
  if (delayMs === 0 || repeatedOf(run, node.index) === 0) return undefined;
  const waiting = event('task.waiting', {
    ...placeIdentity(place),
    kind: 'timer',
    dueAt: input.now + delayMs,
    details: { round: true },
  });
  return events(scheduled(run, place), waiting);
}

function scheduled(run: RunAggregate, place: Place): RunEvent {
  return event('task.scheduled', { ...placeIdentity(place), ...nextAttempt(run, place.id) });
}

/** Deciding about the task failed: it is recorded as failed without an attempt. */
function failedAtOnce(run: RunAggregate, place: Place, error: Failure): Decision {
  const identity = placeIdentity(place);
  const list = [scheduled(run, place), event('task.failed', { ...identity, error })];
  if (place.node.task.onFailure === 'skip')
    list.push(event('task.skipped', { ...identity, reason: 'on_failure' }));
  return events(...list);
}

function expand(run: RunAggregate, place: Place): Decision {
  const { node } = place;
  const before = run.activations.get(place.id)?.expansion;
  const items =
    before === undefined
      ? evaluate(run, undefined, (scope) => node.items.render(scope), { at: place.id })
      : itemsBefore(run, before);
  if (items.kind === 'needs') return items;
  if (items.kind === 'failed') return failedAtOnce(run, place, items.failure);
  const list = items.value;
  if (!Array.isArray(list)) return failedAtOnce(run, place, notA('foreach', 'a list', list));
  if (list.length > MAX_ITEMS) {
    const message = `foreach has ${list.length} items; ${MAX_ITEMS} are possible`;
    return failedAtOnce(run, place, { code: 'expression.limit', message, retryable: false });
  }
  const expanded = event('task.expanded', {
    ...placeIdentity(place),
    items: list,
    count: before?.count ?? list.length,
    ...(node.task.feed === undefined ? {} : { feed: node.task.feed }),
  });
  return events(scheduled(run, place), expanded);
}

/** What was reset goes on with the items that it had: results of its instances belong to them. */
function itemsBefore(run: RunAggregate, { items }: Expansion): Evaluated<JsonValue> {
  const value = knownValue(run, items);
  return value === undefined ? { kind: 'needs', refs: [items] } : { kind: 'value', value };
}

function startWait(run: RunAggregate, place: Place, input: TurnInput): Decision {
  const data = waitData(run, place, input);
  if (data.kind === 'needs') return data;
  if (data.kind === 'failed') return failedAtOnce(run, place, data.failure);
  const waiting = event('task.waiting', { ...placeIdentity(place), ...data.value });
  return events(scheduled(run, place), waiting);
}
