/**
 * What of a live run may still change. Every reason against a new definition is found, not the first alone. What has
 * begun stays what it is; what waits for a slot is withdrawn and decided anew.
 * Size: one check for each thing that a live run keeps, with its words.
 */
import { isSameWork } from '../../workflow/change/definition-change.ts';
import type { Difference } from '../../workflow/change/difference.ts';
import { type PatchProblem, problem } from '../../workflow/change/patch.ts';
import { isSameValue } from '../../workflow/change/same-value.ts';
import {
  hookTasksOf,
  type TaskDefinition,
  type WorkflowDefinition,
} from '../../workflow/definition.ts';
import { decideTrigger, noCounters } from '../../workflow/triggers.ts';
import {
  type Activation,
  lastActivation,
  type RunAggregate,
  runContext,
  runState,
} from './aggregate.ts';
import { bump } from './counting.ts';
import { type PlanNode, RunPlan } from './plan.ts';
import { hasBegun } from './steering.ts';
import { reportedStatus } from './task-status.ts';

export interface Adaptable {
  problems: PatchProblem[];
  /** Activations that the change withdraws. */
  withdrawn: string[];
  /** Tasks that have begun and are other tasks in the new definition, or none. */
  begun: string[];
}

/** Looks at a run and the definition that it is to have. O(tasks). */
export function lookAt(run: RunAggregate, after: WorkflowDefinition, now: number): Adaptable {
  const plan = new RunPlan(after);
  const looked = new Look(run, plan);
  looked.tasks();
  looked.regions();
  looked.loops();
  looked.workflow(now);
  for (const node of plan.nodes) looked.newTask(node);
  const { problems, withdrawn, begun } = looked;
  return { problems, withdrawn: [...withdrawn], begun: [...begun] };
}

/** The same of what is no valid workflow: only what has begun is looked at. */
export function lookAtDifference(
  run: RunAggregate,
  { changed, removed }: Difference,
): PatchProblem[] {
  const work = changed.filter(({ fields }) => fields.some(({ field }) => field !== 'description'));
  const touched = [
    ...work.map(({ id }) => [id, 'changed'] as const),
    ...removed.map((id) => [id, 'removed'] as const),
  ];
  return touched.flatMap(([id, how]) => {
    const activation = begunOf(run, id);
    if (activation === undefined || isWithdrawable(run, activation)) return [];
    return [taskStarted(activation, how)];
  });
}

function taskStarted(activation: Activation, how: 'changed' | 'removed'): PatchProblem {
  const { id } = activation.node.task;
  const message = `\`${id}\` is ${stateOf(activation)} and cannot be ${how}`;
  const hint = 'Leave it as it is; add a task behind it for what should happen otherwise.';
  return { ...problem('adapt.task-started', `tasks.${id}`, message, hint), task: id };
}

class Look {
  readonly problems: PatchProblem[] = [];
  readonly withdrawn = new Set<string>();
  readonly begun = new Set<string>();
  readonly #run: RunAggregate;
  readonly #plan: RunPlan;

  constructor(run: RunAggregate, plan: RunPlan) {
    this.#run = run;
    this.#plan = plan;
  }

