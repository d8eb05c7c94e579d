/**
 * Whether a task has certainly ended when another one begins. Depending on it is not enough: a trigger may hold, or
 * be known not to hold, before all dependencies have ended.
 *
 * O1 Answers are those of triggers in one round; a run that stops or is canceled begins nothing that waits.
 * O2 All searches of one definition together are bounded; beyond the bound the answer is yes.
 */
import type { Trigger, WorkflowDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';
import { MAX_REACHABILITY_STEPS } from './limits.ts';

/** What is certain about one task, by task: it has ended when that one begins, or when that one ends, however. */
interface Certain {
  readonly atBegin: Uint8Array;
  readonly atEnd: Uint8Array;
}

/** Triggers that say nothing before all dependencies have ended. */
const PATIENT: ReadonlySet<Trigger> = new Set<Trigger>(['all_done', 'reachable']);
/** Triggers that let a task begin after all dependencies alone, and may skip it earlier. */
const COMPLETE: ReadonlySet<Trigger> = new Set<Trigger>([
  'all_success',
  'none_failed',
  'activated',
  ...PATIENT,
]);
/** Triggers that ask for success: a dependency that succeeded has begun. */
const OF_SUCCESS: ReadonlySet<Trigger> = new Set<Trigger>(['all_success', 'one_success', 'each']);

export class CertainOrder {
  readonly #definition: WorkflowDefinition;
  readonly #graph: TaskGraph;
  readonly #known = new Map<number, Certain>();
  #stepsLeft = MAX_REACHABILITY_STEPS;

  constructor({ definition, graph }: { definition: WorkflowDefinition; graph: TaskGraph }) {
    this.#definition = definition;
    this.#graph = graph;
  }

  /** True when `first` has ended whenever `then` begins. */
  hasEnded(first: number, then: number): boolean {
    const certain = this.#certain(first);
    return certain === undefined || certain.atBegin[then] === 1;
  }

  #certain(first: number): Certain | undefined {
    const known = this.#known.get(first);
    if (known !== undefined) return known;
    const { order, dependencies } = this.#graph;
    const atBegin = new Uint8Array(dependencies.length);
    const atEnd = new Uint8Array(dependencies.length);
    const certain = { atBegin, atEnd };
    for (const index of order.slice(order.indexOf(first) + 1)) {
      const before = dependencies[index] ?? [];
      this.#stepsLeft -= before.length + 1;
      if (this.#stepsLeft < 0) return undefined;
      if (before.length === 0) continue;
      const trigger = this.#definition.tasks[index]?.trigger ?? 'all_success';
      const hasEnded = (dependency: number) => dependency === first || atEnd[dependency] === 1;
      const hasEndedOfSuccess = (dependency: number) =>
        hasEnded(dependency) || atBegin[dependency] === 1;
      const counts = asksForSuccess(trigger) ? hasEndedOfSuccess : hasEnded;
      const isAtBegin = COMPLETE.has(trigger) ? before.some(counts) : before.every(counts);
      const isAtEnd = PATIENT.has(trigger) ? before.some(hasEnded) : before.every(hasEnded);
      if (isAtBegin || isAtEnd) atBegin[index] = 1;
      if (isAtEnd) atEnd[index] = 1;
    }
    this.#known.set(first, certain);
    return certain;
  }
}

function asksForSuccess(trigger: Trigger): boolean {
  return OF_SUCCESS.has(trigger) || typeof trigger === 'object';
}
