/**
 * Tokens: how the rounds of tasks follow from each other in a plan with loops, threads and merges. Folded from events.
 *
 * R1 A round that ends puts one token on each edge to its dependents; with `emit: n` and a success, n.
 * R2 The k-th tokens on all edges of a task make the k-th decision of its trigger; `each` and `merge` count alone.
 * R3 Into a cycle: what comes from outside counts for every time round, and a later token begins another one.
 * R4 Out of a cycle: a skip is held back, for another time round may do better; `late.ts` decides in the end.
 * R5 A loop that is taken begins another round of its target, whatever the trigger says.
 * R6 A round that is reset takes its tokens back; they come again under their numbers.
 * Size: how tokens come and how they are taken back, side by side.
 */
import type { TaskEvent } from '../../events/task-events.ts';
import {
  decideTrigger,
  endedOf,
  noCounters,
  type TriggerCounters,
} from '../../workflow/triggers.ts';
import { parseActivation } from './activation.ts';
import type {
  Activation,
  FlowState,
  Outcome,
  RunAggregate,
  TaskFlow,
  TaskProgress,
  TokenGroup,
} from './aggregate.ts';
import { runState } from './aggregate.ts';
import { bump, isPending, judgeTrigger } from './counting.ts';
import { forgetRounds } from './past-rounds.ts';
import type { PlanNode, RunPlan } from './plan.ts';

export function emptyFlow(plan: RunPlan): FlowState | undefined {
  if (!plan.hasRounds) return undefined;
  const tasks = plan.nodes.map((node) => ({
    begun: 0,
    ended: 0,
    failed: 0,
    isFirstDecided: false,
    tokens: node.dependencies.map(() => 0),
    groups: new Map(),
    merged: 0,
    due: 0,
    dueSkips: 0,
    repeated: 0,
    taken: node.loops.map(() => 0),
  }));
  return { tasks, due: new Set() };
}

function flowOf(run: RunAggregate, index: number): TaskFlow {
  return run.flow?.tasks[index] as TaskFlow;
}

/** The first event of a round: what was due is not due any more. */
export function beginRound(run: RunAggregate, activation: Activation, type: string): void {
  if (run.flow === undefined) return;
  const { index } = activation.node;
  const flow = flowOf(run, index);
  const round = parseActivation(activation.id)?.round ?? 1;
  flow.begun = Math.max(flow.begun, round);
  if (flow.again !== undefined) flow.again = flow.again.filter((each) => each !== round);
  const isCertain = run.runnable.has(index) || run.skippable.has(index);
  if (round === 1 && (isCertain || flow.due === 0)) flow.isFirstDecided = true;
  // Rounds to skip are served first.
  else if (type === 'task.skipped' && flow.dueSkips > 0) flow.dueSkips -= 1;
  else flow.due = Math.max(0, flow.due - 1);
  listDue(run.flow, index);
}

export function listDue(state: FlowState, index: number): void {
  const flow = state.tasks[index] as TaskFlow;
  if (flow.due > 0 || flow.dueSkips > 0) state.due.add(index);
  else state.due.delete(index);
}

/** A round ended with `task.succeeded {repeats}`: its dependents see nothing, the target of its loop runs again. */
export function repeatRound(
  run: RunAggregate,
  { node }: Activation,
  data: Extract<TaskEvent, { type: 'task.succeeded' }>['data'],
): void {
  if (run.flow === undefined) return;
  const flow = flowOf(run, node.index);
  const loop = node.loops.findIndex(({ to }) => run.plan.at(to).task.id === data.loop);
  if (loop === -1) flow.repeated += 1;
  else flow.taken[loop] = (flow.taken[loop] ?? 0) + 1;
  const target = node.loops[loop]?.to ?? node.index;
  if (loop !== -1) flow.repeated = 0;
  flowOf(run, target).due += 1;
  listDue(run.flow, target);
}

