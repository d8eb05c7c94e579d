/**
 * Who waits for ever where nobody answers: the best run again, but waits without a timeout do not end. What then hangs
 * does so in a run that there is, so each finding has its witness; triggers that go on with the others do not hang.
 * Linear.
 */
import type { TaskDefinition, WorkflowDefinition } from '../definition.ts';
import { decideTrigger, noCounters } from '../triggers.ts';
import type { BestRun } from './best-run.ts';
import type { FlowModel, FlowTask } from './flow-model.ts';
import { INACTIVE, SUCCEEDED } from './outcomes.ts';

export interface EndlessWait {
  /** The task that waits. */
  readonly wait: number;
  /** What hangs although something else before it is done; the first of them. */
  readonly stuck: number;
  /** From the wait to what hangs. */
  readonly path: readonly number[];
  /** The mutex that it keeps meanwhile, where that is why. */
  readonly mutex?: string;
  /** All that hangs with it, it included. */
  readonly tasks: number;
}

/** True for what ends only when somebody outside does something, and could have a timeout. */
function isEndless({ wait }: TaskDefinition): boolean {
  if (wait === undefined || wait.kind === 'timer') return false;
  if (wait.kind === 'first')
    return Object.values(wait.of).every(
      (event) => event.kind === 'signal' && event.timeoutMs === undefined,
    );
  if (wait.timeoutMs === undefined) return true;
  return wait.kind === 'approval' && wait.onTimeout === 'wait';
}

/** Joins, and tasks that need a mutex, behind waits that nothing bounds. */
export function endlessWaits(model: FlowModel, best: BestRun): EndlessWait[] {
  if (!model.tasks.some(({ task }) => isEndless(task))) return [];
  const hanging = new Hanging(model, best);
  for (const index of model.order) hanging.judge(model.tasks[index] as FlowTask);
  return hanging.found();
}

class Hanging {
  readonly #model: FlowModel;
  readonly #best: BestRun;
  /** By task: the task before it that it waits for; itself for a wait; -1 for what ends. */
  readonly #behind: Int32Array;
  /** By task: the wait at the beginning of that. */
  readonly #root: Int32Array;
  #wanted: Map<string, Wanting[]> | undefined;
  readonly #stuck = new Map<number, { first: number | undefined; tasks: number }>();

  constructor(model: FlowModel, best: BestRun) {
    this.#model = model;
    this.#best = best;
    this.#behind = new Int32Array(model.tasks.length).fill(-1);
    this.#root = new Int32Array(model.tasks.length).fill(-1);
  }

  judge({ index, task, dependencies }: FlowTask): void {
    const open = dependencies.filter((dependency) => this.#behind[dependency] !== -1);
    const [first] = open;
    if (first !== undefined && this.#hangs(task, dependencies, open.length)) {
      this.#behind[index] = first;
      const root = this.#root[first] as number;
      this.#root[index] = root;
      const stuck = this.#stuck.get(root);
      if (stuck === undefined) return;
      stuck.tasks += 1;
      if (open.length < dependencies.length) stuck.first ??= index;
    } else if (this.#best.runs[index] === 1 && isEndless(task)) {
      this.#behind[index] = index;
      this.#root[index] = index;
      this.#stuck.set(index, { first: undefined, tasks: 1 });
    }
  }

  #hangs({ trigger }: TaskDefinition, dependencies: readonly number[], open: number): boolean {
    const counters = noCounters(dependencies.length);
    for (const dependency of dependencies) {
      if (this.#behind[dependency] !== -1) continue;
      const outcome = this.#best.outcomes[dependency];
      // Of what has rounds the outcome is not known; a success leaves most open.
      if (outcome === SUCCEEDED || outcome === 0) counters.succeeded += 1;
      else counters.skipped += 1;
      if (outcome === INACTIVE) counters.notActivated += 1;
    }
    if (typeof trigger === 'object' && 'merge' in trigger)
      return counters.succeeded < trigger.merge;
    return open > 0 && decideTrigger(trigger, counters) === 'undecided';
  }

  #path(index: number): number[] {
    const path = [index];
    for (let at = index; this.#behind[at] !== at && this.#behind[at] !== -1; ) {
      at = this.#behind[at] as number;
      path.push(at);
    }
    return path.reverse();
  }

  found(): EndlessWait[] {
    const list: EndlessWait[] = [];
    for (const [wait, { first, tasks }] of this.#stuck) {
      if (first !== undefined) list.push({ wait, stuck: first, path: this.#path(first), tasks });
      else list.push(...this.#keepers(wait, tasks));
    }
    return list;
  }

  /** A wait that holds a mutex keeps everybody else from it. */
  #keepers(wait: number, tasks: number): EndlessWait[] {
    const held = this.#model.definition.tasks[wait];
    if (held === undefined) return [];
    this.#wanted ??= wantedMutexes(this.#model.definition);
    for (const mutex of mutexesOf(held, this.#model.definition)) {
      const stuck = this.#wanted
        .get(mutex)
        ?.find(
          ({ index, region }) => index !== wait && (region === undefined || region !== held.region),
        );
      if (stuck !== undefined)
        return [{ wait, stuck: stuck.index, path: [wait, stuck.index], mutex, tasks }];
    }
    return [];
  }
}

interface Wanting {
  readonly index: number;
  readonly region: string | undefined;
}

function mutexesOf(
  { mutex = [], region }: TaskDefinition,
  { regions = {} }: WorkflowDefinition,
): string[] {
  return [...mutex, ...(region === undefined ? [] : (regions[region]?.mutex ?? []))];
}

/**
 * By mutex: the first tasks that want it. Two that are of no region in common are enough: whoever holds the mutex is
 * one of them at most, or of the region of one.
 */
function wantedMutexes(definition: WorkflowDefinition): Map<string, Wanting[]> {
  const found = new Map<string, Wanting[]>();
  for (const [index, task] of definition.tasks.entries()) {
    const { region } = task;
    for (const mutex of mutexesOf(task, definition)) {
      const known = found.get(mutex);
      if (known === undefined) found.set(mutex, [{ index, region }]);
      else if (known.length === 1 && isOther(known[0], { index, region }))
        known.push({ index, region });
    }
  }
  return found;
}

function isOther(known: Wanting | undefined, { index, region }: Wanting): boolean {
  return known?.index !== index && (region === undefined || known?.region !== region);
}
