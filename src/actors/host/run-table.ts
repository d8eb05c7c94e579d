/**
 * The hosts in memory, by stream. Activation is single-flight; messages that arrive meanwhile wait.
 *
 * T1 At most one host of a stream takes messages.
 * T2 A host that was released is forgotten at once; the next message loads the run again.
 * T3 A run that leaves the log is not in memory, and takes no message and is not loaded until it is gone or stays.
 * T4 After a failed append every host is thrown away and the log reopened before anything is appended (C4).
 */
import { isRunStream } from '../../projections/projection.ts';
import { LogReopening, RunLeaving, RunNotFound, Unavailable } from './errors.ts';
import { rejectionOf } from './rejection.ts';
import { type Birth, RunHost } from './run-host.ts';
import type { Delivery, HostRuntime } from './runtime.ts';

/** Runs that are loaded at the same time during recovery. */
const LOAD_WIDTH = 32;
/** First wait before a run that cannot be read is tried again; it doubles up to the longest. */
const RELOAD_MS = 500;
/** Runs whose reloads are counted. */
const MAX_COUNTED = 10_000;
const LONGEST_RELOAD_MS = 60_000;
/** Reloads of one run within this time are counted together, and each waits longer. */
const RELOAD_WINDOW_MS = 60_000;

export class RunTable {
  readonly #hosts = new Map<string, RunHost>();
  readonly #runtime: HostRuntime;
  /** Streams that are to be loaded again. */
  readonly #reloading = new Set<string>();
  readonly #reloads = new Map<string, { at: number; count: number }>();
  #isHalted = false;

  constructor(runtime: HostRuntime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#hosts.size;
  }

  hosts(): IterableIterator<RunHost> {
    return this.#hosts.values();
  }

  /** The host of a run that is in memory. */
  find(stream: string): RunHost | undefined {
    return this.#hosts.get(stream);
  }

  /** True from a failed append until the log is open again. */
  get isHalted(): boolean {
    return this.#isHalted;
  }

