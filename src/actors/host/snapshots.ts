/**
 * Snapshots of one live run: every `snapshotEvery` events, and rarer in large runs, so that the cost of all snapshots
 * together grows with the work and not with its square.
 */
import type { RunAggregate } from '../../machines/run/aggregate.ts';
import { FOLD_HASH, snapshotOf } from '../../machines/run/snapshot.ts';
import type { HostRuntime } from './runtime.ts';

export class Snapshots {
  readonly #stream: string;
  readonly #runtime: HostRuntime;
  /** What `run.created` holds: the definition or a blob reference to it. */
  #definition: unknown;
  /** Version of the newest one. */
  #version = 0;

  constructor(stream: string, runtime: HostRuntime) {
    this.#stream = stream;
    this.#runtime = runtime;
  }

  /** The run is in memory from this version on. */
  begin(version: number, definition?: unknown): void {
    this.#version = version;
    if (definition !== undefined) this.#definition = definition;
  }

  /** Takes one now where it is due, and writes it once its last event is durable. */
  takeWhenDue(run: RunAggregate): void {
    const { streamVersion } = run;
    const since = streamVersion - this.#version;
    if (since < Math.max(this.#runtime.snapshotEvery, run.activations.size)) return;
    this.#version = streamVersion;
    const state = snapshotOf(run, { definition: this.#definition ?? run.plan.definition });
    const { log, logger, releases } = this.#runtime;
    releases.push(() => {
      log
        .saveSnapshot(this.#stream, { streamVersion, foldHash: FOLD_HASH, state })
        .catch((error: unknown) => {
          const reason = { runId: this.#stream, error: String(error) };
          logger.warn('a snapshot could not be written', reason);
        });
    });
  }
}
