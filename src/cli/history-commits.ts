/** Envelopes back into the commits that they came from: events of one commit share its position. Pure. */
import type { Commit, Envelope } from '../events/envelope.ts';

/** The commits of consecutive envelopes of one stream. A commit that is cut by the page becomes two. */
export function commitsOf(envelopes: readonly Envelope[]): Commit[] {
  const commits: Commit[] = [];
  for (const { id: _, streamVersion, type, schemaVersion, data, ...shared } of envelopes) {
    const event = { type, schemaVersion, data };
    const last = commits.at(-1);
    if (last?.position === shared.position) last.events.push(event);
    else commits.push({ ...shared, firstVersion: streamVersion, events: [event] });
  }
  return commits;
}
