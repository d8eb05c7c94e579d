/**
 * Reads the feed as a subscriber does and says whether anything is missing.
 *
 * F1 Of every run the versions 1 to the terminal event have been seen; repeats are dropped by version.
 * F2 Of every run as many tasks have succeeded as the load says.
 */
import { performance } from 'node:perf_hooks';
import type { JsonEnvelope } from '../src/events/envelope.ts';
import type { Bus, Subscription } from '../src/messaging/bus.ts';
import { createSubjects } from '../src/messaging/subjects.ts';
import type { JsonObject } from '../src/workflow/value.ts';

const subjects = createSubjects();

interface SeenRun {
  /** The next version in order. */
  next: number;
  /** Versions beyond a gap. */
  ahead: Set<number>;
  last: number | undefined;
  succeeded: number;
  /** When a task of this run last succeeded, or its first event came. */
  stepAt: number;
}

/** Which time is one step: in a chain from success to success, in a fan-out from start to success. */
export type StepTime = 'chain' | 'task';

export class FeedAudit {
  readonly stepMs: number[] = [];
  /** `performance.now()` of the last event. */
  heardAt = 0;
  readonly #runs = new Map<string, SeenRun>();
  readonly #started = new Map<string, number>();
  readonly #subscription: Subscription;
  readonly #stepTime: StepTime;
  readonly #onEnd: (runId: string, type: string) => void;
  #steps = 0;

  constructor(options: {
    bus: Bus;
    stepTime: StepTime;
    onEnd: (runId: string, type: string) => void;
  }) {
    this.#stepTime = options.stepTime;
    this.#onEnd = options.onEnd;
    this.#subscription = options.bus.subscribe(subjects.anyRunEvents(), {}, (message) => {
      this.take(message.body() as unknown as JsonEnvelope);
    });
  }

  /** Tasks that have succeeded, in all runs. */
  get steps(): number {
    return this.#steps;
  }

  async close(): Promise<void> {
    await this.#subscription.stop();
  }

  /** Runs with a gap or without an end, and the version from which they are unknown. */
  incomplete(): { runId: string; from: number }[] {
    return [...this.#runs]
      .filter(([, run]) => run.last === undefined || run.next <= run.last)
      .map(([runId, run]) => ({ runId, from: run.next }));
  }

  /** What is missing; empty when nothing is. */
  problems(expected: { runs: number; stepsPerRun: number }): string[] {
    const problems: string[] = [];
    if (this.#runs.size !== expected.runs) {
      problems.push(`${this.#runs.size} runs on the feed instead of ${expected.runs}`);
    }
    for (const [runId, run] of this.#runs) {
      if (run.last === undefined) problems.push(`${runId} has no terminal event on the feed`);
      else if (run.next <= run.last) {
        problems.push(`${runId} has no version ${run.next} of ${run.last} on the feed`);
      } else if (run.succeeded !== expected.stepsPerRun) {
        problems.push(`${runId} has ${run.succeeded} successes, not ${expected.stepsPerRun}`);
      }
    }
    return problems;
  }

  /** An event from the feed, or from history where the feed had a gap. */
  take(event: JsonEnvelope): void {
    const now = performance.now();
    this.heardAt = now;
    const run = this.#runOf(event.stream, now);
    if (event.streamVersion < run.next || run.ahead.has(event.streamVersion)) return;
    if (event.streamVersion === run.next) run.next += 1;
    else run.ahead.add(event.streamVersion);
    while (run.ahead.delete(run.next)) run.next += 1;
    this.#count(event, run, now);
    this.#endIfComplete(event.stream, run, event.type);
  }

  #runOf(runId: string, now: number): SeenRun {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      run = { next: 1, ahead: new Set(), last: undefined, succeeded: 0, stepAt: now };
      this.#runs.set(runId, run);
    }
    return run;
  }

  #count(event: JsonEnvelope, run: SeenRun, now: number): void {
    const { type } = event;
    if (type === 'run.succeeded' || type === 'run.failed' || type === 'run.canceled') {
      run.last = event.streamVersion;
      return;
    }
    if (type === 'task.started' && this.#stepTime === 'task') {
      this.#started.set(`${event.stream}/${taskIdOf(event)}`, now);
    }
    if (type !== 'task.succeeded' || isParent(event)) return;
    run.succeeded += 1;
    this.#steps += 1;
    this.stepMs.push(now - this.#stepBegan(event, run));
    run.stepAt = now;
  }

  #stepBegan(event: JsonEnvelope, run: SeenRun): number {
    if (this.#stepTime === 'chain') return run.stepAt;
    const key = `${event.stream}/${taskIdOf(event)}`;
    const startedAt = this.#started.get(key) ?? run.stepAt;
    this.#started.delete(key);
    return startedAt;
  }

  #endIfComplete(runId: string, run: SeenRun, type: string): void {
    if (run.last !== undefined && run.next > run.last) this.#onEnd(runId, type);
  }
}

function taskIdOf(event: JsonEnvelope): string {
  return (event.data as { taskId: string }).taskId;
}

/** The parent of a `foreach` succeeds too, but nobody worked on it. */
function isParent(event: JsonEnvelope): boolean {
  return (event.data as JsonObject)['agent'] === undefined;
}
