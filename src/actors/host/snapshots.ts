/**
 * Snapshots of one live run: every `snapshotEvery` events, and rarer in large runs, so that the cost of all snapshots
 * together grows with the work and not with its square.
 */
import type { RunAggregate } from '../../machines/run/aggregate.ts';
import { FOLD_HASH, snapshotOf } from '../../machines/run/snapshot.ts';
import type { HostRuntime } from './runtime.ts';

/** What `run.created` holds: the definition or a blob reference to it, and its hash. */
interface FirstDefinition {
  stored: unknown;
  hash: string;
}

export class Snapshots {
  readonly #stream: string;
  readonly #runtime: HostRuntime;
  /** Where it is known. */
  #first: FirstDefinition | undefined;
  /** Version of the newest one. */
  #version = 0;

  constructor(stream: string, runtime: HostRuntime) {
    this.#stream = stream;
    this.#runtime = runtime;
  }

  /** The run is in memory from this version on. */
  begin(version: number, first?: FirstDefinition): void {
    this.#version = version;
    if (first !== undefined) this.#first = first;
  }

  /** Takes one now where it is due, and writes it once its last event is durable. */
  takeWhenDue(run: RunAggregate): void {
    const { streamVersion } = run;
    const since = streamVersion - this.#version;
    if (since < Math.max(this.#runtime.snapshotEvery, run.activations.size)) return;
    this.#version = streamVersion;
    const state = snapshotOf(run, { definition: this.#definitionOf(run) });
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

  /** As `run.created` holds it, for as long as the run has that one. */
  #definitionOf({ header, plan }: RunAggregate): unknown {
    const isFirst = header.definitionHash === this.#first?.hash;
    return (isFirst ? this.#first?.stored : undefined) ?? plan.definition;
  }
}
