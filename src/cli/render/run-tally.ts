/** What a run's events add up to: attempts, agents, failures, usage, load over time. One pass. Pure. */
import type { Envelope } from '../../events/envelope.ts';
import { isRoundDelay } from '../../machines/task/delays.ts';
import type { Failure } from '../../messages/failure.ts';
import type { JsonValue } from '../../workflow/value.ts';
import type { RoundTimes } from './critical-path.ts';

/** One attempt that ended without a result, or a task that failed without one. Times in ms since the epoch. */
export interface FailureRecord {
  streamVersion: number;
  at: number;
  taskId: string;
  attempt?: number;
  agent?: string;
  worker?: string;
  error: Failure;
  /** What the log says came next. */
  followedBy: string;
}

/** Lengths in ms. */
export interface AgentTally {
  agent: string;
  attempts: number;
  succeeded: number;
  failed: number;
  totalMs: number;
  medianMs: number;
  maxMs: number;
}

export interface RunTally {
  /** The rounds of each task, instances and compensations left out. */
  rounds: RoundTimes[];
  failures: FailureRecord[];
  retries: number;
  agents: AgentTally[];
  /** The longest attempts, longest first. */
  slowest: { taskId: string; attempt?: number; agent: string; tookMs: number }[];
  /** Sums of the numbers that agents reported, by name. */
  usage: Record<string, number>;
  /** For each started attempt +1, for each ended one -1, in order of time. */
  load: { at: number; by: 1 | -1; type: string }[];
}

const SLOWEST = 10;

type Data = {
  taskId?: string;
  attempt?: number;
  agent?: string;
  worker?: string;
  startedAt?: number;
  error?: Failure;
  usage?: unknown;
  dueAt?: number;
  rule?: string;
  details?: JsonValue;
};

/** Types that end an attempt; a final `task.failed` repeats one that `task.attemptFailed` has told. */
const ENDS: ReadonlySet<string> = new Set([
  'task.succeeded',
  'task.reused',
  'task.attemptFailed',
  'task.canceled',
  'task.failed',
]);

/** Types with which a round begins to do something. */
const BEGINNINGS: ReadonlySet<string> = new Set(['task.started', 'task.waiting', 'task.expanded']);
const ROUND_ENDS: ReadonlySet<string> = new Set([
  'task.succeeded',
  'task.reused',
  'task.failed',
  'task.skipped',
  'task.canceled',
]);

export function tallyOf(envelopes: Iterable<Envelope>): RunTally {
  const tally = new Tally();
  for (const envelope of envelopes) tally.take(envelope);
  return tally.result();
}

class Tally {
  readonly #rounds = new Map<string, RoundTimes>();
  readonly #failures: FailureRecord[] = [];
  readonly #tookByAgent = new Map<string, { took: number[]; succeeded: number; failed: number }>();
  #slowest: RunTally['slowest'] = [];
  readonly #usage: Record<string, number> = {};
  readonly #load: RunTally['load'] = [];
  /** The last failure of each activation, until what follows it is known. */
  readonly #open = new Map<string, FailureRecord>();
  /** Activation and attempt of those that are at work. */
  readonly #running = new Set<string>();
  #retries = 0;

