/**
 * What can never run, before anything has run. Exact for the core of the language: acyclic graphs with every trigger,
 * `repeat`, conditions taken as free choices (`conditions.ts`), tasks that may succeed or fail. For what loops between
 * tasks, `emit` and `each` let run several times, and for what `end` and `cancel` do in the order of a run, it finds
 * only what no outcome of the tasks before allows.
 *
 * S1 What is called dead runs in no run.
 * S2 In the core, what is not called dead runs in some run, unless the search was cut off.
 * S3 Near linear: one pass for what each task may come to, one for the best run, and a bounded search for the rest.
 */
import type { WorkflowDefinition } from '../definition.ts';
import type { TaskGraph } from '../graph.ts';
import { type BestRun, bestRunOf } from './best-run.ts';
import { type FlowModel, type FlowTask, flowModelOf } from './flow-model.ts';
import { Possible } from './possible.ts';
import { type Conflict, WitnessSearch } from './witness-search.ts';

/** Why a task never runs. */
export interface DeadTask {
  readonly index: number;
  /** `structure`: by triggers alone. `behind`: `root` is dead, and this one needs it. `choice`: what it needs never comes together. */
  readonly kind: 'structure' | 'behind' | 'choice';
  /** The dead task nearest before it. */
  readonly root?: number;
  /** What excludes itself, where a search found it. */
  readonly conflict?: Conflict | undefined;
}

export interface Soundness {
  readonly model: FlowModel;
  readonly best: BestRun;
  /** In dependency order. */
  readonly dead: readonly DeadTask[];
  /** Tasks of which the search could not decide. */
  readonly undecided: readonly number[];
}

/** Judges every task once. */
export function soundnessOf(definition: WorkflowDefinition, graph: TaskGraph): Soundness {
  const model = flowModelOf(definition, graph);
  const best = bestRunOf(model);
  const judge = new Judge(model, best);
  for (const index of model.order) judge.judge(model.tasks[index] as FlowTask);
  return { model, best, dead: judge.dead, undecided: judge.undecided };
}

class Judge {
  readonly dead: DeadTask[] = [];
  readonly undecided: number[] = [];
  readonly #best: BestRun;
  /** By triggers alone, and with all that is known. */
  readonly #lenient: Possible;
  readonly #full: Possible;
  readonly #model: FlowModel;
  readonly #isDead: Uint8Array;
  #search: WitnessSearch | undefined;

  constructor(model: FlowModel, best: BestRun) {
    this.#model = model;
    this.#best = best;
    this.#lenient = new Possible(model, { isLenient: true });
    this.#full = new Possible(model, { isLenient: false });
    this.#isDead = new Uint8Array(model.tasks.length);
  }

  judge(flow: FlowTask): void {
    const { index } = flow;
    const isPossible = this.#lenient.judge(flow);
    const root = flow.dependencies.find((dependency) => this.#isDead[dependency] === 1);
    if (!isPossible) this.#bury({ index, kind: root === undefined ? 'structure' : 'behind' }, root);
    else if (!this.#full.judge(flow))
      this.#bury({ index, kind: root === undefined ? 'choice' : 'behind' }, root);
    else if (!this.#isShown(flow)) this.#ask(flow, root);
  }

  /** The best run shows it, or it is none of the core. */
  #isShown({ index, hasRounds, isOpen }: FlowTask): boolean {
    return hasRounds || isOpen || this.#best.runs[index] === 1;
  }

  #ask({ index }: FlowTask, root: number | undefined): void {
    this.#search ??= new WitnessSearch(this.#model, this.#best);
    const answer = this.#search.ask(index);
    if (answer.kind === 'undecided') this.undecided.push(index);
    if (answer.kind !== 'never') return;
    const { conflict } = answer;
    this.#bury({ index, kind: root === undefined ? 'choice' : 'behind', conflict }, root);
  }

  #bury(dead: DeadTask, root: number | undefined): void {
    this.#full.neverRuns(dead.index);
    this.#isDead[dead.index] = 1;
    this.dead.push(root === undefined ? dead : { ...dead, root });
  }
}
