/**
 * What expressions of a run may see, and what has to be fetched before they can.
 * An evaluation that touches a value which is not in memory is answered with `needs`, and done again once it is.
 */
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { Scope, TaskScope } from '../../workflow/expressions.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import {
  type Activation,
  inlineObject,
  type RunAggregate,
  runContext,
  type ValueRef,
} from './aggregate.ts';
import { reportedStatus } from './task-status.ts';
import { knownValue } from './values.ts';

export type Evaluated<Value> =
  | { kind: 'value'; value: Value }
  | { kind: 'needs'; refs: ValueRef[] }
  | { kind: 'failed'; failure: Failure };

/** Evaluates something of a run: `activation` is the instance whose `item` is in scope. */
export function evaluate<Value>(
  run: RunAggregate,
  activation: Activation | undefined,
  compute: (scope: Scope) => Value,
): Evaluated<Value> {
  const missing: ValueRef[] = [];
  const fetch = (ref: ValueRef): JsonValue | undefined => {
    const value = knownValue(run, ref);
    if (value === undefined) missing.push(ref);
    return value;
  };
  try {
    const value = compute(scopeOf(run, activation, fetch));
    return missing.length > 0 ? { kind: 'needs', refs: missing } : { kind: 'value', value };
  } catch (error) {
    if (missing.length > 0) return { kind: 'needs', refs: missing };
    if (!(error instanceof TroupeError)) throw error;
    const code = error.code.startsWith('expression.') ? error.code : failureCodes.expressionFailed;
    return { kind: 'failed', failure: { code, message: error.message, retryable: false } };
  }
}

type Fetch = (ref: ValueRef) => JsonValue | undefined;

function scopeOf(run: RunAggregate, activation: Activation | undefined, fetch: Fetch): Scope {
  return activation?.parent === undefined
    ? new RunScope(run, fetch)
    : new InstanceScope(run, fetch, activation);
}

/** What every expression of a run sees; values are fetched when they are touched. */
class RunScope implements Scope {
  protected readonly fetch: Fetch;
  private readonly aggregate: RunAggregate;

  constructor(run: RunAggregate, fetch: Fetch) {
    this.aggregate = run;
    this.fetch = fetch;
  }

  get inputs(): JsonObject {
    const inputs = this.fetch(this.aggregate.inputs);
    return inputs === undefined ? {} : inlineObject(inputs);
  }

  get variables(): JsonObject {
    return this.aggregate.plan.definition.context.variables;
  }

  get run(): JsonObject {
    const { runId, name } = this.aggregate.header;
    return { id: runId, name, started_at: runContext(this.aggregate).startedAt };
  }

  task(id: string): TaskScope | undefined {
    return taskScope(this.aggregate, id, this.fetch);
  }
}

/** An instance of a `foreach` task sees its item as well. */
class InstanceScope extends RunScope implements Scope {
  private readonly activation: Activation;

  constructor(run: RunAggregate, fetch: Fetch, activation: Activation) {
    super(run, fetch);
    this.activation = activation;
  }

  get item(): JsonValue {
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

/** What expressions see of a task; large outputs are asked for only when touched. */
function taskScope(run: RunAggregate, id: string, fetch: Fetch): TaskScope | undefined {
  const node = run.plan.byId(id);
  if (node === undefined) return undefined;
  const activation = run.activations.get(id);
  const context = activation?.context;
  const startedAt = context?.firstStartedAt ?? null;
  const output = activation?.output;
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
