/**
 * A `foreach` task while its instances run: which are scheduled next, and when it ends (workflow-language.md, Instances).
 * A window of instances is scheduled and not ended; the others wait as indexes, not as objects.
 * Once it is certain that the join cannot hold, the rest is canceled, unless the run goes on after failures
 * (`on_failure: continue`) and the join does not say `rest: cancel`: then the others finish and keep their results.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { MAX_VALUE_BYTES } from '../../messages/request.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { cancelActivation, finalFailure } from '../task/decide.ts';
import { instanceId } from './activation.ts';
import {
  type Activation,
  type Expansion,
  type RunAggregate,
  runState,
  type ValueRef,
} from './aggregate.ts';
import { nextAttempt } from './attempts.ts';
import { type Decision, events, type TurnInput } from './decision.ts';
import { identity, identityOf } from './identity.ts';
import type { KeptSignal } from './kept-signals.ts';
import { MAX_ITEMS } from './schedule.ts';
import { type Evaluated, evaluateCondition } from './scope.ts';
import { isSpared } from './stopping.ts';
import { approximateBytes, knownValue } from './values.ts';

/** The most instances of one task that are scheduled and not ended. */
const MAX_WINDOW = 500;
/** Instances canceled in one step. */
const MAX_CANCELED = 50;

/** How far a `foreach` is from its end. */
interface Standing {
  /** Instances may still be added. */
  isOpen: boolean;
  holds: boolean;
  /** It is certain that the join will not hold; the reason, where it is an expression. */
  cannotHold: boolean;
  failure?: Failure;
  /** Version of the signal that ended the feed. */
  closedBy: number | undefined;
}

/** Successes that the join needs; without end while it is not known of how many. */
function neededSuccesses({ node }: Activation, expansion: Expansion, isOpen = false): number {
  const count = node.task.join?.count;
  if (isOpen) return count !== undefined && count >= 1 ? count : Number.POSITIVE_INFINITY;
  if (count === undefined) return expansion.count;
  return Math.min(expansion.count, count >= 1 ? count : shareOf(count, expansion.count));
}

/** Rounded up, but not for what binary fractions add: 0.07 of 100 is 7, although the product is 7.000000000000001. */
function shareOf(share: number, count: number): number {
  return Math.ceil(share * count - 1e-9);
}

/** `needs` where `join.until` sees outputs that are not at hand. */
function standingOf(
  run: RunAggregate,
  activation: Activation,
): Standing | Extract<Decision, { kind: 'needs' }> {
  const expansion = activation.expansion as Expansion;
  const { feed, join } = activation.node.task;
  const fed = feed === undefined ? undefined : run.signals.ofFeed(feed, activation, 0);
  const isOpen = fed !== undefined && fed.closedBy === undefined;
  const closedBy = fed?.closedBy;
  const needed = neededSuccesses(activation, expansion, isOpen);
  const counted = expansion.isHeld === true || expansion.succeeded >= needed;
  if (join?.until === undefined) {
    const isLost = isOpen
      ? join?.count === undefined && expansion.unsuccessful > 0
      : expansion.count - expansion.unsuccessful < needed;
    return { isOpen, closedBy, holds: counted, cannotHold: !counted && isLost };
  }
  const enough = counted ? { kind: 'value' as const, value: true } : isEnough(run, activation);
  if (enough.kind === 'needs') return enough;
  if (enough.kind === 'failed')
    return { isOpen, closedBy, holds: false, cannotHold: true, failure: enough.failure };
  const isOver = !isOpen && expansion.open === 0 && hasBegunAll(expansion);
  return { isOpen, closedBy, holds: enough.value, cannotHold: !enough.value && isOver };
}

/** `join.until`, asked once an instance has ended; it sees the outputs so far. */
function isEnough(run: RunAggregate, activation: Activation): Evaluated<boolean> {
  const { enough: until, task } = activation.node;
  const expansion = activation.expansion as Expansion;
  if (until === undefined || expansion.succeeded + expansion.unsuccessful === 0)
    return { kind: 'value', value: false };
  const { values, missing } = outputsOf(run, activation);
  if (missing.length > 0) return { kind: 'needs', refs: missing };
  const own = { task: task.id, output: values };
  return evaluateCondition(run, until, { what: 'join.until', own, at: activation.id });
}

export function advanceExpansion(
  run: RunAggregate,
  activation: Activation,
  input: TurnInput,
): Decision {
  const expansion = activation.expansion as Expansion;
  if (activation.state === 'canceling' || expansion.completed === true)
    return wind(run, activation, input);
  if (activation.state === 'succeeded') return goOn(run, activation, input);
  const standing = standingOf(run, activation);
  if ('kind' in standing) return standing;
  const { holds, cannotHold, isOpen } = standing;
  const rest = activation.node.task.join?.rest;
  if (holds && rest === 'detach') return end(run, activation, standing);
  const isCanceling = rest === 'cancel';
  const isCut =
    (holds && isCanceling) ||
    (cannotHold && (isCanceling || run.plan.definition.settings.onFailure !== 'continue'));
  if (isCut && expansion.open > 0)
    return cancelRest(run, activation, {
      reason: 'the join was decided',
      now: input.now,
      ...(holds ? { join: true } : {}),
    });
  const isOver = isCut || (!isOpen && hasBegunAll(expansion));
  if (isOver && expansion.open === 0) return end(run, activation, standing);
  if (!isOver && mayStart(run, activation, input.now)) return scheduleNext(run, activation);
  return settled(activation);
}

