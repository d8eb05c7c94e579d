/** Envelopes back into the commits that they came from: events of one commit share its position. Pure. */
import type { Commit, Envelope } from '../events/envelope.ts';

/** The commits of consecutive envelopes of one stream. A commit that is cut by the page becomes two. */
export function commitsOf(envelopes: readonly Envelope[]): Commit[] {
  const commits: Commit[] = [];
  for (const envelope of envelopes) {
    const { type, schemaVersion, data, streamVersion, position } = envelope;
    const last = commits.at(-1);
    if (last !== undefined && last.position === position)
      last.events.push({ type, schemaVersion, data });
    else commits.push(commitFrom(envelope, streamVersion));
  }
  return commits;
}

function commitFrom(envelope: Envelope, firstVersion: number): Commit {
  const {
    stream,
    position,
    type,
    schemaVersion,
    data,
    at,
    correlationId,
    causationId,
    actor,
    trace,
  } = envelope;
  const event = { type, schemaVersion, data };
  return {
    position,
    stream,
    firstVersion,
    at,
    correlationId,
    causationId,
    actor,
    events: [event],
    ...(trace !== undefined && { trace }),
  };
}