/** A round ended: expressions see its output while the next one goes on, and a failure is told by its round. */
export function noteEnded(
  run: RunAggregate,
  { id, node }: Activation,
  outcome: Outcome | undefined,
): void {
  if (run.flow === undefined) return;
  const flow = flowOf(run, node.index);
  const round = parseActivation(id)?.round ?? 1;
  const endedBefore = flow.ended;
  if (outcome === 'succeeded') flow.ended = Math.max(flow.ended, round);
  if (outcome === 'failed') flow.failed = round;
  if (outcome !== undefined) forgetRounds(run, node, { round, endedBefore });
}

/** Rounds of this time through a task that `repeat` asked for. */
export function repeatedOf(run: RunAggregate, index: number): number {
  return run.flow?.tasks[index]?.repeated ?? 0;
}

/** The last round of `repeat` ended, or one that was not repeated. */
export function endRepeat(run: RunAggregate, index: number): void {
  const flow = run.flow?.tasks[index];
  if (flow !== undefined) flow.repeated = 0;
}

/** A round ended for its dependents: its tokens go out. Returns the number of the last one on each edge, 0 for none. */
export function sendTokens(
  run: RunAggregate,
  node: PlanNode,
  end: { outcome: Outcome; isInactive: boolean },
): number[] {
  const sent: number[] = [];
  if (run.flow === undefined) return sent;
  const copies = end.outcome === 'succeeded' ? (node.task.emit ?? 1) : 1;
  for (const [at, dependent] of node.dependents.entries()) {
    const isHeld = end.outcome === 'skipped' && isExit(run.plan, node.index, dependent);
    let last = 0;
    for (let copy = 0; copy < copies && !isHeld; copy += 1)
      last = arrive(run, {
        ...{ from: node.index, to: dependent, slot: node.slots[at] as number },
        ...end,
      });
    sent.push(last);
  }
  return sent;
}

/** What an end without success said is kept, for a retry takes it back. */
export function noteTold(
  run: RunAggregate,
  activation: Activation,
  outcome: Outcome,
  tokens: number[] = [],
): void {
  if (run.flow === undefined) return;
  const { index } = activation.node;
  const isInactive = run.progress[index]?.isInactive === true;
  const { repeated } = flowOf(run, index);
  activation.told = outcome === 'succeeded' ? undefined : { outcome, isInactive, tokens, repeated };
}

/** One task that was not there, or not a dependent, when the rounds of another ended hears of the last one: the token's number. */
export function sendToken(run: RunAggregate, from: number, to: number): number {
  const { outcome, isInactive } = run.progress[from] as TaskProgress;
  const slot = run.plan.at(to).dependencies.indexOf(from);
  const isHeld = outcome === 'skipped' && isExit(run.plan, from, to);
  if (outcome === undefined || isHeld || slot === -1) return 0;
  const copies = outcome === 'succeeded' ? (run.plan.at(from).task.emit ?? 1) : 1;
  let last = 0;
  for (let copy = 0; copy < copies; copy += 1)
    last = arrive(run, { from, to, slot, outcome, isInactive });
  return last;
}

function isExit(plan: RunPlan, from: number, to: number): boolean {
  return plan.flow.cycleOf[from] !== -1 && !plan.flow.isInOneCycle(from, to);
}

interface Token {
  from: number;
  to: number;
  slot: number;
  outcome: Outcome;
  isInactive: boolean;
}

function arrive(run: RunAggregate, token: Token): number {
  const { to, slot, outcome, isInactive } = token;
  const flow = flowOf(run, to);
  const { trigger } = run.plan.at(to).task;
  const freed = flow.freed?.[slot]?.shift();
  const count = freed ?? (flow.tokens[slot] ?? 0) + 1;
  if (freed === undefined) flow.tokens[slot] = count;
  if (trigger === 'each' || (typeof trigger === 'object' && 'merge' in trigger)) {
    arriveAlone(run, token);
    return count;
  }
  const { counters } = run.progress[to] as TaskProgress;
  const isEntry = run.plan.flow.cycleOf[to] !== -1 && !run.plan.flow.isInOneCycle(token.from, to);
  if (count === 1) {
    bump(counters, outcome, { isInactive, by: 1 });
    judgeFirst(run, to);
  }
  if (isEntry) enter(run, token, count);
  else if (count > 1) bump(groupOf(run, to, count).counters, outcome, { isInactive, by: 1 });
  judgeGroups(run, to);
  return count;
}

