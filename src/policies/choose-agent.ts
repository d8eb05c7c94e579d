/**
 * Which agent gets a task that names a capability. Pure; the decider records the rule and the best candidates.
 */

/** What the directory knows of an agent that somebody offers at the moment. */
export interface AgentOffer {
  agent: string;
  capabilities: readonly string[];
  /** Attempts that its live workers can run at once. */
  capacity: number;
  /** Attempts given to it and not ended. */
  inHand: number;
}

export interface AgentChoice {
  agent: string;
  rule: string;
  candidates: { agent: string; score: number }[];
}

const MAX_CANDIDATES = 5;

/** Share of an agent's capacity that is free, 0 to 1, to three digits. */
function freeShare(offer: AgentOffer): number {
  if (offer.capacity <= 0) return 0;
  const share = Math.max(0, offer.capacity - offer.inHand) / offer.capacity;
  return Math.round(share * 1000) / 1000;
}

/** The offer with the largest free share; ties go by name, so that the same inputs give the same choice. */
export function chooseByCapability(
  capability: string,
  offers: readonly AgentOffer[],
): AgentChoice | undefined {
  const candidates = offers
    .filter((offer) => offer.capabilities.includes(capability))
    .map((offer) => ({ agent: offer.agent, score: freeShare(offer) }))
    .sort((a, b) => b.score - a.score || (a.agent < b.agent ? -1 : 1))
    .slice(0, MAX_CANDIDATES);
  const best = candidates[0];
  if (best === undefined) return undefined;
  return { agent: best.agent, rule: `capability ${capability}, most free capacity`, candidates };
}
