/**
 * What a person wants to know of a run while it goes on, folded from its events. Pure.
 *
 * V1 One entry a task of the workflow; the instances of a `foreach` are counted, never listed.
 * V2 An event costs the same however many tasks and instances there are.
 * Size: one table of events and the small folds behind it.
 */
import { isEnded } from '../../client/run-outcome.ts';
import type { Envelope } from '../../events/envelope.ts';
import { isRoundDelay } from '../../machines/task/delays.ts';
import type { ReportedRunStatus } from '../../messages/report.ts';
import type { DefinitionChange } from '../../workflow/change/definition-change.ts';
import type { RetryPolicy, TaskDefinition, WorkflowDefinition } from '../../workflow/definition.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { waitText } from './wait-text.ts';

export const taskStates = [
  'pending',
  'ready',
  'running',
  'waiting',
  'retrying',
  'canceling',
  'succeeded',
  'failed',
  'skipped',
  'canceled',
] as const;
export type TaskState = (typeof taskStates)[number];

export interface InstanceCounts {
  total: number;
  /** How many are in each state; those that were not scheduled yet are in none. */
  byState: Map<TaskState, number>;
  stateOf: Map<string, TaskState>;
}

export interface TaskView {
  id: string;
  state: TaskState;
  dependencies: readonly string[];
  /** Who does it or is to do it. */
  agent?: string;
  /** The workflow that it runs as a child. */
  workflow?: string;
  retry?: RetryPolicy;
  /** The number of the last attempt. */
  attempt: number;
  /** Rounds that have begun. */
  rounds: number;
  /** When the first one began, ms since the epoch. */
  startedAt?: number;
  /** Of all rounds that have ended, ms. */
  spentMs: number;
  /** When the rounds that go on began, by activation. */
  since?: Map<string, number>;
  /** The hook that it is a task of. */
  hook?: string;
  percent?: number;
  message?: string;
  waitsFor?: string;
  /** The child run of the last attempt. */
  child?: string;
  dueAt?: number;
  error?: { code: string; message: string };
  reason?: string;
  instances?: InstanceCounts;
  /** How far its compensation is; of a `foreach` that of the last instance. */
  undo?: 'being undone' | 'undone' | 'could not be undone';
}

export type ViewedEvent = Pick<Envelope, 'type' | 'data' | 'at'>;

type Data = {
  change?: DefinitionChange;
  withdrawn?: string[];
  taskId?: string;
  hook?: string;
  attempt?: number;
  agent?: string;
  error?: { code: string; message: string };
  reason?: string;
  kind?: string;
  details?: JsonValue;
  feed?: string;
  dueAt?: number;
  count?: number;
  message?: string;
  percent?: number;
  isDelayOver?: boolean;
  definition?: WorkflowDefinition;
  name?: string;
};

const STATE_AFTER: Readonly<Record<string, TaskState>> = {
  'task.scheduled': 'ready',
  'task.preparing': 'ready',
  'task.handedOff': 'ready',
  'task.started': 'running',
  'task.expanded': 'running',
  'task.waiting': 'waiting',
  'task.retryScheduled': 'retrying',
  'task.cancelRequested': 'canceling',
  'task.succeeded': 'succeeded',
  'task.reused': 'succeeded',
  'task.failed': 'failed',
  'task.skipped': 'skipped',
  'task.canceled': 'canceled',
  'task.reset': 'pending',
};
const UNDO_AFTER: Readonly<Record<string, TaskView['undo']>> = {
  'task.compensating': 'being undone',
  'task.compensated': 'undone',
  'task.compensationFailed': 'could not be undone',
};
const RUN_STATUS_AFTER: Readonly<Record<string, ReportedRunStatus>> = {
  'run.started': 'running',
  'run.paused': 'paused',
  'run.resumed': 'running',
  'run.retried': 'running',
  'run.forked': 'running',
  'run.stopping': 'stopping',
  'run.compensationStarted': 'compensating',
  'run.cancelRequested': 'canceling',
  'run.finishing': 'finishing',
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.canceled': 'canceled',
};
const ENDED: ReadonlySet<TaskState> = new Set(['succeeded', 'failed', 'skipped', 'canceled']);
const PERSONS: ReadonlySet<string> = new Set(['approval', 'signal', 'first']);

/** True when nothing more happens to a task in this state, unless somebody retries it. */
export function isEndedState(state: TaskState): boolean {
  return ENDED.has(state);
}

/** How many instances of a `foreach` have ended. */
export function endedInstances({ byState }: InstanceCounts): number {
  let ended = 0;
  for (const state of ENDED) ended += byState.get(state) ?? 0;
  return ended;
}

