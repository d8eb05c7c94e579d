/**
 * A run without a host: deciders, folds and nothing else, with slots without end (or as many as `slots` says).
 * Given events, when message, then events. Every event is checked against the catalogue, every fold against the
 * machines, and at the end of each message the live aggregate equals one folded from the history.
 * Size: everything that can be said to a run, in one line each.
 */
import { expect } from 'vitest';
import { event, parseEvent, type RunEvent } from '../../src/events/catalogue.ts';
import { type CellFactory, foldedCells, liveCells } from '../../src/machines/cell.ts';
import { advance } from '../../src/machines/run/advance.ts';
import {
  dueAtOf,
  type RunAggregate,
  runState,
  type ValueRef,
  valueKey,
} from '../../src/machines/run/aggregate.ts';
import { decide, mayStartAttempts, mayStartChildren } from '../../src/machines/run/decide.ts';
import type { ChildEnd, Decision, Rejection, RunMessage } from '../../src/machines/run/decision.ts';
import { RUN_DEADLINE, RUN_START, timerIdOf } from '../../src/machines/run/effects.ts';
import { evolve } from '../../src/machines/run/evolve.ts';
import { storeFork } from '../../src/machines/run/fork-state.ts';
import { reportOf } from '../../src/machines/run/report.ts';
import { restoreRun, snapshotOf } from '../../src/machines/run/snapshot.ts';
import type { Failure } from '../../src/messages/failure.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { commandSchema } from '../../src/messages/request.ts';
import type { WorkflowDefinition } from '../../src/workflow/definition.ts';
import { resolveInputs } from '../../src/workflow/inputs.ts';
import { compileWorkflow, definitionHash } from '../../src/workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { foldRecorded, type Recorded, recordedAt } from './fold-recorded.ts';

export { foldRecorded, type Recorded } from './fold-recorded.ts';

/** Answers that one message may cause before the test is taken to run for ever. */
const MAX_STEPS = 20_000;
const START = 1_000;

export interface PureOptions {
  input?: JsonObject;
  start?: boolean;
  deadline?: number;
  startAt?: number;
  debounce?: { key: string; latest?: number };
  /** Attempts that agents can have at once. */
  slots?: number;
  /** Runs above this one. */
  depth?: number;
  random?: number;
  /** Called before each question what follows: there the commit of a long turn may end. */
  onStep?: (run: PureRun) => void;
  /** A fork instead of a new run; `data`: what `run.forked` has beside where it comes from. */
  forkOf?: { history: readonly Recorded[]; at: number; data?: JsonObject };
}