/** R3. */
function enter(run: RunAggregate, { to, outcome, isInactive }: Token, count: number): void {
  if (count > 1) {
    if (outcome === 'succeeded') begin(run, to, 'due');
    return;
  }
  for (const { counters } of flowOf(run, to).groups.values())
    bump(counters, outcome, { isInactive, by: 1 });
}

/** `each`: a success is a round. `merge`: so many successes are. The first round goes by the agenda of the run. */
function arriveAlone(run: RunAggregate, { to, outcome, isInactive }: Token): void {
  const flow = flowOf(run, to);
  const { trigger } = run.plan.at(to).task;
  const { counters } = run.progress[to] as TaskProgress;
  if (trigger === 'each') {
    const isFirst = outcome !== 'succeeded' || counters.succeeded === 0;
    bump(counters, outcome, { isInactive, by: 1 });
    if (isFirst && isPending(run, to)) judgeTrigger(run, to);
    else if (outcome === 'succeeded') begin(run, to, 'due');
    return;
  }
  if (outcome !== 'succeeded' || typeof trigger !== 'object' || !('merge' in trigger)) return;
  flow.merged += 1;
  if (flow.merged % trigger.merge !== 0) return;
  if (flow.merged === trigger.merge && isPending(run, to)) run.runnable.add(to);
  else begin(run, to, 'due');
}

/** The first tokens decide about the first round, or about another one where a loop came before them. */
function judgeFirst(run: RunAggregate, index: number): void {
  if (isPending(run, index)) {
    judgeTrigger(run, index);
    return;
  }
  const flow = flowOf(run, index);
  if (flow.isFirstDecided) return;
  const { counters } = run.progress[index] as TaskProgress;
  const answer = decideTrigger(run.plan.at(index).task.trigger, counters);
  if (answer === 'undecided') return;
  flow.isFirstDecided = true;
  if (answer === 'run') begin(run, index, 'due');
}

function groupOf(run: RunAggregate, index: number, number: number): TokenGroup {
  const { groups, settled } = flowOf(run, index);
  let group = groups.get(number) ?? settled?.get(number);
  if (group !== undefined && settled?.delete(number) === true) groups.set(number, group);
  if (group === undefined) {
    const node = run.plan.at(index);
    group = { counters: noCounters(node.dependencies.length), isDecided: false };
    groups.set(number, group);
    for (const [slot, dependency] of node.dependencies.entries()) {
      const isEntry =
        run.plan.flow.cycleOf[index] !== -1 && !run.plan.flow.isInOneCycle(dependency, index);
      const { outcome, isInactive } = run.progress[dependency] as TaskProgress;
      if (isEntry && outcome !== undefined && (flowOf(run, index).tokens[slot] ?? 0) > 0)
        bump(group.counters, outcome, { isInactive, by: 1 });
    }
  }
  return group;
}

/** Later decisions of a trigger, in order; with `block` each waits until the one before has all its tokens. */
function judgeGroups(run: RunAggregate, index: number): void {
  const { groups } = flowOf(run, index);
  if (groups.size === 0) return;
  const { trigger } = run.plan.at(index).task;
  const blocks = typeof trigger === 'object' && 'block' in trigger && trigger.block === true;
  let isBlocked = blocks && !isComplete((run.progress[index] as TaskProgress).counters);
  for (const number of [...groups.keys()].sort((a, b) => a - b)) {
    const group = groups.get(number) as TokenGroup;
    if (isBlocked) break;
    if (!group.isDecided) {
      const answer = decideTrigger(trigger, group.counters);
      group.isDecided = answer !== 'undecided';
      if (answer !== 'undecided') begin(run, index, answer === 'run' ? 'due' : 'dueSkips');
    }
    if (isComplete(group.counters)) settle(run, index, number);
    else isBlocked = blocks;
  }
}

