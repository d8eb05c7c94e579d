/** What a run is folded from when it comes back into memory, instead of its whole history. */
import type { RunAggregate } from '../../machines/run/aggregate.ts';
import { FOLD_HASH, snapshotOf } from '../../machines/run/snapshot.ts';
import type { HostRuntime } from './runtime.ts';

/** Taken now and written once its last event is durable. `definition`: what `run.created` holds, if it is a blob. */
export function saveSnapshot(
  { log, logger, releases }: HostRuntime,
  stream: string,
  run: RunAggregate,
  definition: unknown,
): void {
  const state = snapshotOf(run, { definition: definition ?? run.plan.definition });
  const snapshot = { streamVersion: run.streamVersion, foldHash: FOLD_HASH, state };
  releases.push(() => {
    log.saveSnapshot(stream, snapshot).catch((error: unknown) => {
      logger.warn('a snapshot could not be written', { runId: stream, error: String(error) });
    });
  });
}
