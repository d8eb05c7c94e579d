/**
 * What is set for a fork, checked against the state that it begins in: inputs, parameters of tasks that have not ended,
 * outputs of tasks that have. What comes of it is recorded in `run.forked` and applied by its fold.
 */
import type { EventLog, PendingBlob } from '../../log/event-log.ts';
import {
  type Activation,
  INLINE_BYTES,
  lastActivation,
  type RunAggregate,
  type ValueRef,
} from '../../machines/run/aggregate.ts';
import { tasksBehind } from '../../machines/run/fork.ts';
import { type ForkOverrides, withValueAt } from '../../machines/run/fork-state.ts';
import type { PlanNode } from '../../machines/run/plan.ts';
import { approximateBytes } from '../../machines/run/values.ts';
import { openStates, type TaskState } from '../../machines/task/machine.ts';
import { resolveInputs } from '../../workflow/inputs.ts';
import { isObject } from '../../workflow/loose.ts';
import { suggest } from '../../workflow/suggest.ts';
import { type JsonObject, type JsonValue, VALUE_BLOB_TYPE } from '../../workflow/value.ts';
import { ForkOverrideInvalid } from '../host/errors.ts';
import { readValue } from '../host/load.ts';
import { checkStored, namesBlobs } from './stored-blobs.ts';

const PATHS = 'Paths are inputs.<name>, tasks.<id>.parameters.<name> and tasks.<id>.output.';
/** After these an output may be set. */
const ENDED: ReadonlySet<TaskState> = new Set(['succeeded', 'failed', 'skipped', 'canceled']);

export interface CheckedOverrides {
  overrides: ForkOverrides;
  blobs: PendingBlob[];
}

/** `run` is the state at the point of the fork. Throws `fork.invalid`, `blob.not-found`. */
export async function checkOverrides(
  source: { log: EventLog; stream: string; run: RunAggregate },
  set: Readonly<Record<string, JsonValue>>,
): Promise<CheckedOverrides> {
  const reading = new OverrideReader(source);
  // Outputs first: what is behind them begins anew, and takes parameters.
  const entries = Object.entries(set).sort(([a], [b]) => Number(isOutput(b)) - Number(isOutput(a)));
  for (const [path, value] of entries) {
    if (namesBlobs(value)) await checkStored(source.log.blobs, value);
    await reading.take(path, value);
  }
  return reading.finish();
}

function isOutput(path: string): boolean {
  return /^tasks\.[^.]+\.output(\.|$)/.test(path);
}

class OverrideReader {
  readonly #log: EventLog;
  readonly #stream: string;
  readonly #run: RunAggregate;
  #inputs: JsonValue | undefined;
  readonly #parameters: NonNullable<ForkOverrides['parameters']> = {};
  readonly #outputs = new Map<string, JsonValue>();
  /** Tasks that begin anew. */
  readonly #anew = new Set<number>();

  constructor(source: { log: EventLog; stream: string; run: RunAggregate }) {
    this.#log = source.log;
    this.#stream = source.stream;
    this.#run = source.run;
  }

  async take(path: string, value: JsonValue): Promise<void> {
    const [what, ...rest] = path.split('.');
    if (rest.length === 0 && what !== 'inputs')
      throw new ForkOverrideInvalid(path, 'that is no path', PATHS);
    if (rest.includes('') || rest.includes('__proto__'))
      throw new ForkOverrideInvalid(path, 'a name of it is empty or reserved', PATHS);
    if (what === 'inputs') await this.#input(path, rest, value);
    else if (what === 'tasks') await this.#task(path, rest, value);
    else
      throw new ForkOverrideInvalid(
        path,
        `it begins with "${what}"`,
        suggest(what ?? '', ['inputs', 'tasks'], PATHS).hint,
      );
  }

  async #input(path: string, rest: string[], value: JsonValue): Promise<void> {
    this.#inputs ??= await this.#read(this.#run.inputs);
    const changed = withValueAt(this.#inputs, rest, value);
    if (!isObject(changed)) throw new ForkOverrideInvalid(path, 'inputs are an object', PATHS);
    const { inputs, problems } = resolveInputs(this.#run.plan.definition, changed as JsonObject);
    if (problems !== undefined) {
      const [first] = problems;
      throw new ForkOverrideInvalid(
        path,
        first?.message ?? 'it does not fit',
        first?.hint ?? PATHS,
      );
    }
    this.#inputs = inputs;
  }

  async #task(path: string, [id = '', field, ...rest]: string[], value: JsonValue): Promise<void> {
    const node = this.#run.plan.byId(id);
    if (node === undefined) {
      const ids = this.#run.plan.nodes.map(({ task }) => task.id);
      const { hint } = suggest(id, ids, 'Use the id of a task of its workflow.');
      throw new ForkOverrideInvalid(path, `the run has no task "${id}"`, hint);
    }
    if (field === 'parameters') this.#parameter(path, { node, rest, value });
    else if (field === 'output') await this.#output(path, { node, rest, value });
    else throw new ForkOverrideInvalid(path, `a task has no "${field ?? ''}" to set`, PATHS);
  }

