/**
 * Whether some run lets a task begin, where the best run does not: a search backwards from the task for outcomes of the
 * tasks before it that fit together.
 *
 * W1 Exact: what it finds is a run, and where it ends without one there is none. Every task may succeed or fail as its
 *    kind allows, every condition is a choice (`conditions.ts`), and messages come in any order.
 * W2 What a goal takes from the best run is only looked at where something that differs from it comes before it, so
 *    that a search costs what differs and not what comes before. Steps and depth are bounded; beyond, no answer.
 * W3 The goals that met first where no way was left say why.
 * Size: one search; each kind of goal beside the next.
 */
import { Ancestry } from '../ancestry.ts';
import type { BestRun } from './best-run.ts';
import { Choices, type ValuePart } from './choices.ts';
import type { FlowModel, FlowTask } from './flow-model.ts';
import { FAILED, INACTIVE, SKIPPED, SUCCEEDED } from './outcomes.ts';
import { type Goal, partGoals, type Way, waysTo, waysToBegin } from './ways.ts';

const MAX_STEPS = 20_000;
/** Goals that wait for each other's end. */
const MAX_DEPTH = 600;
/** Steps of all searches of a definition. */
const MAX_STEPS_TOGETHER = 300_000;
/** Questions of all searches whether something that differs comes before a task: what a step may cost beside itself. */
const MAX_LOOKS_TOGETHER = 5_000_000;
/** Tasks that a choice must touch for what is behind them to be marked at once. */
const MANY = 32;

/** From a task along those that need it, up to the one that is asked about. */
export interface Chain {
  readonly task: number;
  readonly to: Chain | undefined;
}

/** What cannot be both, or cannot be at all where `second` is absent. */
export interface Conflict {
  /** A task, or a subject of conditions. */
  readonly on: number | string;
  readonly first: Wanted;
  readonly second?: Wanted;
}

export interface Wanted {
  /** Outcomes, or the part of a condition. */
  readonly what: number | ValuePart;
  readonly chain: Chain;
}

export type Answer =
  | { readonly kind: 'runs' }
  | { readonly kind: 'never'; readonly conflict: Conflict | undefined }
  | { readonly kind: 'undecided' };

/** Goals that are left, each with the task that has it. */
interface Agenda {
  readonly goal: Goal;
  readonly by: Chain;
  readonly rest: Agenda | undefined;
}

interface End {
  readonly outcome: number;
  readonly chain: Chain;
  /** Taken from the best run as a whole. */
  isBest: boolean;
}

class OutOfSteps extends Error {}
/** Thrown often, so one will do. */
const OUT_OF_STEPS = new OutOfSteps('the search is cut off');

export class WitnessSearch {
  readonly #model: FlowModel;
  readonly #best: BestRun;
  readonly #ancestry: Ancestry;
  readonly #bySubject = new Map<string, number[]>();
  /** By a subject that many tasks ask for: 1 for these tasks and for all behind them. */
  readonly #behindSubject = new Map<string, Uint8Array>();
  #stepsTogether = MAX_STEPS_TOGETHER;
  #looksTogether = MAX_LOOKS_TOGETHER;
  // Of one search:
  #steps = 0;
  #depth = 0;
  #target = -1;
  #ends = new Map<number, End>();
  /** What handles a failure, and must not end in another way. */
  #handlers = new Set<number>();
  #choices = new Choices();
  #wanted = new Map<string, Wanted>();
  /** What differs from the best run: tasks, and subjects that many tasks ask for. */
  #unlike: number[] = [];
  #unlikeSubjects: string[] = [];
  #conflict: Conflict | undefined;

  constructor(model: FlowModel, best: BestRun) {
    this.#model = model;
    this.#best = best;
    this.#ancestry = new Ancestry(model.graph);
    for (const { index, parts } of model.tasks) {
      for (const part of parts) {
        if (part.kind !== 'value' || part.subject === '') continue;
        const known = this.#bySubject.get(part.subject);
        if (known === undefined) this.#bySubject.set(part.subject, [index]);
        else known.push(index);
      }
    }
  }

