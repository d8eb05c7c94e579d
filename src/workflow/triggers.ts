/**
 * When a task runs, given how many of its dependencies have ended and how. Pure counting: O(1).
 *
 * T1 `run` means: the trigger holds now and in every possible future.
 * T2 `skip` means: it can hold in no future. Everything else is `undecided`.
 */
import type { Trigger } from './definition.ts';

/** How the dependencies of one task stand. What is in none of the four outcomes has not ended. */
export interface TriggerCounters {
  /** All dependencies. */
  total: number;
  succeeded: number;
  failed: number;
  /** Also a failure under `on_failure: skip`. */
  skipped: number;
  canceled: number;
  /** Of `skipped`: those whose own condition was false. */
  notActivated: number;
}

export type TriggerAnswer = 'run' | 'skip' | 'undecided';

type Rule = (counters: Readonly<TriggerCounters>) => TriggerAnswer;

/**
 * The answer of a trigger, as soon as it is certain. Without dependencies the triggers over `all`
 * hold, and those that want one cannot hold.
 */
export function decideTrigger(
  trigger: Trigger,
  counters: Readonly<TriggerCounters>,
): TriggerAnswer {
  if (typeof trigger === 'string') return rules[trigger](counters);
  return atLeast('count' in trigger ? trigger.count : 1, counters.succeeded, counters);
}

const rules: Readonly<Record<Exclude<Trigger, object>, Rule>> = {
  all_success: (c) => all(c.succeeded, c.failed + c.skipped + c.canceled, c),
  none_failed: (c) => all(endedOf(c), c.failed + c.canceled, c),
  all_done: (c) => all(endedOf(c), 0, c),
  activated: (c) =>
    all(c.succeeded + c.notActivated, c.failed + c.canceled + c.skipped - c.notActivated, c),
  one_success: (c) => atLeast(1, c.succeeded, c),
  one_failed: (c) => atLeast(1, c.failed, c),
  any: (c) => atLeast(1, endedOf(c), c),
  each: (c) => atLeast(1, c.succeeded, c),
  reachable: (c) => (endedOf(c) < c.total ? 'undecided' : atLeast(1, c.succeeded, c)),
};

/** Counters of a task whose dependencies are all open. */
export function noCounters(total: number): TriggerCounters {
  return { total, succeeded: 0, failed: 0, skipped: 0, canceled: 0, notActivated: 0 };
}

/** What kept the task from running was not asked for either; nothing went wrong before it. */
export function isOnlyInactive(counters: Readonly<TriggerCounters>): boolean {
  const { failed, canceled, skipped, notActivated } = counters;
  return failed === 0 && canceled === 0 && skipped > 0 && skipped === notActivated;
}

/** Dependencies that have ended, however. */
export function endedOf(counters: Readonly<TriggerCounters>): number {
  return counters.succeeded + counters.failed + counters.skipped + counters.canceled;
}

function all(good: number, bad: number, counters: Readonly<TriggerCounters>): TriggerAnswer {
  if (bad > 0) return 'skip';
  return good === counters.total ? 'run' : 'undecided';
}

function atLeast(
  wanted: number,
  reached: number,
  counters: Readonly<TriggerCounters>,
): TriggerAnswer {
  if (reached >= wanted) return 'run';
  const open = counters.total - endedOf(counters);
  return reached + open < wanted ? 'skip' : 'undecided';
}
