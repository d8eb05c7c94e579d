/**
 * Follows a run's events: one line for each that a person wants to know of, for pipes and logs, where nothing that was
 * printed can be changed again. Instances of a `foreach` get no line of their own: their number is told at each
 * quarter, and what went wrong with the first ones. Pure.
 */
import type { Failure } from '../../messages/failure.ts';
import { isRetried } from '../../policies/retry.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { counted, duration } from './format.ts';
import { plainText } from './painted.ts';
import { endedInstances, RunView, type TaskView, type ViewedEvent } from './run-view.ts';
import { waitText } from './wait-text.ts';
import { boundText, failureText, skipReason, wordsOf } from './words.ts';

type Data = {
  taskId?: string;
  attempt?: number;
  agent?: string;
  startedAt?: number;
  error?: Failure;
  reason?: string;
  by?: string;
  kind?: string;
  details?: JsonValue;
  feed?: string;
  dueAt?: number;
  isDelayOver?: boolean;
  exhausted?: string;
  count?: number;
};

/** Failures of instances that get a line; the counts have the rest. */
const MAX_INSTANCE_FAILURES = 3;
const QUARTERS = 4;

export class ProgressTracker {
  readonly view: RunView;
  readonly #toldQuarters = new Map<string, number>();
  readonly #toldFailures = new Map<string, number>();

  constructor(view: RunView = new RunView()) {
    this.view = view;
  }

  /** Takes the next event; returns the line for it, undefined for one that needs none. */
  take(event: ViewedEvent): string | undefined {
    this.view.take(event);
    const data = event.data as Data;
    if (event.type === 'task.expanded')
      this.#toldQuarters.delete(this.view.task(data.taskId ?? '').id);
    const line =
      data.taskId?.includes('~') && !data.taskId.endsWith('!undo')
        ? this.#instanceLine(event.type, data, data.taskId)
        : progressLine(event, data, this.view);
    return line === undefined ? undefined : plainLine(line);
  }

  #instanceLine(type: string, data: Data, taskId: string): string | undefined {
    const task = this.view.task(taskId);
    const { instances } = task;
    if (instances === undefined) return undefined;
    if (type === 'task.failed') {
      const told = (this.#toldFailures.get(task.id) ?? 0) + 1;
      this.#toldFailures.set(task.id, told);
      if (told <= MAX_INSTANCE_FAILURES)
        return `  failed     ${taskId}: ${failureText(data.error)}${whyNotRetried(task, data)}`;
    }
    const ended = endedInstances(instances);
    const quarter = Math.floor((ended / Math.max(1, instances.total)) * QUARTERS);
    const told = this.#toldQuarters.get(task.id) ?? 0;
    if (quarter <= told || ended === instances.total || instances.total < QUARTERS)
      return undefined;
    this.#toldQuarters.set(task.id, quarter);
    return `  progress   ${task.id}: ${instancesText(task)}`;
  }
}

/** A line stays a line whatever an agent wrote; its indentation stays too. */
function plainLine(line: string): string {
  const text = line.trimStart();
  return ' '.repeat(line.length - text.length) + plainText(text);
}

function instancesText({ instances }: TaskView): string {
  if (instances === undefined) return '';
  const failed = instances.byState.get('failed') ?? 0;
  return `${endedInstances(instances)} of ${instances.total} instances ended${failed === 0 ? '' : `, ${failed} failed`}`;
}

/** Why a task with a retry policy failed before its last attempt. */
function whyNotRetried(task: TaskView, { error }: Data): string {
  const { retry } = task;
  if (retry === undefined || error === undefined || isRetried(retry, error)) return '';
  return retry.retryOn === undefined
    ? ' (not retried: the error is not retryable)'
    : ` (not retried: retry_on does not name ${error.code})`;
}

// Length: one line an event type.
function progressLine({ type, at }: ViewedEvent, data: Data, view: RunView): string | undefined {
  const task = data.taskId ?? '';
  const agent = data.agent === undefined ? '' : ` (${data.agent})`;
  const took = data.startedAt === undefined ? '' : ` in ${duration(at - data.startedAt)}`;
  switch (type) {
    case 'task.started':
      return `  started    ${task}${agent}${(data.attempt ?? 1) > 1 ? `, attempt ${data.attempt}` : ''}`;
    case 'task.succeeded':
      return `  succeeded  ${task}${took}${instancesOf(view, task)}${boundText(data.exhausted)}`;
    case 'task.reused':
      return `  reused     ${task}`;
    case 'task.failed':
      return `  failed     ${task}${took}: ${failureText(data.error)}${whyNotRetried(view.task(task), data)}`;
    case 'task.attemptFailed':
      return `  attempt    ${task} #${data.attempt} failed: ${failureText(data.error)}`;
    case 'task.retryScheduled':
      if (data.isDelayOver === true) return undefined;
      return `  retry      ${task} in ${duration(Math.max(0, (data.dueAt ?? at) - at))}`;
    case 'task.expanded':
      return `  expanded   ${task} into ${counted(data.count ?? 0, 'instance', 'instances')}${data.feed === undefined ? '' : `, and ${waitText('feed', { signal: data.feed })} to come`}`;
    case 'task.waiting':
      return `  waiting    ${task} for ${waitText(data.kind, data.details)}${data.dueAt === undefined ? '' : `, due in ${duration(Math.max(0, data.dueAt - at))}`}`;
    case 'timer.fired':
      return data.kind === 'reminder' ? `  reminder   ${task}, number ${data.count}` : undefined;
    case 'task.skipped':
      return `  skipped    ${task}: ${skipReason(data.reason ?? '', data.by)}`;
    case 'task.canceled':
      return `  canceled   ${task}: ${data.reason}`;
    case 'run.adapted':
      return wordsOf({ type, at, data });
    case 'run.paused':
      return `paused: ${data.reason}`;
    case 'run.resumed':
      return 'resumed';
    case 'run.stopping':
      return `stopping: ${failureText(data.error)}`;
    case 'run.quarantined':
      return `quarantined: ${failureText(data.error)}`;
    default:
      return undefined;
  }
}

function instancesOf(view: RunView, taskId: string): string {
  const { instances } = view.task(taskId);
  if (instances === undefined || taskId.includes('~')) return '';
  const others = (['failed', 'canceled', 'skipped'] as const).flatMap((state) => {
    const count = instances.byState.get(state) ?? 0;
    return count === 0 ? [] : [`, ${count} ${state}`];
  });
  return ` (${counted(instances.total, 'instance', 'instances')}${others.join('')})`;
}
