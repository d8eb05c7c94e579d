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
import { type Decision, events, type TurnInput } from './decision.ts';
import { identity, identityOf } from './identity.ts';
import { isSpared } from './stopping.ts';
import { approximateBytes, knownValue } from './values.ts';

/** The most instances of one task that are scheduled and not ended. */
const MAX_WINDOW = 500;
/** Instances canceled in one step. */
const MAX_CANCELED = 50;

/** Successes that the join needs. */
function neededSuccesses(activation: Activation, expansion: Expansion): number {
  const count = activation.node.task.join?.count;
  if (count === undefined) return expansion.count;
  return Math.min(expansion.count, count >= 1 ? count : shareOf(count, expansion.count));
}

/** Rounded up, but not for what binary fractions add: 0.07 of 100 is 7, although the product is 7.000000000000001. */
function shareOf(share: number, count: number): number {
  return Math.ceil(share * count - 1e-9);
}

export function advanceExpansion(
  run: RunAggregate,
  activation: Activation,
  input: TurnInput,
): Decision {
  const expansion = activation.expansion as Expansion;
  const join = activation.node.task.join;
  const needed = neededSuccesses(activation, expansion);
  const holds = expansion.succeeded >= needed;
  const cannotHold = expansion.count - expansion.unsuccessful < needed;
  const isCut =
    (holds && join?.rest === 'cancel') ||
    (cannotHold &&
      (join?.rest === 'cancel' || run.plan.definition.settings.onFailure !== 'continue'));
  if (isCut && expansion.open > 0) return cancelRest(run, activation, input);
  const isOver = isCut || expansion.next === expansion.count;
  if (isOver && expansion.open === 0) return end(run, activation, cannotHold);
  if (!isOver && mayStart(run, activation, input.now)) return scheduleNext(run, activation);
  return settled(activation);
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
  const room = Math.min(window - expansion.open, expansion.count - expansion.next);
  if (room <= 0) return settled(activation);
  const list: RunEvent[] = [];
  for (let offset = 0; offset < room; offset += 1) {
    list.push(
      event('task.scheduled', {
        ...identityOf(instanceId(activation.id, expansion.next + offset), task),
        attempt: 1,
      }),
    );
  }
  return events(...list);
}

function cancelRest(run: RunAggregate, activation: Activation, input: TurnInput): Decision {
  const list: RunEvent[] = [];
  for (const instance of run.open) {
    if (instance.parent !== activation) continue;
    if (list.length >= MAX_CANCELED) break;
    list.push(
      ...cancelActivation(instance, {
        reason: 'the join was decided',
        now: input.now,
        atOnce: false,
      }),
    );
  }
  return list.length === 0 ? settled(activation) : events(...list);
}

function end(run: RunAggregate, activation: Activation, isFailed: boolean): Decision {
  const expansion = activation.expansion as Expansion;
  if (isFailed) {
    return events(...finalFailure(activation, { error: joinFailure(activation, expansion) }));
  }
  const outputs = outputsOf(run, activation);
  if (outputs.missing.length > 0) return { kind: 'needs', refs: outputs.missing };
  if (approximateBytes(outputs.values, MAX_VALUE_BYTES) > MAX_VALUE_BYTES) {
    return events(...finalFailure(activation, { error: tooLarge(expansion) }));
  }
  return events(event('task.succeeded', { ...identity(activation), output: outputs.values }));
}

function joinFailure(activation: Activation, expansion: Expansion): Failure {
  const needed = neededSuccesses(activation, expansion);
  const first = expansion.firstFailure;
  const because = first === null ? '' : `; the first failure was ${first.code}: ${first.message}`;
  return {
    code: failureCodes.joinUnsatisfied,
    message: `${expansion.unsuccessful} of ${expansion.count} instances did not succeed, ${needed} must${because}`,
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
