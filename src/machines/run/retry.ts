/**
 * A failed run is tried again: what failed, and what was skipped or canceled because of it, runs anew; results stay.
 *
 * Y1 Which activations go back is folded once, from the state in which the run failed (`run.retried`); each goes back by
 *    its own `task.reset`. Nothing else is decided before the last of them.
 * Y2 Good results are kept: an activation that succeeded is never reset, but for the closing hooks, which belong to an
 *    end that is over.
 * Y3 Attempts count on; the retry policy counts from the attempt before (`retryBase`).
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { CommandMessage } from '../../messages/request.ts';
import { nearest } from '../../workflow/suggest.ts';
import { instanceId, roundId, roundOf } from './activation.ts';
import { type Activation, lastActivation, type RunAggregate } from './aggregate.ts';
import { conflict, type Decision, events, rejected, type TurnInput } from './decision.ts';
import { identity } from './identity.ts';
import type { PlanNode } from './plan.ts';
import { stopReasons } from './stopping.ts';

type RetryCommand = Extract<CommandMessage, { type: 'retry' }>;

/** Resets in one answer. */
const MAX_BATCH = 100;
/** Tasks that a refusal names at most. */
const MAX_NAMED = 20;

/** Skips that another end of a dependency may turn into a run. */
const dependentReasons: ReadonlySet<string | undefined> = new Set([
  'trigger',
  'inactive',
  'unreached',
]);
const undoneStates: ReadonlySet<Activation['state']> = new Set([
  'compensating',
  'compensated',
  'compensationFailed',
]);

/** The command `retry` to a run that has failed. */
export function decideRetry(run: RunAggregate, command: RetryCommand, input: TurnInput): Decision {
  const refusal = refusalOf(run, command);
  if (refusal !== undefined) return refusal;
  const { deadline } = run.header;
  const timeout = input.now + run.plan.definition.settings.timeoutMs;
  // A deadline of the request that has passed would end the run at once: whoever retries has put it aside.
  const dueAt = deadline !== undefined && deadline > input.now ? deadline : timeout;
  const tasks = command.tasks === undefined ? {} : { tasks: [...new Set(command.tasks)] };
  const reason = command.reason;
  return events(event('run.retried', { reason, dueAt: Math.min(timeout, dueAt), ...tasks }));
}

// Length: one question after the other.
function refusalOf(run: RunAggregate, { tasks }: RetryCommand): Decision | undefined {
  const { parent, root } = run.header;
  if (parent !== undefined) {
    const top = root ?? parent.runId;
    return conflict(
      'the run belongs to a task that has heard of its end',
      `Retry the run at the top: ${top}. Its task starts another run of this workflow.`,
      { parent: parent.runId, root: top },
    );
  }
  const undone = [...run.activations.values()].find(({ state }) => undoneStates.has(state));
  if (undone !== undefined) {
    return conflict(
      `what the run did was undone ("${undone.id}"), so there are no results to go on from`,
      'Start the workflow again.',
      { undone: undone.id },
    );
  }
  for (const name of tasks ?? []) {
    const refusal = refusalOfTask(run, name);
    if (refusal !== undefined) return refusal;
  }
  const list = toReset(run, tasks);
  const beside = list.find((activation) => isBesideLater(run, activation));
  if (beside !== undefined) {
    return conflict(
      `"${beside.id}" ended beside later rounds of its task, so what followed cannot be taken back`,
      'Start the workflow again.',
      { task: beside.id },
    );
  }
  const chosen = new Set(list.map(({ node }) => node.index));
  const isWork = [...chosen, ...run.unhandled].some(
    (index) => run.unhandled.has(index) || !isClosing(run.plan.at(index)),
  );
  if (!isWork) {
    return conflict(
      'no task of the run failed, so there is nothing to try again',
      'Start the workflow again with other inputs, or mend its outputs.',
    );
  }
  const left = [...run.unhandled].filter((index) => !chosen.has(index));
  if (left.length === 0 || run.plan.definition.settings.onFailure === 'continue') return undefined;
  const ids = left.slice(0, MAX_NAMED).map((index) => run.plan.at(index).task.id);
  return conflict(
    `the run would stop again at once, for these have failed too: ${ids.join(', ')}`,
    'Name them with it, or leave --task away.',
    { failed: ids },
  );
}

/** Threads: which of their ends led to what comes after them is not known any more. */
function isBesideLater(run: RunAggregate, { id, node, parent, state }: Activation): boolean {
  const begun = run.flow?.tasks[node.index]?.begun ?? 1;
  const hasRun = state === 'failed' || state === 'canceled';
  return parent === undefined && hasRun && roundOf(id) < begun;
}

function refusalOfTask(run: RunAggregate, name: string): Decision | undefined {
  const node = run.plan.byId(name);
  const retriable = run.plan.nodes
    .filter((each) => !isClosing(each) && isSeed(lastActivation(run, each)))
    .slice(0, MAX_NAMED)
    .map(({ task }) => task.id);
  const hint =
    retriable.length === 0
      ? 'No task of this run failed or was canceled.'
      : `What can be tried again: ${retriable.join(', ')}.`;
  if (node === undefined) {
    const meant = nearest(
      name,
      run.plan.nodes.map(({ task }) => task.id),
    );
    return rejected({
      status: 404,
      code: 'task.not-found',
      message: `the run has no task "${name}"`,
      hint: meant === undefined ? hint : `Did you mean "${meant}"? ${hint}`,
      details: { task: name, retriable },
    });
  }
  if (!isClosing(node) && isSeed(lastActivation(run, node))) return undefined;
  const state = lastActivation(run, node)?.state ?? 'pending';
  return conflict(`task "${name}" did not fail: it is ${state}`, hint, { task: name, retriable });
}

