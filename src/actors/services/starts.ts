/**
 * Starts by key: which run a `dedupe` stands for, and which waiting run a `debounce` belongs to. A key is one tenant's.
 *
 * K1 While the window of a key is open, a request with it begins nothing: it is answered with the run of that window.
 * K2 While a run waits for the pause of its key, a request with it begins nothing: the run waits anew.
 * K3 Memory only, and never the truth: windows of before a restart are read from the `runs` documents, waiting runs are
 *    told by recovery, and a run that never reached the log stands for nothing.
 */
import type { EventLog } from '../../log/event-log.ts';
import type { RequestMessage } from '../../messages/request.ts';
import { type RunRecord, startKey } from '../../projections/runs.ts';
import type { Clock } from './clock.ts';

/** Windows that are remembered before those that have closed are dropped. */
const MIN_SWEEP = 1_000;

interface Window {
  runId: string;
  until: number;
}

/** A run that waits for the pause of its key. */
export interface Waiting {
  runId: string;
  startAt: number;
  /** It starts then, however many requests come. */
  latest: number | undefined;
}

type Keyed = Pick<RequestMessage, 'tenant' | 'dedupe' | 'debounce'>;

export class Starts {
  readonly #log: EventLog;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #windows = new Map<string, Window>();
  readonly #waiting = new Map<string, Waiting>();
  #sweepAt = MIN_SWEEP;

  constructor(parts: { log: EventLog; clock: Pick<Clock, 'now'> }) {
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  /** The run that stands for a request (K1), once it is durable. */
  async begun({ tenant, dedupe }: Keyed): Promise<string | undefined> {
    if (dedupe === undefined) return undefined;
    const key = startKey(tenant, dedupe.key);
    for (;;) {
      const known = this.#open(key);
      if (known === undefined) break;
      await this.#log.flush();
      if (this.#log.streamHead(known.runId) !== undefined) return known.runId;
      if (this.#windows.get(key) === known) this.#windows.delete(key);
    }
    const { documents } = await this.#log.documents.list('runs', {
      index: 'dedupe',
      prefix: `${key}/`,
      reverse: true,
      limit: 1,
    });
    const record = documents[0]?.document as RunRecord | undefined;
    if (record?.dedupe === undefined || record.dedupe.until <= this.#clock.now()) return undefined;
    return record.runId;
  }

  #open(key: string): Window | undefined {
    const known = this.#windows.get(key);
    if (known === undefined || known.until > this.#clock.now()) return known;
    this.#windows.delete(key);
    return undefined;
  }

  /** K2: lets the run that waits for the pause of the request's key wait anew; undefined where none does. */
  postpone({ tenant, debounce }: Keyed): Waiting | undefined {
    if (debounce === undefined) return undefined;
    const waiting = this.#waiting.get(startKey(tenant, debounce.key));
    const now = this.#clock.now();
    if (waiting === undefined || waiting.startAt <= now) return undefined;
    waiting.startAt = Math.min(now + debounce.delay, waiting.latest ?? Infinity);
    return { ...waiting };
  }

  /** Begins what its keys stand for from now on; false where another request was first. */
  begin(request: Keyed, run: { runId: string; now: number; startAt: number | undefined }): boolean {
    const { tenant, dedupe, debounce } = request;
    const { runId, now } = run;
    if (dedupe !== undefined) {
      const key = startKey(tenant, dedupe.key);
      if (this.#open(key) !== undefined) return false;
      this.#windows.set(key, { runId, until: now + dedupe.window });
    }
    if (debounce !== undefined) {
      const key = startKey(tenant, debounce.key);
      const startAt = run.startAt ?? now;
      if ((this.#waiting.get(key)?.startAt ?? 0) > now) return false;
      this.#waiting.set(key, { runId, startAt, latest: latestOf(debounce, now) });
    }
    this.#sweep();
    return true;
  }

  /** A run of the log that waits for its pause. */
  found({ runId, debounce, startAt }: Pick<RunRecord, 'runId' | 'debounce' | 'startAt'>): void {
    if (debounce === undefined || startAt === undefined) return;
    this.#waiting.set(debounce.key, { runId, startAt, latest: debounce.latest });
  }

  /** The run was refused, or waits no more. */
  forget({ tenant, dedupe, debounce }: Keyed, runId: string): void {
    const key = dedupe && startKey(tenant, dedupe.key);
    if (key !== undefined && this.#windows.get(key)?.runId === runId) this.#windows.delete(key);
    const held = debounce && startKey(tenant, debounce.key);
    if (held !== undefined && this.#waiting.get(held)?.runId === runId) this.#waiting.delete(held);
  }

  #sweep(): void {
    const size = this.#windows.size + this.#waiting.size;
    if (size < this.#sweepAt) return;
    const now = this.#clock.now();
    for (const [key, { until }] of this.#windows) if (until <= now) this.#windows.delete(key);
    for (const [key, { startAt }] of this.#waiting) if (startAt <= now) this.#waiting.delete(key);
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * (this.#windows.size + this.#waiting.size));
  }
}

/** When a run starts at the latest that waits for a pause; undefined where it waits as long as there is none. */
export function latestOf(
  { max }: NonNullable<RequestMessage['debounce']>,
  now: number,
): number | undefined {
  return max === undefined ? undefined : now + max;
}
