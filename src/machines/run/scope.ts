/**
 * What expressions of a run may see, and what has to be fetched before they can.
 * An evaluation that touches a value which is not in memory is answered with `needs`, and done again once it is.
 */
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { MAX_VALUE_BYTES } from '../../messages/request.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { CompiledExpression, Scope, TaskScope } from '../../workflow/expressions.ts';
import { leastJsonLength } from '../../workflow/operators.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { roundId, roundOf } from './activation.ts';
import {
  type Activation,
  inlineObject,
  lastActivation,
  type RunAggregate,
  runContext,
  runState,
  type ValueRef,
} from './aggregate.ts';
import type { PlanNode } from './plan.ts';
import { failureOfTask } from './task-outcome.ts';
import { reportedStatus } from './task-status.ts';
import { knownValue } from './values.ts';

/** What V8 says where a text would be longer than 2^29 characters. */
const TEXT_TOO_LONG = 'Invalid string length';

export type Evaluated<Value> =
  | { kind: 'value'; value: Value }
  | { kind: 'needs'; refs: ValueRef[] }
  | { kind: 'failed'; failure: Failure };

/** What an evaluation sees beside the run. */
interface Seen {
  own?: OwnOutput | undefined;
  /** The activation that it is done for, also one that has not begun. */
  at?: string | undefined;
}

/**
 * Evaluates something of a run: `activation` is the instance whose `item` is in scope. A value whose JSON is over
 * 64 MiB fails with `payload.too-large`: nobody would accept it, and past some size nobody could write it.
 */
export function evaluate<Value extends JsonValue>(
  run: RunAggregate,
  activation: Activation | undefined,
  compute: (scope: Scope) => Value,
  { own, at = activation?.id }: Seen = {},
): Evaluated<Value> {
  const missing: ValueRef[] = [];
  // A loop may touch one value a million times: what was found stays at hand for this evaluation.
  let found: Map<ValueRef, JsonValue> | undefined;
  const fetch = (ref: ValueRef): JsonValue | undefined => {
    if (ref.at === 'inline') return ref.value;
    const known = found?.get(ref);
    if (known !== undefined) return known;
    const value = knownValue(run, ref);
    if (value === undefined) missing.push(ref);
    else {
      found ??= new Map();
      found.set(ref, value);
    }
    return value;
  };
  try {
    const value = compute(scopeOf(run, { activation, fetch, own, at }));
    if (missing.length > 0) return { kind: 'needs', refs: missing };
    const isTooLarge = leastJsonLength(value, MAX_VALUE_BYTES) > MAX_VALUE_BYTES;
    return isTooLarge ? { kind: 'failed', failure: tooLarge() } : { kind: 'value', value };
  } catch (error) {
    if (missing.length > 0) return { kind: 'needs', refs: missing };
    return { kind: 'failed', failure: failureOfEvaluation(error) };
  }
}

/** As `evaluate`, of what has to be true or false; anything else fails, and the failure says what it was. */
export function evaluateCondition(
  run: RunAggregate,
  condition: CompiledExpression,
  { what, ...seen }: { what: string } & Seen,
): Evaluated<boolean> {
  const given = evaluate(run, undefined, (scope) => condition.evaluate(scope), seen);
  if (given.kind !== 'value') return given;
  const { value } = given;
  return typeof value === 'boolean'
    ? { kind: 'value', value }
    : { kind: 'failed', failure: notA(what, 'true or false', value) };
}

function tooLarge(): Failure {
  const message = `the value of the expressions is larger than ${MAX_VALUE_BYTES} bytes`;
  return { code: failureCodes.payloadTooLarge, message, retryable: false };
}

/** The failure that an error of an evaluation is; rethrows a defect. */
function failureOfEvaluation(error: unknown): Failure {
  if (error instanceof TroupeError) {
    const code = error.code.startsWith('expression.') ? error.code : failureCodes.expressionFailed;
    return { code, message: error.message, retryable: false };
  }
  // The last net: the work of an expression is counted so that it ends long before the engine refuses a text.
  if (!(error instanceof RangeError && error.message === TEXT_TOO_LONG)) throw error;
  return {
    code: 'expression.limit',
    message: 'a text of the expression is longer than a text can be',
    retryable: false,
  };
}

/** The failure of an expression that gave something else than is wanted. */
export function notA(what: string, wanted: string, value: JsonValue): Failure {
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  return {
    code: failureCodes.expressionFailed,
    message: `${what} must be ${wanted}; it is ${found}`,
    retryable: false,
  };
}

/** The output that a task is about to have: what its loops and its join are asked with. */
export interface OwnOutput {
  task: string;
  output: JsonValue;
}

type Fetch = (ref: ValueRef) => JsonValue | undefined;

function scopeOf(
  run: RunAggregate,
  { activation, fetch, own, at }: { activation: Activation | undefined; fetch: Fetch } & Seen,
): Scope {
  if (activation?.undoOf !== undefined) return undoScope(run, activation.undoOf, fetch);
  return activation?.parent === undefined
    ? new RunScope(run, fetch, { own, at })
    : new InstanceScope(run, fetch, activation);
}

