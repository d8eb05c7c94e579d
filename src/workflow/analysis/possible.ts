/**
 * What each task may come to, from what those before it may come to, each for itself. What is not possible here is not
 * possible in any run; the reverse is shown by `best-run.ts` and `witness-search.ts`. Linear.
 */
import type { FlowModel, FlowTask } from './flow-model.ts';
import { FAILED, INACTIVE, SKIPPED, SUCCEEDED } from './outcomes.ts';

/** What a task that never runs comes to. */
const NEVER = INACTIVE | SKIPPED;

export interface PossibleOptions {
  /**
   * Look at triggers alone: conditions may hold, and every task may fail. What never runs even then is an error of
   * structure.
   */
  readonly isLenient: boolean;
}

export class Possible {
  /** By task: sets of outcomes. */
  readonly outcomes: Uint8Array;
  /** By task: 1 where it may begin. */
  readonly mayRun: Uint8Array;
  /** By task: successes that dependents may see at most. */
  readonly #tokens: Float64Array;
  readonly #model: FlowModel;
  readonly #isLenient: boolean;
  /** Tasks that a loop leads to. */
  readonly #loops = new Set<number>();

  constructor(model: FlowModel, { isLenient }: PossibleOptions) {
    const { length } = model.tasks;
    this.#model = model;
    this.#isLenient = isLenient;
    this.outcomes = new Uint8Array(length).fill(SUCCEEDED | FAILED | INACTIVE | SKIPPED);
    this.mayRun = new Uint8Array(length).fill(1);
    this.#tokens = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    for (const { from, to } of model.definition.loops ?? []) {
      const target = model.graph.indexOf.get(to);
      if (target !== undefined && model.graph.indexOf.has(from)) this.#loops.add(target);
    }
  }

  /** To be asked in dependency order. True where the task may begin. */
  judge(flow: FlowTask): boolean {
    const { index } = flow;
    if (flow.isOpen) return true;
    const mayRun = this.#loopLeadsTo(index) || (this.#mayTrigger(flow) && this.#mayWant(flow));
    this.mayRun[index] = mayRun ? 1 : 0;
    this.outcomes[index] = mayRun ? this.#outcomesOf(flow) : NEVER;
    this.#tokens[index] = mayRun ? this.#tokensOf(flow) : 0;
    return mayRun;
  }

  /** It was shown in another way. */
  neverRuns(index: number): void {
    this.mayRun[index] = 0;
    this.outcomes[index] = NEVER;
    this.#tokens[index] = 0;
  }

  may(index: number, outcomes: number): boolean {
    return ((this.outcomes[index] ?? 0) & outcomes) !== 0;
  }

  /** A loop comes from behind, where nothing has been judged yet: it may be taken. */
  #loopLeadsTo(index: number): boolean {
    return this.#loops.has(index);
  }

  #mayTrigger({ dependencies, need, task }: FlowTask): boolean {
    const { count, outcomes } = need;
    if (count === 'all')
      return dependencies.every((dependency) => this.#mayEnd(dependency, outcomes));
    const able = dependencies.filter((dependency) => this.#mayEnd(dependency, outcomes));
    if (typeof task.trigger !== 'object' || !('merge' in task.trigger)) return able.length >= count;
    if (this.#isLenient) return able.length > 0;
    let tokens = 0;
    for (const dependency of able) tokens += this.#tokens[dependency] ?? 0;
    return tokens >= count;
  }

  /** A success that ends the run is the last thing that happens: nobody goes on from there. */
  #mayEnd(dependency: number, outcomes: number): boolean {
    const ends = this.#model.tasks[dependency]?.endsRun === true && !this.#isLenient;
    return this.may(dependency, ends ? outcomes & ~SUCCEEDED : outcomes);
  }

  #mayWant({ parts }: FlowTask): boolean {
    if (this.#isLenient) return true;
    return parts.every((part) => {
      if (part.kind === 'never') return false;
      if (part.kind === 'value') return true;
      const target = this.#model.graph.indexOf.get(part.task);
      return target === undefined || this.may(target, part.outcomes);
    });
  }

  #outcomesOf({ task, mayFail, hasRounds, parts, dependencies }: FlowTask): number {
    let outcomes = SUCCEEDED;
    if (mayFail) outcomes |= task.onFailure === 'skip' ? SKIPPED : FAILED;
    if (this.#isLenient) outcomes |= FAILED;
    // Round after round the tokens of a loop may stay away.
    if (dependencies.length > 0 || hasRounds) outcomes |= INACTIVE | SKIPPED;
    return parts.length > 0 ? outcomes | INACTIVE : outcomes;
  }

  #tokensOf({ task, dependencies, hasRounds }: FlowTask): number {
    const emitted = task.emit ?? 1;
    if (!hasRounds) return emitted;
    if (this.#model.definition.loops !== undefined) return Number.POSITIVE_INFINITY;
    const tokens = dependencies.map((dependency) => this.#tokens[dependency] ?? 0);
    const sum = tokens.reduce((total, count) => total + count, 0);
    if (task.trigger === 'each') return sum * emitted;
    if (typeof task.trigger === 'object' && 'merge' in task.trigger)
      return Math.floor(sum / task.trigger.merge) * emitted;
    return tokens.reduce((most, count) => Math.max(most, count), 0) * emitted;
  }
}