export class RunView {
  readonly tasks = new Map<string, TaskView>();
  name = '';
  status: ReportedRunStatus = 'pending';
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** True while the run is set aside: it goes on when somebody releases it. */
  isQuarantined = false;
  pausedReason: string | undefined;
  error: { code: string; message: string } | undefined;
  /** Attempts that were given to an agent, and attempts that were decided after a failed one. */
  attempts = 0;
  retries = 0;
  /** Agents that nobody offers now; whoever shows the view keeps it. */
  offline: ReadonlySet<string> = new Set();
  /** Open activations and whether each waits for a person without a timeout. `foreach` parents are left out. */
  readonly #open = new Map<string, boolean>();
  #forPersons = 0;
  /** Open activations that are ready, and may not begin before they have a mutex. */
  readonly #locked = new Set<string>();
  /** Tasks with a mutex, their own or that of a region. */
  readonly #withMutex = new Set<string>();

  /** True when something is open and all of it waits for a person, without a timeout, or may wait for a mutex. */
  get isWaitingForPerson(): boolean {
    return this.#forPersons > 0 && this.#forPersons + this.#locked.size === this.#open.size;
  }

  /** Tasks that may wait for a mutex: which of them do is in the report of the run. */
  get lockable(): ReadonlySet<string> {
    return this.#locked;
  }

  /** Takes the next event. */
  take({ type, data, at }: ViewedEvent): void {
    const known = data as Data;
    if (type.startsWith('run.')) this.#takeRun(type, known, at);
    else if (type.startsWith('task.') && known.taskId !== undefined) {
      this.#count(type, known.taskId, known);
      this.#takeTask(type, { ...known, taskId: known.taskId }, at);
    }
  }

  /** The definition, where `run.created` only names it. */
  define(definition: WorkflowDefinition): void {
    this.name = definition.name;
    this.#defineTasks(definition.tasks);
  }

  #defineTasks(tasks: readonly TaskDefinition[]): void {
    for (const definitionTask of tasks) {
      const { id, agent, workflow, dependencies, retry, mutex, region } = definitionTask;
      if (mutex !== undefined || region !== undefined) this.#withMutex.add(id);
      const task = this.task(id);
      task.dependencies = dependencies;
      if (agent !== undefined) task.agent ??= agent;
      if (workflow !== undefined) task.workflow = workflow.name;
      if (retry !== undefined) task.retry = retry;
    }
  }

  /** The entry of an activation's task. */
  task(activation: string): TaskView {
    const id = activation.split(/[@~!]/, 1)[0] ?? activation;
    let task = this.tasks.get(id);
    if (task === undefined) {
      task = { id, state: 'pending', dependencies: [], attempt: 0, rounds: 1, spentMs: 0 };
      this.tasks.set(id, task);
    }
    return task;
  }

  #takeRun(type: string, data: Data, at: number): void {
    if (type === 'run.created') {
      this.name = data.name ?? '';
      if (Array.isArray(data.definition?.tasks)) this.define(data.definition);
    }
    if (type === 'run.forked') this.name = data.name ?? '';
    if (type === 'run.adapted') this.#adapt(data);
    if (type === 'run.quarantined') this.isQuarantined = true;
    if (type === 'run.released') this.isQuarantined = false;
    if (type === 'run.started' || type === 'run.forked') this.startedAt ??= at;
    this.pausedReason =
      type === 'run.paused' ? data.reason : type === 'run.resumed' ? undefined : this.pausedReason;
    if (data.error !== undefined) this.error = data.error;
    const status = RUN_STATUS_AFTER[type];
    if (status === undefined) return;
    this.status = status;
    this.endedAt = isEnded({ status }) ? at : undefined;
  }

  #adapt({ change, withdrawn = [] }: Data): void {
    for (const id of [...withdrawn, ...(change?.removed ?? [])]) {
      this.tasks.delete(id);
      this.#open.delete(id);
      this.#locked.delete(id);
    }
    for (const { id } of change?.tasks ?? [])
      if (this.tasks.get(id)?.state === 'pending') this.tasks.delete(id);
    this.#defineTasks(change?.tasks ?? []);
  }

  /** A compensation is shown at the task that it undoes; an instance is counted at its `foreach`. */
  #takeTask(type: string, data: Data & { taskId: string }, at: number): void {
    if (type === 'task.started') this.attempts += 1;
    if (type === 'task.retryScheduled' && data.isDelayOver !== true) this.retries += 1;
    if (data.taskId.includes('!')) return;
    const task = this.task(data.taskId);
    const undo = UNDO_AFTER[type];
    if (undo !== undefined) task.undo = undo;
    if (data.taskId.includes('~')) countInstance(task, { type, data });
    else fold(task, { type, data, at });
  }

  #count(type: string, taskId: string, { kind, dueAt, feed }: Data): void {
    const state = STATE_AFTER[type];
    if (state === undefined) return;
    if (this.#open.get(taskId) === true) this.#forPersons -= 1;
    this.#locked.delete(taskId);
    const isFed = type === 'task.expanded' && feed !== undefined;
    if ((type === 'task.expanded' && !isFed) || type === 'task.reset' || ENDED.has(state)) {
      this.#open.delete(taskId);
      return;
    }
    const isAsked = state === 'waiting' && dueAt === undefined && PERSONS.has(kind ?? '');
    const isForPerson = isAsked || isFed;
    this.#open.set(taskId, isForPerson);
    if (type === 'task.scheduled' && this.#withMutex.has(this.task(taskId).id))
      this.#locked.add(taskId);
    if (isForPerson) this.#forPersons += 1;
  }
}

