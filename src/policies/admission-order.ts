/**
 * In which order those who wait get slots: start-time fair queueing (Goyal, Vin and Cheng 1996), one level a kind of
 * share: priority, tenant, session, workflow. Pure; who waits is the memory of `actors/services/share-queue.ts`.
 *
 * F1 Each share has a place on the time line of its level. The one that stands first is served, and moves back by one
 *    part of its weight: while all wait, each gets slots in proportion to its weight.
 * F2 A share that comes, or comes back, begins where its level stands now, or where its own last slot left it, whichever
 *    is later: nobody saves up, and nobody gains by leaving.
 * F3 Shares at the same place go by rank, then by arrival: urgent work that comes alone is next.
 */
import { entryOf, type Limits } from '../messages/limits.ts';
import type { Priority } from '../workflow/definition.ts';

/** The levels of shares, from the top. */
export const shareLevels = ['priority', 'tenant', 'session', 'workflow'] as const;
export type ShareLevel = (typeof shareLevels)[number];

/** While all four wait, each gets three times what the next one gets; the last is never left out. */
export const PRIORITY_WEIGHTS: Readonly<Record<Priority, number>> = {
  urgent: 27,
  high: 9,
  normal: 3,
  low: 1,
};

/** How much a share counts at its level, next to the others there. */
export function weightOf(limits: Limits, level: ShareLevel, name: string): number {
  switch (level) {
    case 'priority':
      return PRIORITY_WEIGHTS[name as Priority];
    case 'tenant':
      return entryOf(limits.tenants, name)?.weight ?? 1;
    case 'session':
      return entryOf(limits.sessions, name)?.weight ?? 1;
    case 'workflow':
      return entryOf(limits.workflows, name)?.weight ?? 1;
  }
}

const ranks: Readonly<Record<Priority, number>> = { urgent: 0, high: 1, normal: 2, low: 3 };

/** A smaller rank goes first where the places are equal; only priorities differ. */
export function rankOf(level: ShareLevel, name: string): number {
  return level === 'priority' ? ranks[name as Priority] : 0;
}

/** Where a share stands. */
export interface Place {
  /** Where its next slot begins. */
  start: number;
  /** Where its last slot ended; 0 before the first. */
  finish: number;
  rank: number;
  /** Order of arrival at `start`. */
  sequence: number;
}

/** F2: where a share begins that was not waiting. `now` is where its level stands. */
export function startOf(place: Pick<Place, 'finish'>, now: number): number {
  return Math.max(place.finish, now);
}

/** F1: where a share stands after a slot that began at `start`. */
export function finishOf(start: number, weight: number): number {
  return start + 1 / weight;
}

/** Negative when `a` is served first. */
export function comparePlaces(a: Place, b: Place): number {
  return a.start - b.start || a.rank - b.rank || a.sequence - b.sequence;
}