/** Throws with every problem when the workflow is not valid. */
function compiled(workflow: JsonObject): WorkflowDefinition {
  const { definition, problems } = compileWorkflow(workflow);
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

export class PureRun {
  now = START;
  random: number;
  slots: number;
  recoveryMs: number | undefined;
  #children = 0;
  readonly history: Recorded[] = [];
  readonly #onStep: PureOptions['onStep'];
  readonly run: RunAggregate;
  rejection: Rejection | undefined;

  constructor(workflow: JsonObject, options: PureOptions = {}) {
    this.random = options.random ?? 0;
    this.#onStep = options.onStep;
    this.slots = options.slots ?? Number.POSITIVE_INFINITY;
    this.history.push(
      options.forkOf === undefined
        ? this.#created(workflow, options)
        : this.#forked(options.forkOf),
    );
    this.run = foldRecorded(this.history, liveCells);
    if (options.forkOf !== undefined) this.send({ type: 'proceed' });
    else if (options.start ?? options.startAt === undefined) this.command({ type: 'start' });
  }

  #forked({ history, at, data }: NonNullable<PureOptions['forkOf']>): Recorded {
    this.now = Math.max(START, history[at - 1]?.at ?? 0) + 10;
    const forked = event('run.forked', { runId: 'run_2', from: 'run_1', at, ...data });
    return { event: forked, at: this.now, streamVersion: 1, origin: history.slice(0, at) };
  }

  #created(workflow: JsonObject, options: PureOptions): Recorded {
    const definition = compiled(workflow);
    const { inputs } = resolveInputs(definition, options.input ?? {});
    const created = event('run.created', {
      runId: 'run_1',
      name: definition.name,
      definition,
      definitionHash: definitionHash(definition),
      inputs: inputs ?? {},
      priority: 'normal',
      start: options.start ?? true,
      ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
      ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
      ...(options.debounce === undefined ? {} : { debounce: options.debounce }),
      ...(options.depth === undefined ? {} : { depth: options.depth }),
    });
    return { event: created, at: this.now, streamVersion: 1 };
  }

  /** One message: its decision and what follows. Returns what was recorded, as `type taskId` lines. */
  send(message: RunMessage): string[] {
    const before = this.history.length;
    this.rejection = undefined;
    this.#follow(() => decide(this.run, message, this.#input), 1);
    if (this.rejection === undefined) this.#advance(message);
    return this.lines(before);
  }

  #advance(message: RunMessage): void {
    const isStep = message.type === 'command' && message.command.type === 'step';
    let steps = isStep ? 1 : Number.POSITIVE_INFINITY;
    for (let count = 0; ; count += 1) {
      if (count === MAX_STEPS) throw new Error('the run never comes to rest');
      const seen = this.history.length;
      this.#onStep?.(this);
      const decision = this.#follow(() => advance(this.run, this.#input), 1);
      if (decision.kind === 'settled' || this.history.length > seen) continue;
      if (steps > 0 && this.#startChild()) {
        steps -= 1;
        continue;
      }
      const head = this.run.slots < this.slots && steps > 0 ? this.#head() : undefined;
      if (head === undefined) break;
      const admitted: RunMessage = {
        type: 'admitted',
        activation: head.activation,
        ...agentOf(head.demand),
      };
      this.#follow(() => decide(this.run, admitted, this.#input), 1);
      steps -= 1;
    }
    if (isStep && runState(this.run) === 'running')
      this.#record(event('run.paused', { reason: 'step' }));
  }

  #startChild(): boolean {
    const next = this.run.startingChildren.values().next();
    if (next.done || !mayStartChildren(this.run)) return false;
    this.#children += 1;
    const runId = `run_child${this.#children}`;
    const message: RunMessage = { type: 'startChild', activation: next.value.id, runId };
    this.#follow(() => decide(this.run, message, this.#input), 1);
    return true;
  }

  #head() {
    if (!mayStartAttempts(this.run)) return undefined;
    const head = this.run.ready.first(new Set());
    const task =
      head === undefined ? undefined : this.run.activations.get(head.activation)?.node.task;
    return task?.parallel === false && this.run.slots > 0 ? undefined : head;
  }

  #follow(ask: () => Decision, depth: number): Decision {
    const decision = ask();
    if (decision.kind === 'needs') {
      if (depth > 10) throw new Error('values are asked for again and again');
      for (const ref of decision.refs) this.#remember(ref);
      return this.#follow(ask, depth + 1);
    }
    if (decision.kind === 'rejected') this.rejection = decision.rejection;
    if (decision.kind === 'settled') this.run.expansions.delete(decision.activation);
    if (decision.kind === 'events') for (const decided of decision.events) this.#record(decided);
    return decision;
  }

  #remember(ref: ValueRef): void {
    if (ref.at !== 'inline') this.run.values.set(valueKey(ref), this.valueOf(ref));
  }

  /** A value from the history, as the log would give it. */
  valueOf(ref: ValueRef): JsonValue {
    if (ref.at === 'inline') return ref.value;
    if (ref.at === 'blob') throw new Error('there are no blobs here');
    const data = recordedAt(this.history, ref.streamVersion)?.event.data;
    return (data as Record<string, JsonValue>)[ref.field] as JsonValue;
  }

  #record(decided: RunEvent): void {
    parseEvent(structuredClone(decided));
    const streamVersion = this.run.streamVersion + 1;
    const { type, data } = decided;
    evolve(this.run, { type, data, at: this.now, streamVersion });
    this.history.push({ event: decided, at: this.now, streamVersion });
  }

  get #input() {
    return { now: this.now, random: this.random, recoveryMs: this.recoveryMs };
  }

  get state() {
    return runState(this.run);
  }

  command(command: JsonObject): string[] {
    return this.send({ type: 'command', command: commandSchema.parse(command) });
  }

  attempt(activation: string): number {
    return this.run.activations.get(activation)?.context.attempt ?? 0;
  }

  succeed(
    activation: string,
    output: JsonValue = null,
    attempt = this.attempt(activation),
  ): string[] {
    return this.send({
      type: 'result',
      activation,
      result: { status: 'succeeded', attempt, output },
    });
  }

  fail(
    activation: string,
    error: Partial<Failure> = {},
    attempt = this.attempt(activation),
  ): string[] {
    const failure = { code: 'agent.failed', message: 'no', retryable: true, ...error };
    return this.send({
      type: 'result',
      activation,
      result: { status: 'failed', attempt, error: failure },
    });
  }

  /** Tells how the child run of an activation ended; `runId`: of another one. */
  childEnds(
    activation: string,
    end: ChildEnd,
    runId = this.run.activations.get(activation)?.child ?? '',
  ): string[] {
    return this.send({ type: 'childEnded', activation, runId, end });
  }

  lose(activation: string): string[] {
    return this.send({
      type: 'attemptLost',
      activation,
      attempt: this.attempt(activation),
      worker: 'w1',
    });
  }

  /** Lifts a quarantine as the host does: the event, then whatever follows. */
  release(): string[] {
    const before = this.history.length;
    this.#record(event('run.released', { reason: 'mended' }));
    this.send({ type: 'proceed' });
    return this.lines(before);
  }

  /** Lets time pass until the activation's own timer is due, and fires it. */
  fire(activation: string): string[] {
    const found = this.run.activations.get(activation);
    const dueAt = found === undefined ? null : dueAtOf(found);
    if (found === undefined || dueAt === null) throw new Error(`${activation} has no timer`);
    this.now = Math.max(this.now, dueAt);
    return this.send({ type: 'timer', timerId: timerIdOf(found), dueAt });
  }

  /** Lets time pass until the run's deadline, and fires it. */
  expire(): string[] {
    const dueAt = (this.run.cell.snapshot.context as { dueAt: number }).dueAt;
    this.now = Math.max(this.now, dueAt);
    return this.send({ type: 'timer', timerId: RUN_DEADLINE, dueAt });
  }

  /** Tells a run that waits for its time that it is `at`. */
  begin(at: number): string[] {
    this.now = at;
    return this.send({ type: 'timer', timerId: RUN_START, dueAt: this.run.header.startAt ?? 0 });
  }

  /** `type taskId` of everything recorded from an index on. */
  lines(from = 0): string[] {
    return this.history.slice(from).map(({ event: { type, data } }) => {
      const { taskId } = data as { taskId?: string };
      return taskId === undefined ? type : `${type} ${taskId}`;
    });
  }

  last<Type extends RunEvent['type']>(type: Type): Extract<RunEvent, { type: Type }>['data'] {
    const found = this.history.findLast((recorded) => recorded.event.type === type)?.event;
    if (found === undefined) throw new Error(`no ${type} was recorded`);
    return found.data as never;
  }

  report(): RunReport {
    return reportOf(this.run, { now: this.now, valueOf: (ref) => this.valueOf(ref) });
  }

  /** The reported status of each task. */
  statuses(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.report().tasks).map(([id, task]) => [id, task.status]),
    );
  }
}

