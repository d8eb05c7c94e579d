/**
 * What follows from the steering of a run (`steering.ts`): tasks are withdrawn, the run is canceled or ended by a task,
 * activations that waited and need no agent begin. Also the command that cancels one task.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { suggest } from '../../workflow/suggest.ts';
import { invariant } from '../errors.ts';
import { cancelTask } from '../task/decide.ts';
import { openStates } from '../task/machine.ts';
import { type Activation, type RunAggregate, runState } from './aggregate.ts';
import { cancelWholeTask } from './cancel-tasks.ts';
import { conflict, type Decision, events, nothing, rejected, type TurnInput } from './decision.ts';
import { beginTask } from './schedule.ts';
import { isToWithdraw, type Withdrawal } from './steering.ts';
import { reportedStatus } from './task-status.ts';

/** Tasks that a refusal names at most. */
const MAX_NAMED = 20;

/** The next step of the agenda; undefined when there is none. */
export function advanceSteering(run: RunAggregate, input: TurnInput): Decision | undefined {
  const { steering } = run;
  const state = runState(run);
  if (steering.canceledBy !== undefined && (state === 'running' || state === 'paused')) {
    const reason = `task "${steering.canceledBy}" canceled the run`;
    return events(event('run.cancelRequested', { reason }));
  }
  const next = steering.withdrawals.entries().next();
  if (!next.done)
    return events(...withdrawTask(run, { index: next.value[0], ...next.value[1], input }));
  const startable = steering.startable.values().next();
  if (!startable.done) return begin(run, startable.value, input);
  return undefined;
}

/** An activation that waited for its mutexes, or for its next round, and needs no agent: what scheduling means for it. */
function begin(run: RunAggregate, activation: Activation, input: TurnInput): Decision {
  const decision = beginTask(run, activation, input);
  if (decision.kind !== 'events') return decision;
  const list = decision.events.filter(({ type }) => type !== 'task.scheduled');
  invariant(list.length > 0, 'a task that needs no agent does not begin', { id: activation.id });
  return events(...list);
}

function withdrawTask(
  run: RunAggregate,
  { index, kind, by, input }: Withdrawal & { index: number; input: TurnInput },
): RunEvent[] {
  return cancelWholeTask(run, index, {
    reason: kind === 'milestone' ? 'milestone' : `canceled by task "${by}"`,
    now: input.now,
    skip: { reason: kind === 'milestone' ? 'milestone' : 'canceled', by },
    spares: (activation) => !isToWithdraw(activation, { kind, by }),
  });
}

/** A command cancels one task, or one instance of a `foreach` task; the rest of the run goes on. */
export function decideCancelTask(
  run: RunAggregate,
  command: { task: string; reason: string },
  input: TurnInput,
): Decision {
  const state = runState(run);
  const { task: id, reason } = command;
  if (state !== 'running' && state !== 'paused' && state !== 'stopping') {
    const hint = state === 'pending' ? 'Start the run first.' : 'The run as a whole is ending.';
    return conflict(`no task of a run that is ${state} can be canceled`, hint, { status: state });
  }
  const instance = run.activations.get(id);
  if (instance?.parent !== undefined) {
    if (!openStates.has(instance.state)) return ended(run, id, instance);
    return events(...cancelTask(instance, { reason, now: input.now }));
  }
  const node = run.plan.byId(id);
  if (node === undefined) return unknown(run, id);
  const list = cancelWholeTask(run, node.index, { reason, now: input.now });
  if (list.length > 0) return events(...list);
  return run.steering.open.has(node.index) ? nothing : ended(run, id, run.activations.get(id));
}

function ended(run: RunAggregate, id: string, activation: Activation | undefined): Decision {
  const status = reportedStatus(activation?.state ?? 'pending');
  return conflict(`task "${id}" has already ended: ${status}`, cancelable(run), { status });
}

function unknown(run: RunAggregate, id: string): Decision {
  const ids = run.plan.nodes.map(({ task }) => task.id);
  return rejected({
    status: 404,
    code: 'task.not-found',
    message: `the run has no task "${id}"`,
    hint: suggest(id, ids, cancelable(run)).hint,
    details: { task: id },
  });
}

/** What would be possible. */
function cancelable(run: RunAggregate): string {
  const ids: string[] = [];
  for (const indexes of [run.steering.open.keys(), run.pending, run.pendingCleanup]) {
    for (const index of indexes) {
      if (ids.length > MAX_NAMED) break;
      ids.push(run.plan.at(index).task.id);
    }
  }
  if (ids.length === 0) return 'Every task has ended.';
  const shown = [...new Set(ids)].slice(0, MAX_NAMED).join(', ');
  return `What can be canceled: ${shown}${ids.length > MAX_NAMED ? ', ...' : ''}.`;
}
