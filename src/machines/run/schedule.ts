/**
 * A task whose trigger holds: its condition, then what scheduling means for its kind.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { parseDuration } from '../../workflow/durations.ts';
import type { JsonValue } from '../../workflow/value.ts';
import type { RunAggregate } from './aggregate.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import type { PlanNode } from './plan.ts';
import { evaluate } from './scope.ts';

/** Items that one `foreach` may have. */
const MAX_ITEMS = 1_000_000;

export function scheduleTask(run: RunAggregate, node: PlanNode, input: TurnInput): Decision {
  const { condition } = node;
  if (condition !== undefined) {
    const holds = evaluate(run, undefined, (scope) => condition.evaluate(scope));
    if (holds.kind === 'needs') return holds;
    if (holds.kind === 'failed') return failedAtOnce(node, holds.failure);
    if (typeof holds.value !== 'boolean') {
      return failedAtOnce(node, notA('the condition', 'true or false', holds.value));
    }
    if (!holds.value) {
      return events(event('task.skipped', { taskId: node.task.id, reason: 'condition' }));
    }
  }
  if (node.kind === 'foreach') return expand(run, node);
  if (node.kind === 'timer') return wait(run, node, input);
  return events(scheduled(node));
}

function scheduled(node: PlanNode): RunEvent {
  return event('task.scheduled', { taskId: node.task.id, attempt: 1 });
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
function failedAtOnce(node: PlanNode, error: Failure): Decision {
  const taskId = node.task.id;
  const list = [scheduled(node), event('task.failed', { taskId, error })];
  if (node.task.onFailure === 'skip')
    list.push(event('task.skipped', { taskId, reason: 'on_failure' }));
  return events(...list);
}

function expand(run: RunAggregate, node: PlanNode): Decision {
  const items = evaluate(run, undefined, (scope) => node.items.render(scope));
  if (items.kind === 'needs') return items;
  if (items.kind === 'failed') return failedAtOnce(node, items.failure);
  const list = items.value;
  if (!Array.isArray(list)) return failedAtOnce(node, notA('foreach', 'a list', list));
  if (list.length > MAX_ITEMS) {
    const message = `foreach has ${list.length} items; ${MAX_ITEMS} are possible`;
    return failedAtOnce(node, { code: 'expression.limit', message, retryable: false });
  }
  const expanded = event('task.expanded', {
    taskId: node.task.id,
    items: list,
    count: list.length,
  });
  return events(scheduled(node), expanded);
}

function wait(run: RunAggregate, node: PlanNode, input: TurnInput): Decision {
  const duration = evaluate(run, undefined, (scope) => node.duration.render(scope));
  if (duration.kind === 'needs') return duration;
  if (duration.kind === 'failed') return failedAtOnce(node, duration.failure);
  const isLiteral = typeof node.task.wait?.duration === 'number';
  const delayMs = isLiteral ? (duration.value as number) : durationOf(duration.value);
  if (delayMs === undefined) {
    return failedAtOnce(
      node,
      notA('the duration of the wait', 'seconds or a text such as "5m"', duration.value),
    );
  }
  const waiting = event('task.waiting', {
    taskId: node.task.id,
    kind: 'timer',
    dueAt: input.now + delayMs,
  });
  return events(scheduled(node), waiting);
}

function durationOf(value: JsonValue): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  return parseDuration(value);
}