/** True for what may be named: it failed, or was canceled. */
function isSeed(activation: Activation | undefined): boolean {
  if (activation === undefined) return false;
  const { state, reason } = activation;
  return (
    state === 'failed' ||
    state === 'canceled' ||
    (state === 'skipped' && (reason === 'on_failure' || reason === 'stopped'))
  );
}

function isClosing({ task }: PlanNode): boolean {
  return task.hook !== undefined && task.hook !== 'on_start';
}

/** Y1: what goes back, in the order in which it does. `tasks`: of what failed only these. */
export function toReset(run: RunAggregate, tasks?: readonly string[]): Activation[] {
  const seeds = new Set<number>();
  if (tasks === undefined) for (const index of run.unhandled) seeds.add(index);
  else for (const id of tasks) seeds.add(run.plan.byId(id)?.index ?? -1);
  seeds.delete(-1);
  const chosen = new Set(seeds);
  for (const node of run.plan.nodes) {
    const wasCut = roundsOf(run, node).some(wasStopped);
    if (isClosing(node) || wasCut || hasLostRound(run, node, tasks)) chosen.add(node.index);
  }
  // Grows while it is walked: what depends on what goes back goes back where it was skipped.
  for (const index of chosen) {
    for (const dependent of run.plan.at(index).dependents) {
      if (wasLeftOut(run, lastActivation(run, run.plan.at(dependent)))) chosen.add(dependent);
    }
  }
  const start = [...chosen].filter((index) => run.plan.at(index).task.hook === 'on_start');
  const rest = [...chosen].filter((index) => run.plan.at(index).task.hook !== 'on_start');
  const inOrder = [...start.sort(byIndex), ...rest.sort(byIndex)];
  return inOrder.flatMap((index) => ofNode(run, run.plan.at(index), seeds.has(index)));
}

/** A failed round beside one that succeeded later, which is the one that the run goes by. */
function hasLostRound(run: RunAggregate, node: PlanNode, tasks?: readonly string[]): boolean {
  if (run.flow === undefined || tasks !== undefined) return false;
  const isLast = run.progress[node.index]?.outcome === 'succeeded';
  return isLast && roundsOf(run, node).some(({ state }) => state === 'failed');
}

function roundsOf(run: RunAggregate, node: PlanNode): Activation[] {
  const rounds = run.flow?.tasks[node.index]?.begun ?? 1;
  const list: Activation[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const activation = run.activations.get(roundId(node.task.id, round));
    if (activation !== undefined) list.push(activation);
  }
  return list;
}

function byIndex(a: number, b: number): number {
  return a - b;
}

/** True for what ended only because its run stopped. */
function wasStopped({ state, reason }: Activation): boolean {
  if (state === 'skipped') return reason === 'stopped';
  return state === 'canceled' && reason !== undefined && stopReasons.has(reason);
}

/** Skipped because of how those before it ended. In a plan with rounds the condition of a round is not asked again. */
function wasLeftOut(run: RunAggregate, activation: Activation | undefined): boolean {
  if (activation?.state !== 'skipped') return false;
  const { reason } = activation;
  return dependentReasons.has(reason) || (reason === 'condition' && run.flow === undefined);
}

function ofNode(run: RunAggregate, node: PlanNode, isNamed: boolean): Activation[] {
  const list: Activation[] = [];
  for (const activation of roundsOf(run, node)) {
    if (activation.state === 'pending') continue;
    const isOpen = activation.state === 'failed' || (isNamed && isSeed(activation));
    const goesBack = isOpen || wasStopped(activation) || wasLeftOut(run, activation);
    if (isClosing(node)) list.push(activation, ...instancesOf(run, activation, () => true));
    else if (goesBack) list.push(activation, ...unsuccessful(run, activation));
  }
  return list;
}

/** Of a `foreach` task whose join was decided, what was canceled stays so. */
function unsuccessful(run: RunAggregate, activation: Activation): Activation[] {
  if (activation.expansion?.isHeld === true) return [];
  return instancesOf(
    run,
    activation,
    (instance) =>
      instance.state === 'failed' || instance.state === 'canceled' || wasStopped(instance),
  );
}

function instancesOf(
  run: RunAggregate,
  { id, expansion }: Activation,
  isChosen: (instance: Activation) => boolean,
): Activation[] {
  const list: Activation[] = [];
  for (let index = 0; index < (expansion?.next ?? 0); index += 1) {
    const instance = run.activations.get(instanceId(id, index));
    if (instance !== undefined && instance.state !== 'pending' && isChosen(instance))
      list.push(instance);
  }
  return list;
}

/** The next resets; undefined once all are done. */
export function advanceRetry(run: RunAggregate): Decision | undefined {
  if (run.retrying.size === 0) return undefined;
  const list: RunEvent[] = [];
  for (const activation of run.retrying) {
    if (list.length === MAX_BATCH) break;
    list.push(resetOf(activation, 'the run is tried again'));
  }
  return events(...list);
}

/** What takes an activation that has ended back; projections see from where. */
function resetOf(activation: Activation, reason: string): RunEvent {
  return event('task.reset', { ...identity(activation), reason, from: activation.state });
}