/** A complete group goes, but where a retry may take one of its tokens back. */
function settle(run: RunAggregate, index: number, number: number): void {
  const flow = flowOf(run, index);
  const group = flow.groups.get(number) as TokenGroup;
  flow.groups.delete(number);
  if (group.counters.succeeded === group.counters.total) return;
  flow.settled ??= new Map();
  flow.settled.set(number, group);
}

function isComplete(counters: TriggerCounters): boolean {
  return endedOf(counters) >= counters.total;
}

/** Another round is due. A run that stops begins clean-up alone. */
function begin(run: RunAggregate, index: number, what: 'due' | 'dueSkips'): void {
  if (run.flow === undefined || !mayBegin(run, index)) return;
  flowOf(run, index)[what] += 1;
  listDue(run.flow, index);
}

/** A run that stops begins rounds of its clean-up alone, one that a task has ended none. */
export function mayBegin(run: RunAggregate, index: number): boolean {
  const state = runState(run);
  if (state === 'finishing') return run.plan.at(index).task.hook !== undefined;
  if (run.steering.endedBy !== undefined) return false;
  if (state === 'running' || state === 'paused' || state === 'pending') return true;
  return state === 'stopping' && run.plan.at(index).task.trigger === 'all_done';
}

/** The run stops: rounds that have not begun will not. */
export function dropDue(run: RunAggregate): void {
  if (run.flow === undefined) return;
  for (const index of [...run.flow.due]) {
    if (mayBegin(run, index)) continue;
    const flow = flowOf(run, index);
    flow.due = 0;
    flow.dueSkips = 0;
    run.flow.due.delete(index);
  }
}

/** A token that was taken back comes again, under its number. What its group decided because of it is open again. */
export function takeBackToken(run: RunAggregate, token: Token, number: number): void {
  const { to, slot, outcome, isInactive } = token;
  const flow = flowOf(run, to);
  const { trigger } = run.plan.at(to).task;
  flow.freed ??= flow.tokens.map(() => []);
  flow.freed[slot] = [...(flow.freed[slot] ?? []), number].sort((a, b) => a - b);
  if (typeof trigger === 'object' && 'merge' in trigger) return;
  const { counters } = run.progress[to] as TaskProgress;
  const back = { isInactive, by: -1 } as const;
  const isEntry = run.plan.flow.cycleOf[to] !== -1 && !run.plan.flow.isInOneCycle(token.from, to);
  if (trigger === 'each') bump(counters, outcome, back);
  else if (number === 1) {
    if (decideTrigger(trigger, counters) === 'skip' && !isPending(run, to))
      flow.isFirstDecided = false;
    bump(counters, outcome, back);
    if (isEntry) takeBackEntry(flow, outcome, back);
  } else if (!isEntry) {
    const group = groupOf(run, to, number);
    if (decideTrigger(trigger, group.counters) === 'skip') group.isDecided = false;
    bump(group.counters, outcome, back);
  }
  judgeTrigger(run, to);
}

/** R3: what came from outside counted for every time round. */
function takeBackEntry(flow: TaskFlow, outcome: Outcome, back: Parameters<typeof bump>[2]): void {
  for (const [number, group] of flow.settled ?? []) flow.groups.set(number, group);
  flow.settled?.clear();
  for (const { counters } of flow.groups.values()) bump(counters, outcome, back);
}

/** A round was taken back: so many repetitions came before it. */
export function roundTaken(run: RunAggregate, index: number, repeated: number): void {
  flowOf(run, index).repeated = repeated;
}
