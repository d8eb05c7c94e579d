/**
 * Follows a run's events: says on stderr what a person wants to know, and knows whether only people are waited for.
 */
import type { Envelope } from '../../events/envelope.ts';
import { duration } from './format.ts';
import { failureText } from './words.ts';

type Data = {
  taskId?: string;
  attempt?: number;
  agent?: string;
  startedAt?: number;
  error?: unknown;
  reason?: string;
  kind?: string;
  dueAt?: number;
  count?: number;
  message?: string;
  percent?: number;
};

const CLOSING: ReadonlySet<string> = new Set([
  'task.succeeded',
  'task.reused',
  'task.failed',
  'task.skipped',
  'task.canceled',
  'task.reset',
]);
const PERSONS: ReadonlySet<string> = new Set(['approval', 'signal']);

export class ProgressTracker {
  /** Open activations and whether each waits for a person without a timeout. `foreach` parents are left out. */
  private readonly open = new Map<string, boolean>();

  /** Takes the next event; returns the line for it, undefined for one that needs none. */
  take(envelope: Pick<Envelope, 'type' | 'data' | 'at'>): string | undefined {
    const data = envelope.data as Data;
    this.count(envelope.type, data);
    return progressLine(envelope.type, data, envelope.at);
  }

  /** True when something is open and all of it waits for a person, without a timeout. */
  get isWaitingForPerson(): boolean {
    return this.open.size > 0 && [...this.open.values()].every(Boolean);
  }

  /** True while the run is set aside: it goes on when somebody releases it. */
  isQuarantined = false;

  private count(type: string, { taskId, kind, dueAt }: Data): void {
    if (type === 'run.quarantined') this.isQuarantined = true;
    if (type === 'run.released') this.isQuarantined = false;
    if (taskId === undefined || !type.startsWith('task.')) return;
    if (type === 'task.expanded' || CLOSING.has(type)) this.open.delete(taskId);
    else if (type === 'task.waiting')
      this.open.set(taskId, dueAt === undefined && PERSONS.has(kind ?? ''));
    else if (type === 'task.scheduled' || type === 'task.started' || type === 'task.retryScheduled')
      this.open.set(taskId, false);
  }
}

function progressLine(type: string, data: Data, at: number): string | undefined {
  const task = data.taskId ?? '';
  const agent = data.agent === undefined ? '' : ` (${data.agent})`;
  const took = data.startedAt === undefined ? '' : ` in ${duration(at - data.startedAt)}`;
  switch (type) {
    case 'task.started':
      return `  started    ${task}${agent}${(data.attempt ?? 1) > 1 ? `, attempt ${data.attempt}` : ''}`;
    case 'task.succeeded':
      return `  succeeded  ${task}${took}`;
    case 'task.reused':
      return `  reused     ${task}`;
    case 'task.failed':
      return `  failed     ${task}${took}: ${failureText(data.error)}`;
    case 'task.attemptFailed':
      return `  attempt    ${task} #${data.attempt} failed: ${failureText(data.error)}`;
    case 'task.retryScheduled':
      return `  retry      ${task} in ${duration(Math.max(0, (data.dueAt ?? at) - at))}`;
    case 'task.expanded':
      return `  expanded   ${task} into ${data.count} instances`;
    case 'task.waiting':
      return `  waiting    ${task} for ${data.kind}`;
    case 'task.skipped':
      return `  skipped    ${task}: ${data.reason}`;
    case 'task.canceled':
      return `  canceled   ${task}: ${data.reason}`;
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
