/**
 * One message's turn: the decision, then what follows from it, step by step, each applied before the next is asked.
 * A turn can stop for a value that is not in memory and goes on where it was once the value is there.
 * Size: what a turn keeps between two questions; apart, nobody would see the order.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import { event } from '../../events/catalogue.ts';
import type { PendingBlob } from '../../log/event-log.ts';
import { advance } from '../../machines/run/advance.ts';
import {
  type Activation,
  type RunAggregate,
  runState,
  type ValueRef,
  valueKey,
} from '../../machines/run/aggregate.ts';
import { decide, mayStartAttempts, mayStartChildren } from '../../machines/run/decide.ts';
import type { Decision, Rejection, RunMessage, TurnInput } from '../../machines/run/decision.ts';
import { evolve } from '../../machines/run/evolve.ts';
import { parametersOf } from '../../machines/run/recorded.ts';
import { approximateBytes, rememberValue, valueRef } from '../../machines/run/values.ts';
import { OFFLOAD_BYTES } from '../../messages/request.ts';
import {
  isKeptValue,
  type JsonObject,
  type JsonValue,
  VALUE_BLOB_TYPE,
} from '../../workflow/value.ts';
import type { Grant, Slot } from '../services/admission.ts';
import { readValue } from './load.ts';
import { adaptedKey } from './new-run.ts';
import type { Delivery, HostRuntime } from './runtime.ts';
import type { Sandbox } from './sandbox.ts';

/** Events after which a turn ends and goes on as a new one: below the log's bound with room for one more step. */
const MAX_EVENTS = 850;
/** About how many bytes of values one commit may hold. */
const MAX_BYTES = 2 * 1024 * 1024;

const NONE: ReadonlySet<string> = new Set();
const NO_SLOTS: ReadonlyMap<string, Slot> = new Map();

interface TurnOptions {
  run: RunAggregate;
  delivery: Delivery;
  host: {
    readonly stream: string;
    /** Of a fork that runs in one. */
    readonly sandbox?: Sandbox | undefined;
    takeGrant(demand: string): Grant | undefined;
  };
  runtime: HostRuntime;
}

export class Turn {
  readonly delivery: Delivery;
  readonly events: RunEvent[] = [];
  readonly blobs: PendingBlob[] = [];
  rejection: Rejection | undefined;
  /** What the decision says for the reply. */
  reply: JsonObject | undefined;
  /** True when more follows than one commit holds. */
  isCut = false;
  /** Keys that no commit may have had before. */
  readonly unique: string[] = [];
  readonly #run: RunAggregate;
  readonly #host: TurnOptions['host'];
  readonly #runtime: HostRuntime;
  #input: TurnInput;
  readonly #fetched: string[] = [];
  // Most turns start no attempt or one: what only some need is made when it is needed.
  /** Parameters of the attempts that this turn started, by activation. */
  #parameters: Map<string, JsonValue> | undefined;
  /** The slots that attempts of this turn use, by activation, until the commit books them. */
  #granted: Map<string, Slot> | undefined;
  #blocked: Set<string> | undefined;
  #isDecided = false;
  readonly #sandbox: Sandbox | undefined;
  /** A slot that was given and not used yet. */
  #held: { activation: string; demand: string; grant: Grant } | undefined;
  /** Attempts that `step` may still start; undefined for any number. */
  #steps: number | undefined;
  /** The id of the child run that is being decided about, which may take a value from the log. */
  #childId: string | undefined;
  #bytes = 0;

  constructor({ run, delivery, host, runtime }: TurnOptions) {
    this.delivery = delivery;
    if (delivery.uniqueKey !== undefined) this.unique.push(delivery.uniqueKey);
    this.#run = run;
    this.#host = host;
    this.#sandbox = host.sandbox;
    this.#runtime = runtime;
    this.#input = { now: Math.max(runtime.clock.now(), run.at), random: runtime.ids.random() };
    const recoveryMs = recoveryOf(run, delivery.message, runtime);
    if (recoveryMs !== undefined) this.#input = { ...this.#input, recoveryMs };
  }

  /** Begins the turn of a new run: `run.created` is applied already, its inputs stay at hand until the end. */
  seed(
    created: RunEvent,
    extra: { blobs: PendingBlob[]; unique: string[]; values: string[] },
  ): void {
    // The first commit has one time for all its events.
    this.#input = { ...this.#input, now: this.#run.at };
    this.events.push(created);
    this.blobs.push(...extra.blobs);
    this.unique.push(...extra.unique);
    this.#fetched.push(...extra.values);
  }

  /** Goes on until everything is decided (undefined), or a value is needed (a promise of it). */
  advance(): Promise<void> | undefined {
    if (!this.#isDecided) {
      const needs = this.#answer(decide(this.#run, this.#message, this.#input));
      if (needs !== undefined) return needs;
      this.#isDecided = true;
      if (this.rejection !== undefined) return undefined;
      this.#prepareStep();
    }
    for (;;) {
      if (this.events.length >= MAX_EVENTS || this.#bytes >= MAX_BYTES) {
        this.isCut = true;
        this.#endStep();
        return undefined;
      }
      const recorded = this.#sandbox === undefined ? undefined : this.#nextRecorded(this.#sandbox);
      if (recorded instanceof Promise) return recorded;
      const decision = recorded ?? this.#next();
      if (decision === undefined) break;
      const needs = this.#answer(decision);
      if (needs !== undefined) return needs;
    }
    this.#endStep();
    return undefined;
  }