  get #before(): WorkflowDefinition {
    return this.#run.plan.definition;
  }

  #add(code: string, at: { path: string; task?: string }, message: string, hint: string): void {
    const { path, task } = at;
    this.problems.push({
      ...problem(code, path, message, hint),
      ...(task === undefined ? {} : { task }),
    });
  }

  /** Tasks that changed or are gone. */
  tasks(): void {
    for (const { task } of this.#run.plan.nodes) {
      const next = this.#plan.byId(task.id)?.task;
      if (next !== undefined && isSameWork(task, next)) continue;
      this.#change(task, next === undefined ? 'removed' : 'changed');
    }
  }

  #change(task: TaskDefinition, how: 'changed' | 'removed'): void {
    const activation = begunOf(this.#run, task.id);
    if (activation === undefined) return;
    if (isWithdrawable(this.#run, activation)) {
      this.withdrawn.add(activation.id);
      return;
    }
    this.begun.add(task.id);
    this.problems.push(taskStarted(activation, how));
  }

  /** A region whose mutexes change: nobody in it may have begun. */
  regions(): void {
    const next = this.#plan.definition.regions ?? {};
    for (const [name, region] of this.#run.plan.steering.regions) {
      const known = this.#before.regions?.[name];
      const isGone = !this.#plan.steering.regions.has(name);
      if (isGone || isSameValue(known ?? {}, next[name] ?? {})) continue;
      for (const index of region.members) {
        const { task } = this.#run.plan.at(index);
        const activation = begunOf(this.#run, task.id);
        if (activation === undefined) continue;
        if (isWithdrawable(this.#run, activation)) this.withdrawn.add(activation.id);
        else
          this.#add(
            'adapt.region-started',
            { path: `regions.${name}`, task: task.id },
            `the mutexes of the region \`${name}\` cannot change: \`${task.id}\` is ${stateOf(activation)}`,
            'Give the mutexes to new tasks instead.',
          );
      }
    }
  }

  /** A task that has begun goes round as it did. */
  loops(): void {
    const [old, next] = [this.#run.plan, this.#plan];
    if (!old.hasRounds && !next.hasRounds) return;
    for (const node of old.nodes) {
      const after = next.byId(node.task.id);
      if (after === undefined || begunOf(this.#run, node.task.id) === undefined) continue;
      const isSame =
        isSameValue(loopsOf(old, node), loopsOf(next, after)) &&
        isSameValue(cycleOf(old, node), cycleOf(next, after));
      if (isSame) continue;
      const { id } = node.task;
      this.#add(
        'adapt.loop-started',
        { path: 'edges', task: id },
        `the loops around \`${id}\` cannot change: it has begun`,
        'Build the loop of new tasks.',
      );
    }
  }

  /** A task that is new or has other dependencies. */
  newTask(node: PlanNode): void {
    const { task } = node;
    const known = this.#run.plan.byId(task.id);
    if (known !== undefined && isSameWork(known.task, task)) return;
    if (this.begun.has(task.id)) return;
    this.#milestone(task);
    const before = node.dependencies.map((index) =>
      this.#run.plan.byId(this.#plan.at(index).task.id),
    );
    for (const from of before) if (from !== undefined) this.#rounds(from, task.id);
    this.#willSkip(node, before);
  }

  #milestone({ id, milestone }: TaskDefinition): void {
    if (milestone === undefined) return;
    const until = begunOf(this.#run, milestone.until);
    if (until === undefined || !hasBegun(until)) return;
    this.#add(
      'adapt.milestone-over',
      { path: `tasks.${id}.milestone`, task: id },
      `\`${id}\` may start until \`${milestone.until}\` has started, and it has`,
      'Remove the milestone.',
    );
  }

  /** How often a task of a loop was done for a new dependent is not known. */
  #rounds(from: PlanNode, id: string): void {
    const { flow, plan } = this.#run;
    if (flow === undefined || (flow.tasks[from.index]?.begun ?? 0) === 0) return;
    if (goesOnOnce(plan, from.index)) return;
    this.#add(
      'adapt.rounds',
      { path: `tasks.${id}.dependencies`, task: id },
      `\`${id}\` cannot begin to depend on \`${from.task.id}\`, which may have run several rounds`,
      'Depend on a task behind the loop that has not begun.',
    );
  }

  #willSkip({ task }: PlanNode, before: readonly (PlanNode | undefined)[]): void {
    if (this.#plan.hasRounds || before.length === 0) return;
    const counters = noCounters(before.length);
    for (const node of before) {
      const progress = node === undefined ? undefined : this.#run.progress[node.index];
      if (progress?.outcome !== undefined)
        bump(counters, progress.outcome, { isInactive: progress.isInactive, by: 1 });
    }
    if (decideTrigger(task.trigger, counters) !== 'skip') return;
    this.#add(
      'adapt.will-skip',
      { path: `tasks.${task.id}`, task: task.id },
      `\`${task.id}\` will be skipped: what it depends on has ended otherwise than its trigger asks for`,
      'Choose another trigger, or other dependencies.',
    );
    const last = this.problems.at(-1);
    if (last !== undefined) last.severity = 'warning';
  }

  /** What is not about one task. */
  // Length: one check for each field that a live run keeps, with its words.
  workflow(now: number): void {
    const [old, next] = [this.#before, this.#plan.definition];
    const keeps = (path: string, before: unknown, after: unknown, hint: string): void => {
      if (isSameValue(before ?? null, after ?? null)) return;
      this.#add('adapt.not-supported', { path }, `\`${path}\` of a live run does not change`, hint);
    };
    keeps('name', old.name, next.name, 'It is another workflow: start a run of it.');
    keeps(
      'inputs',
      mapped(old.inputs, ({ description: _, ...input }) => input),
      mapped(next.inputs, ({ description: _, ...input }) => input),
      'What a run was given stays. Put new values into `context.variables`.',
    );
    keeps(
      'settings.priority',
      old.settings.priority,
      next.settings.priority,
      'Leave it as it is: the run keeps its place.',
    );
    if (runState(this.#run) !== 'pending')
      keeps(
        'hooks.on_start',
        old.hooks?.on_start?.map(withoutDescription),
        next.hooks?.on_start?.map(withoutDescription),
        'The run has started. Add tasks instead.',
      );
    this.#children(old, next);
    this.#secrets(old, next);
    this.#deadline(now);
  }

  /** What a task has begun to run, or may undo itself with, stays. */
  #children(old: WorkflowDefinition, next: WorkflowDefinition): void {
    const changed = Object.entries(old.workflows ?? {}).filter(
      ([name, child]) => !isSameValue(child, next.workflows?.[name]),
    );
    if (changed.length === 0) return;
    const user = [...old.tasks, ...hookTasksOf(old)].find(
      ({ id, workflow, compensate }) =>
        (workflow ?? compensate?.workflow) !== undefined &&
        begunOf(this.#run, id) !== undefined &&
        !this.withdrawn.has(id),
    );
    if (user === undefined) return;
    for (const [name] of changed)
      this.#add(
        'adapt.child-started',
        { path: `workflows.${name}`, task: user.id },
        `the child workflow \`${name}\` cannot change: \`${user.id}\` has begun and runs children`,
        'Add the new version under another name, and let new tasks run that.',
      );
  }

  /** What an agent was given must be known for as long as it may repeat it. */
  #secrets(old: WorkflowDefinition, next: WorkflowDefinition): void {
    const places = next.context.secrets ?? {};
    for (const [name, place] of Object.entries(old.context.secrets ?? {})) {
      const after = places[name];
      if (after === undefined || isSameValue(place, after)) continue;
      const path = `context.secrets.${name}`;
      this.#add(
        'adapt.not-supported',
        { path },
        `\`${path}\` of a live run does not change`,
        'Declare the other place under a new name, and let new tasks use that.',
      );
    }
  }

  #deadline(now: number): void {
    const from = timedFrom(this.#run);
    const { timeoutMs } = this.#plan.definition.settings;
    if (from === null || timeoutMs === this.#before.settings.timeoutMs) return;
    if (from + timeoutMs > now) return;
    this.#add(
      'adapt.times-out',
      { path: 'settings.timeout' },
      'the run has taken longer than this already, and ends at once',
      'Choose a longer timeout.',
    );
    const last = this.problems.at(-1);
    if (last !== undefined) last.severity = 'warning';
  }
}

