/**
 * What a task needs before it begins: an agent by name, or any with a capability; and the key of a limit that it shares
 * with others. Written as one text, by which runs queue. Pure.
 */

export interface Demand {
  by: 'agent' | 'capability';
  name: string;
  /** The key of a limit. */
  limit: string | undefined;
}

/** Stands in no name of an agent and no key. */
const SEPARATOR = '\n';

/** `agent:<name>` or `capability:<name>`; with a limit, that on a line of its own. */
export function demandOf(by: Demand['by'], name: string, limit?: string): string {
  return limit === undefined ? `${by}:${name}` : `${by}:${name}${SEPARATOR}${limit}`;
}

export function parseDemand(demand: string): Demand {
  const colon = demand.indexOf(':');
  const end = demand.indexOf(SEPARATOR);
  return {
    by: demand.startsWith('agent:') ? 'agent' : 'capability',
    name: demand.slice(colon + 1, end === -1 ? undefined : end),
    limit: end === -1 ? undefined : demand.slice(end + 1),
  };
}
