/** How a task may end, as those behind it see it. Sets of outcomes are bits. */
import type { TaskDefinition, Trigger } from '../definition.ts';

export const SUCCEEDED = 1;
export const FAILED = 2;
/** Skipped because nothing asked for it. */
export const INACTIVE = 4;
/** Skipped or canceled for another reason. */
export const SKIPPED = 8;
export const ANY = SUCCEEDED | FAILED | INACTIVE | SKIPPED;

/** What a trigger asks of the tasks before it: all of them, or so many, each with one of these outcomes. */
export interface Need {
  readonly count: 'all' | number;
  readonly outcomes: number;
}

const NAMED: Readonly<Record<Exclude<Trigger, object>, Need>> = {
  all_success: { count: 'all', outcomes: SUCCEEDED },
  none_failed: { count: 'all', outcomes: SUCCEEDED | INACTIVE | SKIPPED },
  all_done: { count: 'all', outcomes: ANY },
  activated: { count: 'all', outcomes: SUCCEEDED | INACTIVE },
  one_success: { count: 1, outcomes: SUCCEEDED },
  each: { count: 1, outcomes: SUCCEEDED },
  reachable: { count: 1, outcomes: SUCCEEDED },
  one_failed: { count: 1, outcomes: FAILED },
  any: { count: 1, outcomes: ANY },
};

export function needOf(trigger: Trigger): Need {
  if (typeof trigger === 'string') return NAMED[trigger];
  const count = 'count' in trigger ? trigger.count : trigger.merge;
  return { count, outcomes: SUCCEEDED };
}

/** True for a task whose own work can go wrong; a condition that cannot be evaluated is not meant. */
export function canFail({ wait, pass, output, foreach }: TaskDefinition): boolean {
  if (foreach !== undefined) return true;
  if (pass === true) return typeof output === 'string' || typeof output === 'object';
  if (wait === undefined || wait.kind === 'approval') return true;
  if (wait.kind === 'timer') return typeof wait.duration === 'string';
  if (wait.kind === 'signal') return wait.timeoutMs !== undefined && wait.onTimeout === 'fail';
  return Object.values(wait.of).some(
    (event) => event.kind === 'timer' && typeof event.duration === 'string',
  );
}

/** True where a success is the last thing that happens in a run: nothing behind it can begin. */
export function endsRun({ end, cancel }: TaskDefinition): boolean {
  return end === 'terminate' || cancel === 'run';
}