function withoutDescription({ description: _, ...task }: TaskDefinition): object {
  return task;
}

function mapped<Value>(
  values: Readonly<Record<string, Value>>,
  form: (value: Value) => unknown,
): object {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, form(value)]));
}

/** From when on the timeout of a run counts: its start, or its last retry; null before. */
export function timedFrom(run: RunAggregate): number | null {
  const { startedAt, retriedAt = 0 } = runContext(run);
  return startedAt === null ? null : Math.max(startedAt, retriedAt);
}

/** How a task began: its first round, or the last one where earlier ones are forgotten. */
function begunOf(run: RunAggregate, id: string): Activation | undefined {
  const node = run.plan.byId(id);
  return run.activations.get(id) ?? (node === undefined ? undefined : lastActivation(run, node));
}

/** It waits for its first slot, and nothing else led to it than its trigger. */
function isWithdrawable(run: RunAggregate, activation: Activation): boolean {
  const { state, context, node } = activation;
  const isFirst = context.attempt === 1 && context.firstStartedAt === null;
  if (state !== 'scheduled' || !isFirst || node.task.hook === 'on_start') return false;
  if (activation.id !== node.task.id) return false;
  return !run.plan.hasRounds || run.plan.flow.cycleOf[node.index] === -1;
}

function stateOf({ state }: Activation): string {
  const status = reportedStatus(state);
  return status === 'success' ? 'done' : status === 'pending' ? 'about to run' : status;
}

/** What leads back from a task, in order. */
function loopsOf(plan: RunPlan, { task }: PlanNode): unknown {
  const loops = plan.definition.loops ?? [];
  return loops.filter(({ from }) => from === task.id).map(({ edge: _, ...loop }) => loop);
}

/** The tasks that go round with it. */
function cycleOf(plan: RunPlan, { index }: PlanNode): string[] {
  const cycle = plan.flow.cycleOf[index];
  if (cycle === undefined || cycle === -1) return [];
  const members = plan.nodes.filter((node) => plan.flow.cycleOf[node.index] === cycle);
  return members.map(({ task }) => task.id).sort();
}

/** True for a task that ends once for its dependents, however often it repeats itself. */
function goesOnOnce(plan: RunPlan, index: number): boolean {
  const group = [index, ...plan.flow.ancestorsOf(index)];
  return group.every((each) => {
    const { emit, trigger } = plan.at(each).task;
    const isAlone = trigger === 'each' || (typeof trigger === 'object' && 'merge' in trigger);
    return plan.flow.cycleOf[each] === -1 && !isAlone && (each === index || (emit ?? 1) === 1);
  });
}
