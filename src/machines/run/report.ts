/**
 * The report of a run, from its aggregate (messages/report.ts). Values that are not in memory are asked for with
 * `valueOf`; `refsOfReport` names them beforehand, so that a reader can fetch them.
 */
import type { Failure } from '../../messages/failure.ts';
import type { ReportedRunStatus, RunReport, TaskReport } from '../../messages/report.ts';
import { isObject } from '../../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { instanceId, roundId, undoId } from './activation.ts';
import {
  type Activation,
  dueAtOf,
  lastActivation,
  type RunAggregate,
  runContext,
  runState,
  type ValueRef,
  type WaitState,
} from './aggregate.ts';
import type { PlanNode } from './plan.ts';
import { reportedStatus } from './task-status.ts';

export interface ReportOptions {
  /** Milliseconds since the epoch, for the duration of a run that goes on. */
  now: number;
  /** While a quarantine holds: it lies over the chart. */
  quarantine?: { code: string; message: string } | undefined;
  /** Of a task that is ready: what it waits for, where that is known. */
  whyItWaits?(activation: Activation): JsonObject | undefined;
  /** The value behind a reference that is not inline. */
  valueOf(ref: ValueRef): JsonValue;
}

/** Every reference that a full report reads, inline ones left out. */
export function refsOfReport(run: RunAggregate): ValueRef[] {
  const refs: ValueRef[] = [];
  for (const { output } of run.activations.values()) {
    if (output !== undefined && output.at !== 'inline') refs.push(output);
  }
  if (run.output !== undefined && run.output.at !== 'inline') refs.push(run.output);
  return refs;
}

// Length: one line a field.
export function reportOf(run: RunAggregate, options: ReportOptions): RunReport {
  const context = runContext(run);
  const state = runState(run);
  const status: ReportedRunStatus = options.quarantine === undefined ? state : 'quarantined';
  const tasks: Record<string, TaskReport> = {};
  let successes = 0;
  for (const node of run.plan.nodes) {
    // A hook that has not begun may never be asked.
    if (node.task.hook !== undefined && lastActivation(run, node) === undefined) continue;
    const task = reportNode(run, node, options);
    if (task.status === 'success' && node.task.hook === undefined) successes += 1;
    tasks[node.task.id] = task;
  }
  const isPartial = (state === 'failed' || state === 'canceled') && successes > 0;
  const startedAt = context.startedAt ?? context.createdAt ?? run.at;
  const { parent, startAt } = run.header;
  const error = state === 'succeeded' ? undefined : errorOf(run, options);
  return {
    runId: run.header.runId,
    name: run.header.name,
    status,
    output: run.output === undefined ? null : read(run.output, options),
    ...(error === undefined ? {} : { error }),
    durationMs: Math.max(0, (context.endedAt ?? options.now) - startedAt),
    ...(state === 'pending' && startAt !== undefined ? { startsAt: startAt } : {}),
    tasks,
    ...(run.errors.size > 0
      ? { errors: [...run.errors.values()].map((line) => ({ ...line })) }
      : {}),
    ...(parent === undefined ? {} : { parent: { runId: parent.runId, task: parent.activation } }),
    ...(run.fork === undefined ? {} : { forkedFrom: { run: run.fork.from, at: run.fork.at } }),
    ...(run.checkpoints.size > 0 ? { checkpoints: checkpointsOf(run) } : {}),
    ...(isPartial ? { partial: true } : {}),
  };
}

function checkpointsOf({ checkpoints }: RunAggregate): NonNullable<RunReport['checkpoints']> {
  return [...checkpoints].map(([name, streamVersion]) => ({ name, streamVersion }));
}

/** Of a quarantined run it is the defect: what lies in its own error is of before. */
function errorOf(run: RunAggregate, { quarantine }: ReportOptions): Failure | undefined {
  if (quarantine === undefined) return run.error;
  const { code, message } = quarantine;
  return { code, message, retryable: false };
}

function read(ref: ValueRef, options: ReportOptions): JsonValue {
  return ref.at === 'inline' ? ref.value : options.valueOf(ref);
}

/** Undone, at the first try or after a release; a `foreach` task when all that its instances did was undone. */
function isCompensated(run: RunAggregate, { id, state, expansion }: Activation): boolean {
  if (state === 'compensated') return true;
  if (state === 'compensationFailed') return run.activations.get(undoId(id))?.state === 'succeeded';
  if (expansion === undefined || state !== 'succeeded' || expansion.succeeded === 0) return false;
  for (let index = 0; index < expansion.next; index += 1) {
    const instance = run.activations.get(instanceId(id, index));
    if (instance?.state === 'succeeded') return false;
    if (instance?.state === 'compensationFailed' && !isCompensated(run, instance)) return false;
  }
  return true;
}