  /** Asks about one task that has no rounds, and before which none has. */
  ask(target: number): Answer {
    this.#target = target;
    this.#ends = new Map();
    this.#handlers = new Set();
    this.#choices = new Choices();
    this.#wanted = new Map();
    // What has to succeed before the target begins must not cancel it: so that is looked at, wherever it comes before.
    this.#unlike = [...this.#flow(target).canceledBy];
    this.#unlikeSubjects = [];
    this.#conflict = undefined;
    this.#steps = MAX_STEPS;
    this.#depth = 0;
    const chain = { task: target, to: undefined };
    try {
      if (this.#trySome(waysToBegin(this.#flow(target)), chain, undefined)) return { kind: 'runs' };
      return { kind: 'never', conflict: this.#conflict };
    } catch (error) {
      if (!(error instanceof OutOfSteps)) throw error;
      return { kind: 'undecided' };
    }
  }

  #flow(index: number): FlowTask {
    return this.#model.tasks[index] as FlowTask;
  }

  #trySome(ways: readonly Way[], by: Chain, rest: Agenda | undefined): boolean {
    for (const way of ways) {
      let agenda = rest;
      for (const goal of way.toReversed()) agenda = { goal, by, rest: agenda };
      if (this.#solve(agenda)) return true;
    }
    return false;
  }

  #solve(agenda: Agenda | undefined): boolean {
    this.#steps -= 1;
    this.#stepsTogether -= 1;
    if (this.#steps < 0 || this.#stepsTogether < 0 || this.#depth > MAX_DEPTH) throw OUT_OF_STEPS;
    if (agenda === undefined) return this.#harden();
    const { goal, by, rest } = agenda;
    this.#depth += 1;
    const isSolved =
      goal.kind === 'end'
        ? this.#solveEnd(goal, by, rest)
        : goal.kind === 'some'
          ? this.#solveSome(goal, by, rest)
          : goal.kind === 'value'
            ? this.#solveValue(goal.part, by, rest)
            : this.#solveHandled(goal.task, by, rest);
    this.#depth -= 1;
    return isSolved;
  }

  #solveEnd(goal: Extract<Goal, { kind: 'end' }>, by: Chain, rest: Agenda | undefined): boolean {
    const { outcomes } = goal;
    const task =
      typeof goal.task === 'number' ? goal.task : this.#model.graph.indexOf.get(goal.task);
    if (task === undefined) return this.#solve(rest);
    const chain = { task, to: by };
    const known = this.#ends.get(task);
    if (known !== undefined) {
      if ((known.outcome & outcomes) !== 0) return this.#solve(rest);
      const first = { what: known.outcome, chain: known.chain };
      return this.#refuse({ on: task, first, second: { what: outcomes, chain } });
    }
    const allowed = this.#handlers.has(task) ? outcomes & SUCCEEDED : outcomes;
    const best = this.#best.outcomes[task] ?? 0;
    // What the best run has costs nothing.
    const order = [best, SUCCEEDED, FAILED, INACTIVE, SKIPPED];
    for (const [at, outcome] of order.entries()) {
      if ((outcome & allowed) === 0 || (at > 0 && outcome === best)) continue;
      if (this.#tryEnd({ outcome, chain, isBest: at === 0 }, rest)) return true;
    }
    return this.#refuse({ on: task, first: { what: outcomes, chain } });
  }

  #tryEnd(end: End, rest: Agenda | undefined): boolean {
    const { outcome, chain } = end;
    const flow = this.#flow(chain.task);
    if (outcome === SUCCEEDED && flow.endsRun) return false;
    if (outcome === SUCCEEDED && this.#flow(this.#target).canceledBy.includes(chain.task))
      return false;
    this.#ends.set(chain.task, end);
    let isSolved: boolean;
    if (end.isBest) isSolved = this.#solve(rest);
    else {
      this.#unlike.push(chain.task);
      isSolved = this.#trySome(waysTo(flow, outcome), chain, rest);
      this.#unlike.pop();
    }
    this.#ends.delete(chain.task);
    return isSolved;
  }

  #solveSome(
    { of, count, outcomes }: Extract<Goal, { kind: 'some' }>,
    by: Chain,
    rest: Agenda | undefined,
  ): boolean {
    if (count === 0) return this.#solve(rest);
    if (of.length < count) return false;
    const fits = (task: number): boolean =>
      ((this.#ends.get(task)?.outcome ?? this.#best.outcomes[task] ?? 0) & outcomes) !== 0;
    const sorted = [...of.filter(fits), ...of.filter((task) => !fits(task))];
    for (let at = 0; at + count <= sorted.length; at += 1) {
      const others: Goal = { kind: 'some', of: sorted.slice(at + 1), count: count - 1, outcomes };
      const then = { goal: others, by, rest };
      const task = sorted[at] as number;
      if (this.#solve({ goal: { kind: 'end', task, outcomes }, by, rest: then })) return true;
    }
    return false;
  }

  #solveValue(part: ValuePart, by: Chain, rest: Agenda | undefined): boolean {
    const { subject } = part;
    const before = this.#wanted.get(subject);
    if (!this.#choices.allows(part)) {
      const second = { what: part, chain: by };
      return this.#refuse(
        before === undefined
          ? { on: subject, first: second }
          : { on: subject, first: before, second },
      );
    }
    const affected = this.#best.choices.allows(part) ? [] : (this.#bySubject.get(subject) ?? []);
    this.#choices.choose(part);
    if (before === undefined) this.#wanted.set(subject, { what: part, chain: by });
    const isMany = affected.length > MANY;
    if (isMany) this.#unlikeSubjects.push(subject);
    else this.#unlike.push(...affected);
    const isSolved = this.#solve(rest);
    if (isMany) this.#unlikeSubjects.pop();
    else this.#unlike.length -= affected.length;
    if (before === undefined) this.#wanted.delete(subject);
    this.#choices.undo(part);
    return isSolved;
  }

  /** A failure is handled as long as a task that waits for it may still succeed. */
  #solveHandled(task: number, by: Chain, rest: Agenda | undefined): boolean {
    const isCleanUp = this.#flow(this.#target).task.trigger === 'all_done';
    if (!this.#model.stopsOnFailure || isCleanUp) return this.#solve(rest);
    const { dependents } = this.#flow(task);
    const handlers = dependents.filter(
      (dependent) => this.#flow(dependent).task.trigger === 'one_failed',
    );
    // What the failure itself lets begin may do so before a handler is asked whether it wants to.
    if (handlers.length > 0 && dependents.includes(this.#target)) return this.#solve(rest);
    for (const handler of handlers) {
      const known = this.#ends.get(handler);
      if (known !== undefined && known.outcome !== SUCCEEDED) continue;
      if (known !== undefined || this.#handlers.has(handler)) {
        if (this.#solve(rest)) return true;
        continue;
      }
      const wanted = partGoals(this.#flow(handler));
      this.#handlers.add(handler);
      const chain = { task: handler, to: by };
      const isSolved = wanted !== undefined && this.#trySome([wanted], chain, rest);
      this.#handlers.delete(handler);
      if (isSolved) return true;
    }
    return this.#refuse({ on: task, first: { what: FAILED, chain: by } });
  }

  /** W2: what was taken from the best run is shown where something that differs comes before it. */
  #harden(): boolean {
    for (const [task, end] of this.#ends) {
      if (!end.isBest || !this.#mayDiffer(task)) continue;
      end.isBest = false;
      const isSolved = this.#trySome(waysTo(this.#flow(task), end.outcome), end.chain, undefined);
      end.isBest = true;
      return isSolved;
    }
    return true;
  }

  #mayDiffer(task: number): boolean {
    if (this.#unlikeSubjects.some((subject) => this.#behind(subject)[task] === 1)) return true;
    return this.#unlike.some((other) => {
      this.#looksTogether -= 1;
      if (this.#looksTogether < 0) throw OUT_OF_STEPS;
      return other === task || this.#ancestry.comesBefore(other, task);
    });
  }

  /** Marked once for each subject; so few subjects have many tasks that it stays cheap. */
  #behind(subject: string): Uint8Array {
    const known = this.#behindSubject.get(subject);
    if (known !== undefined) return known;
    const { tasks, order } = this.#model;
    const marks = new Uint8Array(tasks.length);
    for (const index of this.#bySubject.get(subject) ?? []) marks[index] = 1;
    for (const index of order)
      if (marks[index] === 1)
        for (const dependent of tasks[index]?.dependents ?? []) marks[dependent] = 1;
    this.#behindSubject.set(subject, marks);
    return marks;
  }

  /** W3 */
  #refuse(conflict: Conflict): false {
    this.#conflict ??= conflict;
    return false;
  }
}