  #parameter(
    path: string,
    { node, rest, value }: { node: PlanNode; rest: string[]; value: JsonValue },
  ): void {
    const { id, agent, capability, workflow } = node.task;
    if (agent === undefined && capability === undefined && workflow === undefined)
      throw new ForkOverrideInvalid(path, 'the task takes no parameters', PATHS);
    const hasEnded = this.#run.progress[node.index]?.outcome !== undefined;
    if (hasEnded && this.#run.flow === undefined && !this.#anew.has(node.index)) {
      const hint = `Fork before it began (at: ${id}), or set its output.`;
      throw new ForkOverrideInvalid(path, 'the task has ended at this point', hint);
    }
    this.#parameters[id] ??= [];
    this.#parameters[id].push({ path: rest, value });
  }

  async #output(
    path: string,
    { node, rest, value }: { node: PlanNode; rest: string[]; value: JsonValue },
  ): Promise<void> {
    const activation = this.#endedOf(path, node);
    const { id, output } = activation;
    const before =
      this.#outputs.get(id) ?? (output === undefined ? null : await this.#read(output));
    this.#outputs.set(id, withValueAt(before, rest, value));
    for (const index of tasksBehind(this.#run, node.index)) this.#anew.add(index);
  }

  /** The activation whose output it is. */
  #endedOf(path: string, node: PlanNode): Activation {
    const activation = lastActivation(this.#run, node);
    const { id, hook } = node.task;
    if (hook !== undefined)
      throw new ForkOverrideInvalid(path, 'it is a task of a hook', 'Set its parameters.');
    if (
      activation === undefined ||
      openStates.has(activation.state) ||
      activation.state === 'pending'
    )
      throw new ForkOverrideInvalid(
        path,
        'the task has not ended at this point',
        `Set tasks.${id}.parameters, or fork at a later version.`,
      );
    if (!ENDED.has(activation.state))
      throw new ForkOverrideInvalid(path, 'the task was undone', 'Fork before the run stopped.');
    if (this.#run.flow !== undefined) this.#requireFront(path, node, activation);
    return activation;
  }

  /** In a workflow with rounds nothing can begin anew: which round would count is not known. */
  #requireFront(path: string, node: PlanNode, { state }: Activation): void {
    const hint = `Fork right after the end of ${node.task.id}.`;
    if (state !== 'succeeded')
      throw new ForkOverrideInvalid(
        path,
        'the workflow has rounds and the task did not succeed',
        hint,
      );
    for (const index of tasksBehind(this.#run, node.index)) {
      const behind = this.#run.plan.at(index);
      if (lastActivation(this.#run, behind) === undefined) continue;
      const why = `the workflow has rounds and "${behind.task.id}" behind it has begun`;
      throw new ForkOverrideInvalid(path, why, hint);
    }
  }

  #read(ref: ValueRef): Promise<JsonValue> {
    return readValue(this.#log, this.#stream, ref);
  }

  /** Larger values become blobs: the fold looks for them nowhere else. */
  finish(): CheckedOverrides {
    const blobs: PendingBlob[] = [];
    const store = (value: JsonValue): JsonValue => {
      if (approximateBytes(value, INLINE_BYTES) <= INLINE_BYTES) return value;
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const reference = this.#log.blobs.reference(bytes, VALUE_BLOB_TYPE);
      blobs.push({ reference, bytes });
      return reference;
    };
    const outputs = Object.fromEntries([...this.#outputs].map(([id, value]) => [id, store(value)]));
    const overrides: ForkOverrides = {
      ...(this.#inputs === undefined ? {} : { inputs: store(this.#inputs) as JsonObject }),
      ...(Object.keys(this.#parameters).length === 0 ? {} : { parameters: this.#parameters }),
      ...(this.#outputs.size === 0 ? {} : { outputs }),
    };
    return { overrides, blobs };
  }
}