function reportTask(run: RunAggregate, id: string, options: ReportOptions): TaskReport {
  const activation = run.activations.get(id);
  return activation === undefined
    ? { status: 'pending', attempts: 0 }
    : reportActivation(run, activation, options);
}

/** By its last round, but for the times. */
function reportNode(run: RunAggregate, node: PlanNode, options: ReportOptions): TaskReport {
  const last = lastActivation(run, node);
  if (last === undefined) return { status: 'pending', attempts: 0 };
  const report = reportActivation(run, last, options);
  const rounds = run.flow?.tasks[node.index]?.begun ?? 1;
  return rounds > 1
    ? { ...report, ...overRounds(run, { node, rounds, now: options.now }) }
    : report;
}

function overRounds(
  run: RunAggregate,
  { node, rounds, now }: { node: PlanNode; rounds: number; now: number },
): Pick<TaskReport, 'rounds' | 'workMs' | 'startedAt' | 'exhausted'> {
  const past = run.flow?.tasks[node.index]?.past;
  let workMs = past?.workMs ?? 0;
  let first = past?.startedAt ?? undefined;
  let exhausted = past?.exhausted;
  for (let round = past?.from ?? 1; round <= rounds; round += 1) {
    const activation = run.activations.get(roundId(node.task.id, round));
    exhausted ??= activation?.exhausted;
    const { firstStartedAt = null, endedAt = null } = activation?.context ?? {};
    if (firstStartedAt === null) continue;
    first = Math.min(first ?? firstStartedAt, firstStartedAt);
    workMs += Math.max(0, (endedAt ?? now) - firstStartedAt);
  }
  return {
    rounds,
    ...(first === undefined ? {} : { startedAt: first, workMs }),
    ...(exhausted === undefined ? {} : { exhausted }),
  };
}

function reportActivation(
  run: RunAggregate,
  activation: Activation,
  options: ReportOptions,
): TaskReport {
  const { context, state, output, error, reason, expansion } = activation;
  const report: TaskReport = {
    status: reportedStatus(state),
    attempts: state === 'scheduled' ? Math.max(0, context.attempt - 1) : context.attempt,
  };
  if (output !== undefined) report.output = read(output, options);
  if (error !== undefined && state !== 'succeeded') report.error = error;
  if (reason !== undefined) report.reason = reason;
  const cancel = cancelOf(activation);
  if (cancel !== undefined) report.cancel = cancel;
  if (activation.exhausted !== undefined) report.exhausted = activation.exhausted;
  if (context.agent !== null) report.agent = context.agent;
  if (context.firstStartedAt !== null) report.startedAt = context.firstStartedAt;
  if (context.endedAt !== null) report.endedAt = context.endedAt;
  if (isCompensated(run, activation)) report.compensated = true;
  if (activation.node.task.hook !== undefined) report.hook = activation.node.task.hook;
  if (activation.child !== undefined) report.runId = activation.child;
  if (activation.wait !== undefined) report.waitsFor = waitingReport(activation.wait, activation);
  const why = state === 'scheduled' ? options.whyItWaits?.(activation) : undefined;
  if (why !== undefined) report.waitsFor = why;
  if (activation.leaving !== undefined)
    report.waitsFor = { kind: 'run', runId: activation.leaving, left: true };
  const mutexes = run.steering.mutexes.waitsFor(activation);
  if (mutexes.length > 0) report.waitsFor = { kind: 'mutex', mutexes: [...mutexes] };
  if (expansion !== undefined) {
    report.instances = [];
    for (let index = 0; index < expansion.next; index += 1) {
      report.instances.push(reportTask(run, instanceId(activation.id, index), options));
    }
  }
  return report;
}

/** How far its cancellation is; nothing where nobody had to stop. */
function cancelOf({ state, stopped }: Activation): TaskReport['cancel'] {
  if (state === 'canceling') return 'requested';
  return state === 'canceled' ? stopped : undefined;
}

/** What is waited for: the kind, what was recorded of it, until when, and the answers so far. */
function waitingReport(wait: WaitState, activation: Activation): JsonObject {
  const dueAt = dueAtOf(activation);
  const { feed } = activation.node.task;
  return {
    kind: wait.kind,
    ...(feed === undefined ? {} : { signal: feed }),
    ...(isObject(wait.details) ? wait.details : {}),
    ...(dueAt === null ? {} : { dueAt }),
    ...(wait.votes.length === 0 ? {} : { by: wait.votes.map(({ by }) => by) }),
    ...(wait.delegations === undefined
      ? {}
      : { delegations: wait.delegations.map((each) => ({ ...each })) }),
    ...(wait.reminders === undefined ? {} : { reminders: { ...wait.reminders } }),
  };
}
