/** Fills a log with planned commits, and drives delays by hand. */
import type { EventLog } from '../../src/log/event-log.ts';
import type { PlannedCommit } from '../projections/histories.ts';

const FLUSH_EVERY = 500;

export async function appendAll(log: EventLog, planned: readonly PlannedCommit[]): Promise<void> {
  for (const [index, { stream, at, events }] of planned.entries()) {
    const head = log.streamHead(stream);
    log.append({
      stream,
      expectedVersion: head?.version ?? 0,
      at: Math.max(at, head?.at ?? 0),
      events,
      correlationId: 'c',
      causationId: `m${index}`,
      actor: { kind: 'system' },
    });
    if (index % FLUSH_EVERY === 0) await log.flush();
  }
  await log.flush();
}

/** A clock whose timers fire when a test says so. */
export class ManualClock {
  #timers: { dueMs: number; callback: () => void }[] = [];
  #nowMs = 0;

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => timer.dueMs > this.#nowMs);
    for (const timer of due) timer.callback();
  }
}

/** Lets everything that is ready run, without time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1)
    await new Promise<void>((resolve) => setImmediate(resolve));
}
