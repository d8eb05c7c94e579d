/** A point of a run's past as people name it. Pure. */
import type { Envelope } from '../events/envelope.ts';
import { UsageError } from './errors.ts';

/** Checkpoints that an error lists. */
const MAX_NAMED = 10;

/** The last version at a point: a version itself, the name of a checkpoint, or an ISO time. Throws `cli.usage`. */
export function versionAt(
  envelopes: readonly Pick<Envelope, 'at' | 'streamVersion' | 'type' | 'data'>[],
  point: string,
): number {
  const last = envelopes.at(-1)?.streamVersion ?? 0;
  if (/^\d+$/.test(point)) {
    const version = Number(point);
    if (version >= 1 && version <= last) return version;
    throw new UsageError(`${point} is not a version of this run`, `Versions are 1 to ${last}.`);
  }
  const checkpoints = envelopes.filter(({ type }) => type === 'run.checkpointed');
  const named = checkpoints.find(({ data }) => labelOf(data) === point);
  if (named !== undefined) return named.streamVersion;
  const time = Date.parse(point);
  if (Number.isNaN(time)) {
    const names = checkpoints.map(({ data }) => labelOf(data));
    throw new UsageError(
      `${point} is neither a version nor a checkpoint nor an ISO time`,
      names.length === 0
        ? 'Write a version as 12, a time as 2026-03-01T12:00:00Z.'
        : `Checkpoints: ${names.slice(0, MAX_NAMED).join(', ')}. Versions are 1 to ${last}.`,
    );
  }
  const known = envelopes.filter(({ at }) => at <= time).at(-1);
  if (known !== undefined) return known.streamVersion;
  const first = new Date(envelopes[0]?.at ?? 0).toISOString();
  throw new UsageError(`the run did not exist at ${point}`, `Its first event is of ${first}.`);
}

function labelOf(data: unknown): string {
  return String((data as { label?: unknown }).label);
}
