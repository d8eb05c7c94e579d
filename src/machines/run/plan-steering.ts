/**
 * What tasks of a definition do to each other beyond dependencies, by index: mutexes, regions, milestones, and what a
 * success cancels, completes or ends. Derived; maps hold the tasks that have such a field, so others cost nothing.
 */
import type { TaskDefinition, WorkflowDefinition } from '../../workflow/definition.ts';
import { invariant } from '../errors.ts';

/** A region of a definition. */
export interface PlanRegion {
  readonly name: string;
  /** Held by the region as a whole. */
  readonly mutexes: readonly string[];
  readonly members: readonly number[];
}

export interface PlanSteering {
  /** Mutexes of the task itself. */
  readonly mutexes: ReadonlyMap<number, readonly string[]>;
  /** The region of a task, where it has a mutex. */
  readonly regionOf: ReadonlyMap<number, PlanRegion>;
  readonly regions: ReadonlyMap<string, PlanRegion>;
  /** Tasks that may not start once the key has started. */
  readonly shuts: ReadonlyMap<number, readonly number[]>;
  /** What the success of the key cancels. */
  readonly cancels: ReadonlyMap<number, 'run' | readonly number[]>;
  /** `foreach` tasks that the success of the key ends. */
  readonly completes: ReadonlyMap<number, readonly number[]>;
}

/** The definition must be valid: every name in it is known. */
// Length: one pass for each kind of field.
export function steeringOf({
  tasks,
  regions: declared,
  indexes,
}: {
  /** Those of hooks too. */
  tasks: readonly TaskDefinition[];
  regions: WorkflowDefinition['regions'];
  indexes: ReadonlyMap<string, number>;
}): PlanSteering {
  const members = new Map<string, number[]>();
  const mutexes = new Map<number, readonly string[]>();
  const shuts = new Map<number, number[]>();
  for (const [index, { mutex, region, milestone }] of tasks.entries()) {
    if (region !== undefined) listIn(members, region).push(index);
    if (mutex !== undefined) mutexes.set(index, [...new Set(mutex)]);
    if (milestone !== undefined) listIn(shuts, indexOf(indexes, milestone.until)).push(index);
  }
  const regions = new Map<string, PlanRegion>();
  const regionOf = new Map<number, PlanRegion>();
  for (const [name, list] of members) {
    const region = { name, members: list, mutexes: [...new Set(declared?.[name]?.mutex)] };
    regions.set(name, region);
    if (region.mutexes.length > 0) for (const index of list) regionOf.set(index, region);
  }
  const cancels = new Map<number, 'run' | readonly number[]>();
  const completes = new Map<number, readonly number[]>();
  for (const [index, { cancel, complete }] of tasks.entries()) {
    if (cancel === 'run') cancels.set(index, 'run');
    else if (cancel !== undefined) {
      const named = cancel.flatMap(
        (name) => regions.get(name)?.members ?? [indexOf(indexes, name)],
      );
      cancels.set(
        index,
        [...new Set(named)].filter((target) => target !== index),
      );
    }
    if (complete !== undefined)
      completes.set(
        index,
        complete.map((name) => indexOf(indexes, name)),
      );
  }
  return { mutexes, regionOf, regions, shuts, cancels, completes };
}

function listIn<Key>(lists: Map<Key, number[]>, key: Key): number[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: number[] = [];
  lists.set(key, list);
  return list;
}

function indexOf(indexes: ReadonlyMap<string, number>, id: string): number {
  const index = indexes.get(id);
  invariant(index !== undefined, 'a task names one that does not exist', { id });
  return index;
}
