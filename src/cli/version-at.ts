/** A point of a run's past as people name it. Pure. */
import type { Envelope } from '../events/envelope.ts';
import { UsageError } from './errors.ts';

/** The last version at a point: a version itself, or an ISO time. Throws `cli.usage`. */
export function versionAt(
  envelopes: readonly Pick<Envelope, 'at' | 'streamVersion'>[],
  point: string,
): number {
  const last = envelopes.at(-1)?.streamVersion ?? 0;
  if (/^\d+$/.test(point)) {
    const version = Number(point);
    if (version >= 1 && version <= last) return version;
    throw new UsageError(`${point} is not a version of this run`, `Versions are 1 to ${last}.`);
  }
  const time = Date.parse(point);
  if (Number.isNaN(time))
    throw new UsageError(
      `${point} is neither a version nor an ISO time`,
      'Write a version as 12, a time as 2026-03-01T12:00:00Z.',
    );
  const known = envelopes.filter(({ at }) => at <= time).at(-1);
  if (known !== undefined) return known.streamVersion;
  const first = new Date(envelopes[0]?.at ?? 0).toISOString();
  throw new UsageError(`the run did not exist at ${point}`, `Its first event is of ${first}.`);
}
