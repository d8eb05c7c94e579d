/**
 * What a fork has beside the state of its origin (contracts.md, Durability promise): where it comes from, which
 * activations it is to begin again, and what was set for it. `fork.ts` makes it; here is what deciding asks of it.
 */
import { isObject } from '../../workflow/loose.ts';
import type { BlobReference, JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Activation, RunAggregate } from './aggregate.ts';

/** One value that is put into the parameters of a task after they were rendered. Empty: all of them. */
export interface ParameterOverride {
  path: string[];
  value: JsonValue;
}

/** `reuse`: what changed runs; `strict`: what changed fails. */
export type SandboxMode = 'reuse' | 'strict';

/** As `run.forked` records it. Values over 4 KiB are blob references. */
export interface ForkOverrides {
  /** All inputs, the changed ones among them. */
  inputs?: JsonObject | BlobReference;
  /** By task. */
  parameters?: Record<string, ParameterOverride[]>;
  /** By activation. */
  outputs?: Record<string, JsonValue>;
}

export interface ForkState {
  from: string;
  at: number;
  sandbox: SandboxMode | undefined;
  /** Activations that were open in the origin and have not been scheduled again. */
  readonly returned: Set<Activation>;
  /** Last attempt of activations that are as if they had never begun: attempts go on counting. */
  readonly formerAttempts: Map<string, number>;
  /** By task. */
  readonly parameters: Map<string, ParameterOverride[]>;
}

/** What a snapshot keeps. */
export interface StoredFork {
  from: string;
  at: number;
  sandbox?: SandboxMode;
  returned: string[];
  formerAttempts: [string, number][];
  parameters: [string, ParameterOverride[]][];
}

export function storeFork(fork: ForkState): StoredFork {
  const { from, at, sandbox, returned, formerAttempts, parameters } = fork;
  return {
    from,
    at,
    ...(sandbox === undefined ? {} : { sandbox }),
    returned: [...returned].map(({ id }) => id),
    formerAttempts: [...formerAttempts],
    parameters: [...parameters],
  };
}

/** After the activations of a snapshot were taken over. */
export function restoreFork(run: RunAggregate, stored: StoredFork | undefined): void {
  if (stored === undefined) return;
  const { from, at, sandbox, returned, formerAttempts, parameters } = stored;
  run.fork = {
    from,
    at,
    sandbox,
    returned: new Set(returned.flatMap((id) => run.activations.get(id) ?? [])),
    formerAttempts: new Map(formerAttempts),
    parameters: new Map(parameters),
  };
  // As the fold leaves them; they get cells with their next event.
  for (const activation of run.activations.values()) {
    if (activation.state !== 'pending') continue;
    activation.cell?.stop();
    activation.cell = undefined;
  }
}

/** True while something of the origin is to begin again. */
export function isReturning(run: RunAggregate): boolean {
  return run.fork !== undefined && run.fork.returned.size > 0;
}

/** The parameters of an activation with what was set for this fork; those of its compensation stay as they are. */
export function withOverrides(
  run: RunAggregate,
  { node, undoOf }: Activation,
  rendered: JsonValue,
): JsonValue {
  const list = undoOf === undefined ? run.fork?.parameters.get(node.task.id) : undefined;
  let parameters = rendered;
  for (const { path, value } of list ?? []) parameters = withValueAt(parameters, path, value);
  return parameters;
}

/** A copy with a value at a path; objects are made where there are none. A list takes its indexes and the next one. */
export function withValueAt(
  target: JsonValue,
  path: readonly string[],
  value: JsonValue,
): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(target) && /^\d+$/.test(key) && Number(key) <= target.length) {
    const list = [...target];
    list[Number(key)] = withValueAt(list[Number(key)] ?? null, rest, value);
    return list;
  }
  const object = isObject(target) ? target : {};
  return { ...object, [key]: withValueAt(object[key] ?? null, rest, value) };
}
