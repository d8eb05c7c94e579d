/** Outcomes, chains and conflicts in words. */
import type { TaskDefinition, Trigger } from '../definition.ts';
import type { ValuePart } from './choices.ts';
import { FAILED, INACTIVE, SKIPPED, SUCCEEDED } from './outcomes.ts';
import type { Chain, Conflict, Wanted } from './witness-search.ts';

/** Tasks of a path that are named; of a longer one, both ends. */
const MAX_NAMED = 12;

type Tasks = readonly Pick<TaskDefinition, 'id'>[];

export function pathText(path: readonly number[], tasks: Tasks): string {
  return shortPath(path.map((index) => tasks[index]?.id ?? ''));
}

/** `a -> b -> c`, long ones with a gap. */
export function shortPath(ids: readonly string[]): string {
  if (ids.length <= MAX_NAMED) return ids.join(' -> ');
  const half = MAX_NAMED / 2;
  return [...ids.slice(0, half), '...', ...ids.slice(-half)].join(' -> ');
}

function chainText(chain: Chain, tasks: Tasks): string {
  const path: number[] = [];
  for (let at: Chain | undefined = chain; at !== undefined; at = at.to) path.push(at.task);
  return pathText(path, tasks);
}

/** Why a task cannot run: what would have to be so and cannot. */
export function conflictText({ on, first, second }: Conflict, tasks: Tasks): string {
  const what = typeof on === 'number' ? `\`${tasks[on]?.id}\`` : '';
  const one = `${what}${wantedText(first)} (${chainText(first.chain, tasks)})`;
  if (second !== undefined)
    return `${one}, and ${what}${wantedText(second)} (${chainText(second.chain, tasks)})`;
  if (typeof on === 'number' && first.what === FAILED)
    return `${one}, and then the run stops before it`;
  return `${one}, which cannot be`;
}

function wantedText({ what }: Wanted): string {
  return typeof what === 'number' ? ` ${outcomeText(what)}` : valueText(what);
}

function outcomeText(outcomes: number): string {
  if (outcomes === SUCCEEDED) return 'has to succeed';
  if (outcomes === FAILED) return 'has to fail';
  if ((outcomes & ~(INACTIVE | SKIPPED)) === 0) return 'has to be skipped';
  if ((outcomes & FAILED) === 0) return 'must not fail';
  if ((outcomes & SUCCEEDED) === 0) return 'must not succeed';
  return 'has to end';
}

function valueText({ subject, value, holds }: ValuePart): string {
  if (value === 'true') return `\`${subject}\` has to be ${holds ? 'true' : 'false'}`;
  return `\`${subject}\` ${holds ? 'has to be' : 'must not be'} ${value}`;
}

export function triggerText(trigger: Trigger): string {
  if (typeof trigger === 'string') return `\`${trigger}\``;
  return 'count' in trigger ? `\`count: ${trigger.count}\`` : `\`merge: ${trigger.merge}\``;
}