function agentOf(demand: string): { agent: string; rule: string } {
  return { agent: demand.slice(demand.indexOf(':') + 1), rule: 'named' };
}

/** Everything that a fold must give, in a form that can be compared. */
// Length: one line a field of the aggregate.
export function digestOf(run: RunAggregate): unknown {
  const ids = (list: Iterable<{ id: string }>) => [...list].map(({ id }) => id).sort();
  const indexes = (list: Iterable<number>) => [...list].sort((a, b) => a - b);
  return {
    header: run.header,
    state: run.cell.snapshot.value,
    context: run.cell.snapshot.context,
    streamVersion: run.streamVersion,
    at: run.at,
    progress: run.progress,
    flow: run.flow?.tasks.map(({ groups, ...task }) => ({ ...task, groups: [...groups] })),
    due: indexes(run.flow?.due ?? []),
    activations: [...run.activations.values()].map(({ cell, node, parent, undoOf, ...rest }) => ({
      ...rest,
      task: node.task.id,
      parent: parent?.id,
      undoOf: undoOf?.id,
      hasCell: cell !== undefined,
    })),
    open: ids(run.open),
    delayed: ids(run.delayed),
    runnable: indexes(run.runnable),
    skippable: indexes(run.skippable),
    pending: indexes(run.pending),
    pendingCleanup: indexes(run.pendingCleanup),
    openFailures: indexes(run.openFailures),
    unhandled: [...run.unhandled],
    ready: run.ready.size,
    steering: run.steering.stored(),
    signals: run.signals.kept(),
    signalsDue: [...run.signals.due].sort(),
    startable: ids(run.steering.startable),
    mutexes: [...run.open].map((open) => [open.id, run.steering.mutexes.waitsFor(open)]).sort(),
    startingChildren: ids(run.startingChildren),
    slots: [run.slots, run.exclusiveSlots],
    output: run.output,
    error: run.error,
    phase: run.phase,
    outcome: run.outcome,
    terminating: run.terminating,
    completed: run.completed.map(({ id }) => id),
    undoing: run.undoing?.id,
    isolatedAttempt: run.isolatedAttempt,
    errors: [...run.errors.values()],
    crashes: [...run.crashes],
    retrying: ids(run.retrying),
    isHardPause: run.isHardPause,
    checkpoints: [...run.checkpoints],
    quarantine: run.quarantine,
    fork: run.fork === undefined ? undefined : storeFork(run.fork),
  };
}

/** The aggregate from a snapshot at a version, as JSON would keep it, and the one that the events up to there give. */
export async function restoredAt(
  history: readonly Recorded[],
  cut: number,
  cells: CellFactory = foldedCells,
): Promise<{ run: RunAggregate; before: RunAggregate }> {
  const before = foldRecorded(history.slice(0, cut), foldedCells);
  const { definition } = before.plan;
  const stored = JSON.stringify(snapshotOf(before, { definition }));
  const definitionOf = () => Promise.resolve(definition);
  const { run } = await restoreRun(JSON.parse(stored) as JsonValue, { cells, definitionOf });
  return { run, before };
}

/** Folds the history from a snapshot at every version; each must give what the whole fold gives. */
export async function expectSnapshotsToAgree(history: readonly Recorded[]): Promise<void> {
  const whole = digestOf(foldRecorded(history, foldedCells));
  for (let cut = 1; cut <= history.length; cut += 1) {
    const { run, before } = await restoredAt(history, cut);
    expect(digestOf(run), `at version ${cut}`).toEqual(digestOf(before));
    for (const { event: recorded, at, streamVersion } of history.slice(cut))
      evolve(run, { type: recorded.type, data: recorded.data, at, streamVersion });
    expect(digestOf(run), `from version ${cut}`).toEqual(whole);
  }
}
