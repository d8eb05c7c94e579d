/**
 * In which order runs get slots. Pure.
 */
import type { Priority } from '../workflow/definition.ts';

const ranks: Record<Priority, number> = { urgent: 0, high: 1, normal: 2, low: 3 };

/** One run that waits for a slot. */
export interface AdmissionTicket {
  stream: string;
  priority: Priority;
  /** Order of arrival; a run that got a slot goes behind those that wait already. */
  sequence: number;
}

/** Negative when `a` comes first: by priority, then by arrival. */
export function compareTickets(a: AdmissionTicket, b: AdmissionTicket): number {
  return ranks[a.priority] - ranks[b.priority] || a.sequence - b.sequence;
}