  /** A run that was opened for one attempt is paused again in the same commit. */
  #endStep(): void {
    if (this.#steps === undefined || runState(this.#run) !== 'running') return;
    this.#steps = undefined;
    this.#apply(event('run.paused', { reason: 'step' }));
  }

  get #message(): RunMessage {
    return this.delivery.message;
  }

  #prepareStep(): void {
    const message = this.#message;
    if (message.type === 'command' && message.command.type === 'step') this.#steps = 1;
  }

  /** In a sandbox: what would start takes its answer, once nothing follows from what is there. */
  #nextRecorded(sandbox: Sandbox): Decision | Promise<void> | undefined {
    const run = this.#run;
    const consequence = advance(run, this.#input);
    if (consequence.kind !== 'events' || consequence.events.length > 0) return consequence;
    if (!mayStartChildren(run) || this.#steps === 0) return undefined;
    for (;;) {
      const activation = sandbox.next(run);
      if (activation === undefined) return undefined;
      const parameters = parametersOf(run, activation);
      if (parameters.kind === 'needs') return parameters;
      const found =
        parameters.kind === 'failed'
          ? { kind: 'none' as const }
          : sandbox.find(activation, parameters.value);
      if (found.kind === 'later') return found.ready;
      const isStrict = run.fork?.sandbox === 'strict' && parameters.kind !== 'failed';
      if (found.kind === 'none' && !isStrict) {
        sandbox.pass(activation);
        continue;
      }
      if (this.#steps !== undefined) this.#steps -= 1;
      const answer = found.kind === 'answer' ? found.answer : undefined;
      return decide(run, { type: 'recorded', activation: activation.id, answer }, this.#input);
    }
  }

  /** What follows: consequences first, then attempts that have a slot; undefined when nothing does. */
  #next(): Decision | undefined {
    const consequence = advance(this.#run, this.#input);
    if (consequence.kind !== 'events' || consequence.events.length > 0) return consequence;
    return this.#nextChild() ?? this.#nextAttempt();
  }

  /** A child run needs no slot; its id is made here, for deciders make none. */
  #nextChild(): Decision | undefined {
    const next = this.#run.startingChildren.values().next();
    if (next.done || !mayStartChildren(this.#run) || this.#steps === 0) return undefined;
    this.#childId ??= this.#runtime.ids.runId(this.#input.now);
    const message = {
      type: 'startChild',
      activation: next.value.id,
      runId: this.#childId,
    } as const;
    const decision = decide(this.#run, message, this.#input);
    if (decision.kind !== 'events') return decision;
    this.#childId = undefined;
    if (this.#steps !== undefined) this.#steps -= 1;
    return decision;
  }

  #nextAttempt(): Decision | undefined {
    const run = this.#run;
    for (;;) {
      if (!mayStartAttempts(run) || this.#steps === 0) return undefined;
      if (this.#held === undefined) {
        const head = run.ready.first(this.#blocked ?? NONE);
        if (head === undefined) return undefined;
        const activation = run.activations.get(head.activation) as Activation;
        // One that may not run beside others waits until the run is quiet, and those behind it wait for it.
        if (!activation.node.task.parallel && run.slots > 0) return undefined;
        const { demand } = head;
        const grant = this.#host.takeGrant(demand) ?? this.#acquire(demand);
        if (grant === undefined) {
          this.#blocked ??= new Set();
          this.#blocked.add(demand);
          if (run.plan.definition.settings.maxParallel === 1) return undefined;
          continue;
        }
        this.#held = { activation: head.activation, demand, grant };
      }
      const { activation, grant } = this.#held;
      return decide(run, { type: 'admitted', activation, ...grant }, this.#input);
    }
  }

  #acquire(demand: string): Grant | undefined {
    const { stream } = this.#host;
    return this.#runtime.admission.acquire({ stream, demand, owner: this.#run.header });
  }

  #answer(decision: Decision): Promise<void> | undefined {
    switch (decision.kind) {
      case 'needs':
        return this.#fetch(decision.refs);
      case 'rejected':
        this.rejection = decision.rejection;
        return undefined;
      case 'settled':
        this.#run.expansions.delete(decision.activation);
        return undefined;
      case 'events':
        this.reply ??= decision.reply;
        for (const decided of decision.events) this.#apply(decided);
        this.#useHeld();
        return undefined;
    }
  }

  /** The slot in hand was used when its activation has left `scheduled` for a state with a slot; else it goes back. */
  #useHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const activation = this.#run.activations.get(held.activation);
    if (activation?.state !== 'running') {
      this.#runtime.admission.giveBack(held.grant);
      return;
    }
    this.#granted ??= new Map();
    this.#granted.set(held.activation, held.grant);
    if (this.#steps !== undefined) this.#steps -= 1;
  }

  async #fetch(refs: readonly ValueRef[]): Promise<void> {
    for (const ref of refs) {
      if (ref.at === 'inline') continue;
      const key = valueKey(ref);
      if (this.#run.values.has(key)) continue;
      this.#run.values.set(key, await readValue(this.#runtime.log, this.#host.stream, ref));
      this.#fetched.push(key);
    }
  }

  #apply(decided: RunEvent): void {
    const run = this.#run;
    const streamVersion = run.streamVersion + 1;
    const recorded = this.#offload(decided, streamVersion);
    evolve(run, { type: recorded.type, data: recorded.data, at: this.#input.now, streamVersion });
    this.events.push(recorded);
    if (recorded.type === 'run.adapted') this.#takeOnce(adaptedKey(this.#host.stream));
  }

  #takeOnce(key: string): void {
    const isTaken = this.#runtime.log.uniqueOwner(key) !== undefined || this.unique.includes(key);
    if (!isTaken) this.unique.push(key);
  }

  /** Values over 64 KiB become blobs before they are logged; large ones stay at hand for the rest of the turn. */
  #offload(decided: RunEvent, streamVersion: number): RunEvent {
    const field = valueFieldOf(decided);
    if (field === undefined) return decided;
    const data = decided.data as Record<string, JsonValue>;
    const value = data[field];
    if (value === undefined) return decided;
    const bytes = approximateBytes(value, OFFLOAD_BYTES);
    this.#bytes += Math.min(bytes, OFFLOAD_BYTES);
    let stored = decided;
    if (bytes > OFFLOAD_BYTES) {
      const encoded = new TextEncoder().encode(JSON.stringify(value));
      const reference = this.#runtime.log.blobs.reference(encoded, VALUE_BLOB_TYPE);
      this.blobs.push({ reference, bytes: encoded });
      stored = { ...decided, data: { ...data, [field]: reference } } as unknown as RunEvent;
    }
    if (field === 'parameters' || stored.type === 'task.waiting') {
      this.#parameters ??= new Map();
      this.#parameters.set(
        (data as { taskId: string }).taskId,
        (stored.data as Record<string, JsonValue>)[field] as JsonValue,
      );
      return stored;
    }
    const ref = valueRef(
      (stored.data as Record<string, JsonValue>)[field] as JsonValue,
      streamVersion,
      field,
    );
    // An agent's own reference says where its value is, and is not the value.
    if (ref.at !== 'inline' && !isKeptValue(value)) {
      rememberValue(this.#run, ref, value);
      this.#fetched.push(valueKey(ref));
    }
    return stored;
  }

  /** Values that were fetched for this turn go; the items of tasks that still expand stay. */
  finish(): void {
    if (this.#fetched.length === 0) return;
    const kept = new Set<string>();
    for (const activation of this.#run.open) {
      const items = activation.expansion?.items;
      if (items !== undefined && items.at !== 'inline') kept.add(valueKey(items));
    }
    for (const key of this.#fetched) if (!kept.has(key)) this.#run.values.delete(key);
  }

  /** The parameters of an attempt that this turn started. */
  parametersOf(activation: string): JsonValue | undefined {
    return this.#parameters?.get(activation);
  }

  /** The slots that this turn took, once: whoever books them gives them back later. */
  takeGranted(): ReadonlyMap<string, Slot> {
    const granted = this.#granted;
    this.#granted = undefined;
    return granted ?? NO_SLOTS;
  }

  /** The turn came to nothing: every slot that it took goes back. */
  abandon(): void {
    for (const slot of this.takeGranted().values()) this.#runtime.admission.giveBack(slot);
    if (this.#held !== undefined) this.#runtime.admission.giveBack(this.#held.grant);
    this.#held = undefined;
  }
}

/** What `retry: {delay: auto}` goes by, for the attempt that a message may end. */
function recoveryOf(
  run: RunAggregate,
  message: RunMessage,
  runtime: HostRuntime,
): number | undefined {
  const id =
    message.type === 'result'
      ? message.activation
      : message.type === 'timer'
        ? message.timerId.split(':')[1]
        : undefined;
  const activation = id === undefined ? undefined : run.activations.get(id);
  const agent = activation?.context.agent;
  if (typeof agent !== 'string' || activation?.node.task.retry?.adaptive !== true) return undefined;
  return runtime.recoveries.of(agent);
}

function valueFieldOf(
  decided: RunEvent,
): 'output' | 'items' | 'parameters' | 'inputs' | 'payload' | undefined {
  switch (decided.type) {
    case 'run.postponed':
      return 'inputs';
    case 'task.waiting':
      return decided.data.inputs === undefined ? undefined : 'inputs';
    case 'task.started':
      return 'parameters';
    case 'task.succeeded':
    case 'task.reused':
    case 'task.failed':
    case 'run.succeeded':
      return 'output';
    case 'task.expanded':
      return 'items';
    case 'run.signalReceived':
      return 'payload';
    default:
      return undefined;
  }
}
