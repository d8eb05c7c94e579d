/**
 * Which names the expressions of a task may use. Tasks with the same names share one table, and so what was compiled
 * with it.
 */
import { hookTasksOf, type TaskDefinition, type WorkflowDefinition } from './definition.ts';
import type { LoopMembers } from './loop-members.ts';
import { type NameTable, namesForTask, nameTableOf } from './names.ts';

/** The names outside loops. Without an `inputs` block, what is used and not known is collected in `free`. */
export function namesOf(
  definition: WorkflowDefinition,
  { hasInputs, free }: { hasInputs: boolean; free: NonNullable<NameTable['free']> },
): NameTable {
  const tasks = [...definition.tasks, ...hookTasksOf(definition)];
  const hasRounds =
    (definition.loops ?? []).length > 0 || tasks.some(({ repeat }) => repeat !== undefined);
  return {
    ...nameTableOf(definition),
    ...(hasRounds || hasInputs ? { round: 'elsewhere' } : {}),
    ...(hasInputs ? {} : { free }),
  };
}

export class TaskNames {
  readonly outside: NameTable;
  /** Those of what has rounds. */
  readonly inLoop: NameTable;
  readonly #loops: LoopMembers;
  /** By the name of the element; apart for tasks in loops. */
  readonly #ofInstances = new Map<NameTable, Map<string | undefined, NameTable>>();

  constructor(names: NameTable, loops: LoopMembers) {
    this.outside = names;
    this.inLoop = { ...names, round: 'here' };
    this.#loops = loops;
  }

  /** A task that runs again has rounds to count. */
  of(index: number, { repeat }: TaskDefinition): NameTable {
    if (this.outside.round === undefined) return this.outside;
    const isRepeated = repeat !== undefined || this.#loops.together(index, index);
    return isRepeated ? this.inLoop : this.outside;
  }

  /** Of the instances of a `foreach`; of another task as they are. */
  ofInstance(names: NameTable, task: TaskDefinition): NameTable {
    if (task.foreach === undefined) return names;
    const known = this.#ofInstances.get(names) ?? new Map<string | undefined, NameTable>();
    this.#ofInstances.set(names, known);
    const ofInstance = known.get(task.as) ?? namesForTask(names, task);
    known.set(task.as, ofInstance);
    return ofInstance;
  }
}