function hasBegunAll({ next, count, again }: Expansion): boolean {
  return next === count && again === undefined;
}

/** It is being canceled, or a task completed it: no instance begins any more, and after the last it ends. */
function wind(run: RunAggregate, activation: Activation, { now }: TurnInput): Decision {
  const { open } = activation.expansion as Expansion;
  const reason = activation.reason ?? 'completed';
  if (open > 0) return cancelRest(run, activation, { reason, now });
  if (activation.state !== 'canceling')
    return end(run, activation, { cannotHold: false, closedBy: undefined });
  return events(...cancelActivation(activation, { reason, now, atOnce: false }));
}

/** Enough have succeeded and the task has ended; the other instances run without it. */
function goOn(run: RunAggregate, activation: Activation, input: TurnInput): Decision {
  return mayStart(run, activation, input.now) ? scheduleNext(run, activation) : settled(activation);
}

/** Nothing to decide until another instance ends. The agenda is derived, so taking the entry off is no event. */
function settled(activation: Activation): Decision {
  return { kind: 'settled', activation };
}

/** In a run that stops, only clean-up tasks go on. */
function mayStart(run: RunAggregate, activation: Activation, now: number): boolean {
  const state = runState(run);
  if (state === 'running' || state === 'paused' || state === 'finishing') return true;
  return state === 'stopping' && isSpared(run, activation, now);
}

function scheduleNext(run: RunAggregate, activation: Activation): Decision {
  const expansion = activation.expansion as Expansion;
  const { task } = activation.node;
  const window = Math.min(
    task.maxParallel ?? MAX_WINDOW,
    run.plan.definition.settings.maxParallel,
    MAX_WINDOW,
  );
  const room = window - expansion.open;
  const list: RunEvent[] = [];
  const schedule = (index: number, signal?: KeptSignal): void => {
    const id = instanceId(activation.id, index);
    list.push(
      event('task.scheduled', {
        ...identityOf(id, task),
        ...nextAttempt(run, id),
        ...(signal === undefined ? {} : { signal: signal.streamVersion }),
      }),
    );
  };
  const { next, count, again = [] } = expansion;
  for (const index of again.slice(0, Math.max(0, room))) schedule(index);
  for (let index = next; index < count && list.length < room; index += 1) schedule(index);
  const begun = list.length - Math.min(again.length, list.length);
  if (task.feed !== undefined && next + begun === count) {
    const limit = Math.min(room - list.length, MAX_ITEMS - count);
    const { signals } = run.signals.ofFeed(task.feed, activation, limit);
    for (const [offset, signal] of signals.entries()) schedule(count + offset, signal);
  }
  return list.length === 0 ? settled(activation) : events(...list);
}

function cancelRest(
  run: RunAggregate,
  activation: Activation,
  options: { reason: string; now: number; join?: boolean },
): Decision {
  const list: RunEvent[] = [];
  for (const instance of run.open) {
    if (instance.parent !== activation) continue;
    if (list.length >= MAX_CANCELED) break;
    list.push(...cancelActivation(instance, { ...options, atOnce: false }));
  }
  return list.length === 0 ? settled(activation) : events(...list);
}

function end(
  run: RunAggregate,
  activation: Activation,
  { cannotHold, failure, closedBy }: Pick<Standing, 'cannotHold' | 'failure' | 'closedBy'>,
): Decision {
  const expansion = activation.expansion as Expansion;
  if (cannotHold) {
    const error = failure ?? joinFailure(activation, expansion);
    return events(...finalFailure(activation, { error }));
  }
  const outputs = outputsOf(run, activation);
  if (outputs.missing.length > 0) return { kind: 'needs', refs: outputs.missing };
  if (approximateBytes(outputs.values, MAX_VALUE_BYTES) > MAX_VALUE_BYTES) {
    return events(...finalFailure(activation, { error: tooLarge(expansion) }));
  }
  return events(
    event('task.succeeded', {
      ...identity(activation),
      output: outputs.values,
      ...(closedBy === undefined ? {} : { signal: closedBy }),
    }),
  );
}

function joinFailure(activation: Activation, expansion: Expansion): Failure {
  const { until } = activation.node.task.join ?? {};
  const needed = neededSuccesses(activation, expansion);
  const wanted = until === undefined ? `${needed} must` : `\`${until}\` does not hold`;
  const first = expansion.firstFailure;
  const because = first === null ? '' : `; the first failure was ${first.code}: ${first.message}`;
  return {
    code: failureCodes.joinUnsatisfied,
    message: `${expansion.unsuccessful} of ${expansion.count} instances did not succeed, ${wanted}${because}`,
    retryable: false,
  };
}

function tooLarge(expansion: Expansion): Failure {
  return {
    code: failureCodes.payloadTooLarge,
    message: `the outputs of ${expansion.succeeded} instances are larger than ${MAX_VALUE_BYTES} bytes together`,
    retryable: false,
  };
}

/** The outputs of the succeeded instances, in input order. */
function outputsOf(
  run: RunAggregate,
  activation: Activation,
): { values: JsonValue[]; missing: ValueRef[] } {
  const values: JsonValue[] = [];
  const missing: ValueRef[] = [];
  const { next } = activation.expansion as Expansion;
  for (let index = 0; index < next; index += 1) {
    const instance = run.activations.get(instanceId(activation.id, index));
    if (instance?.state !== 'succeeded' || instance.output === undefined) continue;
    const value = knownValue(run, instance.output);
    if (value === undefined) missing.push(instance.output);
    else values.push(value);
  }
  return { values, missing };
}
