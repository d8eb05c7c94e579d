/** In which ways a task can come to an outcome: for each way, what must be so of the tasks before it. */
import type { ValuePart } from './choices.ts';
import type { FlowTask } from './flow-model.ts';
import { ANY, FAILED, INACTIVE, SUCCEEDED } from './outcomes.ts';

export type Goal =
  /** The task ends in one of these ways (bits). */
  | { readonly kind: 'end'; readonly task: number | string; readonly outcomes: number }
  /** So many of these do. */
  | {
      readonly kind: 'some';
      readonly of: readonly number[];
      readonly count: number;
      readonly outcomes: number;
    }
  | { readonly kind: 'value'; readonly part: ValuePart }
  /** Its failure does not stop the run. */
  | { readonly kind: 'handled'; readonly task: number };

/** All that must be so for one way. */
export type Way = readonly Goal[];

/** Its trigger holds and its condition too; undefined where that is never so. */
export function waysToBegin(flow: FlowTask): Way[] {
  const wanted = partGoals(flow);
  return wanted === undefined ? [] : [[...triggerGoals(flow), ...wanted]];
}

/** What its condition asks; undefined where it is never true. */
export function partGoals({ parts }: FlowTask): Goal[] | undefined {
  const goals: Goal[] = [];
  for (const part of parts) {
    if (part.kind === 'never') return undefined;
    goals.push(
      part.kind === 'value'
        ? { kind: 'value', part }
        : { kind: 'end', task: part.task, outcomes: part.outcomes },
    );
  }
  return goals;
}

function triggerGoals({ dependencies, need: { count, outcomes } }: FlowTask): Goal[] {
  if (count !== 'all') return [{ kind: 'some', of: dependencies, count, outcomes }];
  if (outcomes === ANY) return [];
  return dependencies.map((task) => ({ kind: 'end', task, outcomes }));
}

/** `outcome` is one bit. */
export function waysTo(flow: FlowTask, outcome: number): Way[] {
  if (outcome === SUCCEEDED) return flow.endsRun ? [] : waysToBegin(flow);
  if (outcome === FAILED) {
    const handled: Goal = { kind: 'handled', task: flow.index };
    return flow.task.onFailure === 'skip' ? [] : waysToFail(flow).map((way) => [...way, handled]);
  }
  if (outcome === INACTIVE) return waysToBeInactive(flow);
  return flow.task.onFailure === 'skip'
    ? [...waysToFail(flow), ...waysToBeSkipped(flow)]
    : waysToBeSkipped(flow);
}

function waysToFail(flow: FlowTask): Way[] {
  if (!flow.mayFail) return [];
  return flow.conditionMayError ? [triggerGoals(flow)] : waysToBegin(flow);
}

function waysToBeInactive(flow: FlowTask): Way[] {
  const trigger = triggerGoals(flow);
  const ways: Way[] = flow.parts.map((part) =>
    part.kind === 'value'
      ? [...trigger, { kind: 'value', part: { ...part, holds: !part.holds } }]
      : trigger,
  );
  const { dependencies, need } = flow;
  const missing = missingFor(flow);
  const neverHolds = need.outcomes === SUCCEEDED || need.outcomes === FAILED;
  if (dependencies.length === 0 || !neverHolds || missing > dependencies.length) return ways;
  const none: Goal[] = dependencies.map((task) => ({
    kind: 'end',
    task,
    outcomes: SUCCEEDED | INACTIVE,
  }));
  return [
    ...ways,
    [{ kind: 'some', of: dependencies, count: missing, outcomes: INACTIVE }, ...none],
  ];
}

/** So many must end otherwise for the trigger not to hold. */
function missingFor({ dependencies, need }: FlowTask): number {
  if (need.count === 'all' || need.outcomes === FAILED) return 1;
  return Math.max(1, dependencies.length - need.count + 1);
}

function waysToBeSkipped(flow: FlowTask): Way[] {
  const { dependencies, need } = flow;
  const others = ANY & ~need.outcomes;
  if (dependencies.length === 0 || others === 0) return [];
  if (need.count === 'all' || need.outcomes === SUCCEEDED)
    return [[{ kind: 'some', of: dependencies, count: missingFor(flow), outcomes: others }]];
  return [dependencies.map((task) => ({ kind: 'end', task, outcomes: others }))];
}