// Length: one field a line.
function fold(task: TaskView, { type, data, at }: { type: string; data: Data; at: number }): void {
  if (type === 'task.progressed') {
    if (data.percent !== undefined) task.percent = data.percent;
    if (data.message !== undefined) task.message = data.message;
    return;
  }
  if (data.attempt !== undefined) task.attempt = data.attempt;
  if (data.error !== undefined) task.error = data.error;
  if (data.agent !== undefined && type !== 'task.attemptFailed') task.agent = data.agent;
  const state = STATE_AFTER[type];
  if (state === undefined) return;
  task.state = state;
  delete task.percent;
  delete task.message;
  delete task.dueAt;
  delete task.waitsFor;
  delete task.reason;
  if (data.reason !== undefined) task.reason = data.reason;
  if (data.kind !== undefined) task.waitsFor = waitText(data.kind, data.details);
  if (data.feed !== undefined) task.waitsFor = waitText('feed', { signal: data.feed });
  if (data.kind === 'run') task.child = (data.details as { runId: string }).runId;
  if (data.dueAt !== undefined) task.dueAt = data.dueAt;
  if (type === 'task.expanded')
    task.instances = { total: data.count ?? 0, byState: new Map(), stateOf: new Map() };
  if (data.hook !== undefined) task.hook = data.hook;
  if (state === 'succeeded') delete task.error;
  time(task, { state, data, at });
}

/** A round is timed from its beginning to its end; a delay before it is none of it. */
function time(
  task: TaskView,
  { state, data, at }: { state: TaskState; data: Data; at: number },
): void {
  const { taskId = '' } = data;
  task.rounds = Math.max(task.rounds, Number(taskId.split('@')[1] ?? 1));
  if (state === 'running' || (state === 'waiting' && !isRoundDelay(data.details))) {
    task.startedAt ??= at;
    task.since ??= new Map();
    if (!task.since.has(taskId)) task.since.set(taskId, at);
  }
  if (!ENDED.has(state) && state !== 'pending') return;
  const since = task.since?.get(taskId);
  task.since?.delete(taskId);
  if (since !== undefined) task.spentMs += at - since;
  if (state !== 'pending') return;
  delete task.startedAt;
  task.spentMs = 0;
}

/** How long a task has been at it until `now` (ms since the epoch), all rounds together; undefined before it began. */
export function spentBy({ startedAt, spentMs, since }: TaskView, now: number): number | undefined {
  if (startedAt === undefined) return undefined;
  let spent = spentMs;
  for (const at of since?.values() ?? []) spent += Math.max(0, now - at);
  return spent;
}

function countInstance(
  task: TaskView,
  { type, data }: { type: string; data: Data & { taskId: string } },
): void {
  if (data.agent !== undefined && type === 'task.started') task.agent = data.agent;
  if (type === 'task.failed' && data.error !== undefined) task.error = data.error;
  const state = STATE_AFTER[type];
  const { instances } = task;
  if (state === undefined || instances === undefined) return;
  const before = instances.stateOf.get(data.taskId);
  if (before !== undefined) add(instances, before, -1);
  instances.stateOf.set(data.taskId, state);
  instances.total = Math.max(instances.total, instances.stateOf.size); // a feed adds some
  add(instances, state, 1);
}

function add({ byState }: InstanceCounts, state: TaskState, by: number): void {
  byState.set(state, (byState.get(state) ?? 0) + by);
}