/** What stopped the run, or the first failure that nothing handled. */
function errorSeen(run: RunAggregate): Failure | undefined {
  if (run.error !== undefined) return run.error;
  const first = run.unhandled.values().next();
  return first.done ? undefined : failureOfTask(run, first.value);
}

/** A compensation sees what its task saw, and under the task's name what this activation of it did. */
function undoScope(run: RunAggregate, undone: Activation, fetch: Fetch): Scope {
  const scope = scopeOf(run, { activation: undone, fetch, at: undone.id });
  const own = undone.node.task.id;
  const tasks = scope.task.bind(scope);
  const { output } = undone;
  scope.task = (id) => (id === own ? scopeOfActivation(run, undone, { output, fetch }) : tasks(id));
  return scope;
}

/** What every expression of a run sees; values are fetched when they are touched. */
class RunScope implements Scope {
  protected readonly fetch: Fetch;
  private readonly aggregate: RunAggregate;
  private tasks: Map<string, TaskScope> | undefined;

  private readonly own: OwnOutput | undefined;
  private readonly at: string | undefined;

  constructor(run: RunAggregate, fetch: Fetch, { own, at }: Seen) {
    this.aggregate = run;
    this.fetch = fetch;
    this.own = own;
    this.at = at;
  }

  /** Only rounds have a number: what belongs to no activation is in none. */
  get round(): number | undefined {
    return this.at === undefined ? undefined : roundOf(this.at);
  }

  get inputs(): JsonObject {
    const inputs = this.fetch(this.aggregate.inputs);
    return inputs === undefined ? {} : inlineObject(inputs);
  }

  get variables(): JsonObject {
    return this.aggregate.plan.definition.context.variables;
  }

  get run(): JsonObject {
    const { header, outcome } = this.aggregate;
    const error = outcome === 'failed' ? errorSeen(this.aggregate) : this.aggregate.error;
    return {
      id: header.runId,
      name: header.name,
      started_at: runContext(this.aggregate).startedAt,
      /** In the closing hooks: how the run ends. */
      status: outcome ?? runState(this.aggregate),
      error: error === undefined ? null : ({ ...error } as JsonObject),
    };
  }

  task(id: string): TaskScope | undefined {
    const known = this.tasks?.get(id);
    if (known !== undefined) return known;
    const task =
      this.own?.task === id
        ? ownScope(this.aggregate, this.own)
        : taskScope(this.aggregate, id, this.fetch);
    if (task === undefined) return undefined;
    this.tasks ??= new Map();
    this.tasks.set(id, task);
    return task;
  }
}

/** An instance of a `foreach` task sees its item as well. */
class InstanceScope extends RunScope implements Scope {
  private readonly activation: Activation;

  constructor(run: RunAggregate, fetch: Fetch, activation: Activation) {
    super(run, fetch, { at: activation.id });
    this.activation = activation;
  }

  get item(): JsonValue {
    const { item } = this.activation;
    if (item !== undefined) return this.fetch(item) ?? null;
    const expansion = this.activation.parent?.expansion;
    const items = expansion === undefined ? undefined : this.fetch(expansion.items);
    return Array.isArray(items) ? (items[this.activation.index] ?? null) : null;
  }

  get index(): number {
    return this.activation.index;
  }

  get as(): string {
    return this.activation.node.task.as ?? 'item';
  }
}

/** The last round that ended: while another one goes on, its output is what there is. */
function lastEnded(run: RunAggregate, node: PlanNode): Activation | undefined {
  const ended = run.flow?.tasks[node.index]?.ended ?? 0;
  return ended === 0 ? undefined : run.activations.get(roundId(node.task.id, ended));
}

function ownScope(run: RunAggregate, { task, output }: OwnOutput): TaskScope | undefined {
  const node = run.plan.byId(task);
  if (node === undefined) return undefined;
  const context = lastActivation(run, node)?.context;
  const startedAt = context?.firstStartedAt ?? run.at;
  return {
    status: 'success',
    attempts: context?.attempt ?? 0,
    duration: (run.at - startedAt) / 1000,
    output,
  };
}

/** What expressions see of a task; large outputs are asked for only when touched. */
function taskScope(run: RunAggregate, id: string, fetch: Fetch): TaskScope | undefined {
  const node = run.plan.byId(id);
  if (node === undefined) return undefined;
  const activation = lastActivation(run, node);
  return scopeOfActivation(run, activation, {
    output: activation?.output ?? lastEnded(run, node)?.output,
    fetch,
  });
}

function scopeOfActivation(
  run: RunAggregate,
  activation: Activation | undefined,
  { output, fetch }: { output: ValueRef | undefined; fetch: Fetch },
): TaskScope {
  const context = activation?.context;
  const startedAt = context?.firstStartedAt ?? null;
  const scope = {
    status: activation === undefined ? 'pending' : reportedStatus(activation.state),
    attempts: context?.attempt ?? 0,
    /** Seconds. */
    duration: startedAt === null ? 0 : ((context?.endedAt ?? run.at) - startedAt) / 1000,
    ...(activation?.error === undefined ? {} : { error: activation.error as unknown as JsonValue }),
  };
  if (output === undefined) return scope;
  return Object.defineProperty(scope, 'output', {
    enumerable: true,
    get: () => fetch(output) ?? null,
  }) as TaskScope;
}