  take(envelope: Envelope): void {
    const { type, at } = envelope;
    const data = envelope.data as Data;
    const { taskId } = data;
    if (taskId === undefined) return;
    const key = `${taskId}#${data.attempt ?? ''}`;
    if (!/[~!]/.test(taskId)) this.#time(envelope, data, taskId);
    if (type === 'task.started') {
      this.#running.add(key);
      this.#load.push({ at, by: 1, type });
    }
    this.#follow(taskId, type, data, at);
    if (type === 'task.attemptFailed' || type === 'task.failed') this.#fail(envelope, data);
    if (ENDS.has(type) && this.#running.delete(key)) this.#end(envelope, data);
  }

  result(): RunTally {
    const agents = [...this.#tookByAgent].map(([agent, { took, succeeded, failed }]) => {
      took.sort((left, right) => left - right);
      const totalMs = took.reduce((sum, each) => sum + each, 0);
      const medianMs = took[Math.floor(took.length / 2)] ?? 0;
      const maxMs = took.at(-1) ?? 0;
      return { agent, attempts: took.length, succeeded, failed, totalMs, medianMs, maxMs };
    });
    return {
      rounds: [...this.#rounds.values()],
      failures: this.#failures,
      retries: this.#retries,
      agents: agents.sort((left, right) => right.totalMs - left.totalMs),
      slowest: this.#slowest,
      usage: this.#usage,
      load: this.#load,
    };
  }

  /** A round that goes on after its end, for it was reset, counts to its last end. */
  #time({ type, at, streamVersion }: Envelope, data: Data, id: string): void {
    const known = this.#rounds.get(id);
    if (known === undefined) {
      const task = id.split('@', 1)[0] ?? id;
      if (type === 'task.scheduled')
        this.#rounds.set(id, { id, task, readyAt: at, readyVersion: streamVersion });
      return;
    }
    const isDelay = type === 'task.waiting' && isRoundDelay(data.details);
    if (BEGINNINGS.has(type) && !isDelay) known.startedAt ??= at;
    if (!ROUND_ENDS.has(type)) return;
    known.endedAt = at;
    known.endVersion = streamVersion;
  }

  /** What came after a failure of the same activation. */
  #follow(taskId: string, type: string, data: Data, at: number): void {
    const failure = this.#open.get(taskId);
    if (failure === undefined) return;
    if (type === 'task.retryScheduled') {
      this.#retries += 1;
      failure.followedBy = `another attempt after ${Math.max(0, (data.dueAt ?? at) - at)} ms`;
    } else if (type === 'task.handedOff') failure.followedBy = `handed to ${data.agent ?? ''}`;
    else if (type === 'task.scheduled') failure.followedBy = 'another attempt at once';
    else if (type === 'task.skipped') failure.followedBy = 'the task counts as skipped';
    else if (type === 'task.failed') failure.followedBy = 'the task failed';
    else return;
    if (type !== 'task.failed') this.#open.delete(taskId);
  }

  #fail({ at, type, streamVersion }: Envelope, data: Data): void {
    const { taskId = '', attempt, agent, worker, error } = data;
    if (error === undefined) return;
    // The end of the task whose last attempt is in the list already.
    if (type === 'task.failed' && this.#open.has(taskId)) return;
    const record: FailureRecord = {
      streamVersion,
      at,
      taskId,
      ...(attempt === undefined ? {} : { attempt }),
      ...(agent === undefined ? {} : { agent }),
      ...(worker === undefined ? {} : { worker }),
      error,
      followedBy: type === 'task.failed' ? 'the task failed' : 'nothing yet',
    };
    this.#failures.push(record);
    this.#open.set(taskId, record);
  }

  #end({ at, type }: Envelope, data: Data): void {
    this.#load.push({ at, by: -1, type });
    this.#use(data.usage);
    const { agent, startedAt, taskId = '', attempt } = data;
    if (agent === undefined || startedAt === undefined) return;
    const tookMs = Math.max(0, at - startedAt);
    const known = this.#tookByAgent.get(agent) ?? { took: [], succeeded: 0, failed: 0 };
    known.took.push(tookMs);
    if (type === 'task.succeeded' || type === 'task.reused') known.succeeded += 1;
    else if (type !== 'task.canceled') known.failed += 1;
    this.#tookByAgent.set(agent, known);
    this.#rank({ taskId, ...(attempt === undefined ? {} : { attempt }), agent, tookMs });
  }

  #rank(attempt: RunTally['slowest'][number]): void {
    const least = this.#slowest.at(-1);
    if (this.#slowest.length === SLOWEST && least !== undefined && least.tookMs >= attempt.tookMs)
      return;
    this.#slowest = [...this.#slowest, attempt]
      .sort((left, right) => right.tookMs - left.tookMs)
      .slice(0, SLOWEST);
  }

  #use(usage: unknown): void {
    if (typeof usage !== 'object' || usage === null) return;
    for (const [name, value] of Object.entries(usage))
      if (typeof value === 'number') this.#usage[name] = (this.#usage[name] ?? 0) + value;
  }
}