  create(stream: string, birth: Birth): void {
    if (this.#isHalted) {
      reject(birth.delivery, new LogReopening());
      return;
    }
    const host = new RunHost(stream, this.#runtime);
    this.#hosts.set(stream, host);
    host.create(birth);
  }

  /** Delivers to a run, loading it when it is not in memory. Answers `run.not-found` where the log has no such stream. */
  post(stream: string, delivery: Delivery): void {
    if (this.#isHalted) {
      reject(delivery, new LogReopening());
      return;
    }
    if (this.#runtime.leaving.has(stream)) {
      reject(delivery, new RunLeaving(stream));
      return;
    }
    const host = this.#hosts.get(stream);
    if (host?.run !== undefined || host?.quarantine !== undefined) {
      host.post(delivery);
      return;
    }
    this.activate(stream).then(
      (active) => {
        if (active === undefined)
          reject(delivery, new RunNotFound(stream, this.#runtime.archiveOf?.(stream)));
        else active.post(delivery);
      },
      (error: unknown) => reject(delivery, error),
    );
  }

  /** The host with its run in memory; undefined where there is no such stream. Throws `unavailable`. */
  async activate(stream: string): Promise<RunHost | undefined> {
    if (this.#runtime.leaving.has(stream)) throw new RunLeaving(stream);
    let host = this.#hosts.get(stream);
    if (host === undefined) {
      if (this.#runtime.log.streamHead(stream) === undefined) {
        // It may have begun here, and its first commit was lost.
        this.#runtime.liveRuns.ended(stream);
        return undefined;
      }
      host = new RunHost(stream, this.#runtime);
      this.#hosts.set(stream, host);
    }
    try {
      if (await host.activate()) return host;
    } catch (error) {
      this.forget(host);
      throw error;
    }
    if (this.#hosts.get(stream) === host) this.forget(host);
    if (!isRunStream(stream)) return undefined;
    // Only the log says that there is no run: a host that was thrown away while it loaded does not.
    if (this.#runtime.log.streamHead(stream) !== undefined) {
      throw new Unavailable(stream, 'it is being loaded again');
    }
    this.#runtime.liveRuns.ended(stream);
    return undefined;
  }

  /** Loads many runs; one that cannot be read is logged and tried again later. */
  async activateAll(streams: readonly string[]): Promise<void> {
    const queue = [...streams];
    const work = async (): Promise<void> => {
      for (let stream = queue.pop(); stream !== undefined; stream = queue.pop()) {
        try {
          await this.activate(stream);
        } catch (error) {
          this.#runtime.logger.error('a run could not be loaded', {
            runId: stream,
            error: String(error),
          });
          this.#reloading.add(stream);
          this.#activateLater(stream, 0);
        }
      }
    };
    await Promise.all(Array.from({ length: LOAD_WIDTH }, work));
  }

  /** Ends a host and forgets it. */
  forget(host: { readonly stream: string }): void {
    const known = this.#hosts.get(host.stream);
    if (known !== host) return;
    this.#hosts.delete(host.stream);
    known.discard();
  }

  /** Takes a run out of memory that leaves the log (T3); false where it has something to do. */
  dismiss(stream: string): boolean {
    const host = this.#hosts.get(stream);
    if (host?.isBusy === true) return false;
    if (host !== undefined) this.forget(host);
    return true;
  }

  /** Throws a host away and loads its run again: what it owes must not be forgotten until the next message. */
  reload(host: { readonly stream: string }): void {
    const { stream } = host;
    this.forget(host);
    const now = this.#runtime.clock.now();
    const last = this.#reloads.get(stream);
    const count = last !== undefined && now - last.at < RELOAD_WINDOW_MS ? last.count + 1 : 0;
    if (this.#reloads.size >= MAX_COUNTED) this.#reloads.clear();
    this.#reloads.set(stream, { at: now, count });
    this.#reloading.add(stream);
    if (count === 0) this.#activateSoon(stream, 0);
    else this.#activateLater(stream, count - 1);
  }

  #activateSoon(stream: string, tries: number): void {
    if (this.#isHalted) {
      this.#reloading.add(stream);
      return;
    }
    this.activate(stream).then(
      () => this.#reloading.delete(stream),
      (error: unknown) => {
        this.#reloading.add(stream);
        this.#runtime.logger.error('a run cannot be loaded again yet', {
          runId: stream,
          error: String(error),
        });
        this.#activateLater(stream, tries);
      },
    );
  }

  #activateLater(stream: string, tries: number): void {
    const delay = Math.min(RELOAD_MS * 2 ** Math.min(tries, 10), LONGEST_RELOAD_MS);
    this.#runtime.clock.after(delay, () => this.#activateSoon(stream, tries + 1));
  }

  /** Passivation: runs that owe nothing but timers leave memory after a while. */
  passivate(options: { idleMs: number; now: number }): void {
    for (const host of this.#hosts.values()) {
      if (host.isIdle && options.now - host.lastActiveAt > options.idleMs) this.forget(host);
    }
  }

  /**
   * C4: throws every host away with what waited for the disk, and takes no message until `resume`; returns the streams
   * that were in memory.
   */
  halt(): string[] {
    this.#isHalted = true;
    const streams = [...new Set([...this.#hosts.keys(), ...this.#reloading])];
    this.#reloading.clear();
    for (const host of [...this.#hosts.values()]) this.forget(host);
    this.#runtime.releases.dropAll();
    return streams;
  }

  /** The log is open again. */
  resume(): void {
    this.#isHalted = false;
    this.#runtime.releases.resume();
    for (const stream of [...this.#reloading]) this.#activateSoon(stream, 0);
  }
}

function reject(delivery: Delivery, error: unknown): void {
  delivery.reply?.({ kind: 'rejected', rejection: rejectionOf(error) });
}
