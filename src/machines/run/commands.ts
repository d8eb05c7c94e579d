/**
 * Commands to a run (contracts.md, NATS subjects). A command that does not fit the state is refused with `run.conflict`;
 * one whose effect is there already is answered with the state and no events.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { CommandMessage } from '../../messages/request.ts';
import { type AdaptSources, decideAdapt } from './adapt.ts';
import { ending, fail, skipPending, succeed, terminateAtOnce } from './advance.ts';
import { type RunAggregate, runContext, runState } from './aggregate.ts';
import { decideDelegation, decideVote } from './approvals.ts';
import { decideCheckpoint } from './checkpoints.ts';
import { mustCompensate } from './compensate.ts';
import {
  conflict,
  type Decision,
  events,
  nothing,
  type RunMessage,
  type TurnInput,
} from './decision.ts';
import { closing } from './hooks.ts';
import { endedRunStates, type RunState } from './machine.ts';
import { decideRetry } from './retry.ts';
import { decideSignal } from './signals.ts';
import { decideCancelTask } from './withdraw.ts';

/** Events that `complete` may need at most; a larger run is canceled instead. */
const MAX_COMPLETED = 900;

// Length: one case for each command.
export function decideCommand(
  run: RunAggregate,
  command: CommandMessage,
  input: TurnInput & AdaptSources,
): Decision {
  const state = runState(run);
  if (state === 'failed' && command.type === 'retry') return decideRetry(run, command, input);
  if (endedRunStates.has(state)) {
    const hint = state === 'failed' ? 'Retry it, or start another run.' : 'Start another run.';
    return conflict(`the run has already ended: ${state}`, hint, { status: state });
  }
  switch (command.type) {
    case 'start':
      return state === 'pending' ? events(started(run, input)) : nothing;
    case 'pause':
      return pause(run, command, input);
    case 'resume':
      return resume(run, state, input);
    case 'step':
      return step(run, state, input);
    case 'complete':
      return complete(run, command, input);
    case 'cancel':
      if (command.task !== undefined)
        return decideCancelTask(run, { task: command.task, reason: command.reason }, input);
      return state === 'canceling' ? nothing : cancel(state, command.reason);
    case 'terminate':
      // The chart takes no `run.cancelRequested` here: nothing may be undone halfway by a cancellation.
      if (state === 'compensating' || state === 'finishing')
        return terminateAtOnce(run, command.reason, input);
      return events(event('run.cancelRequested', { reason: command.reason, terminate: true }));
    case 'checkpoint':
      return decideCheckpoint(run, command);
    case 'retry':
      return conflict(`the run has not failed: it is ${state}`, 'Only a failed run is retried.', {
        status: state,
      });
    case 'release':
      return conflict('the run is not in quarantine', 'Nothing needs to be done.', {
        status: state,
      });
    case 'adapt':
      return decideAdapt(run, command, input);
    case 'signal':
      return decideSignal(run, command);
    case 'approve':
    case 'reject':
      return decideVote(run, command);
    case 'delegate':
      return decideDelegation(run, command);
  }
}

/** The time of a run that waits to start has come; one that was started or canceled before is left as it is. */
export function decideStart(run: RunAggregate, input: TurnInput): Decision {
  const { startAt } = run.header;
  const isDue = runState(run) === 'pending' && startAt !== undefined && startAt <= input.now;
  return isDue ? events(started(run, input)) : nothing;
}

/** `run.started` with the run's deadline: its timeout, or the request's deadline if that is earlier. */
function started(run: RunAggregate, input: TurnInput): RunEvent {
  const timeout = input.now + run.plan.definition.settings.timeoutMs;
  return event('run.started', { dueAt: Math.min(timeout, run.header.deadline ?? timeout) });
}

/** It waits anew, with other inputs; refused where it waits no more, or is to run something else. */
export function decidePostpone(
  run: RunAggregate,
  message: Extract<RunMessage, { type: 'postpone' }>,
): Decision {
  const state = runState(run);
  const { debounce, startAt, definitionHash } = run.header;
  if (state !== 'pending' || debounce === undefined || startAt === undefined)
    return conflict(`a run that is ${state} waits for no pause`, 'Ask for another run.');
  if (definitionHash !== message.definitionHash) {
    return conflict(
      `the run that waits under the key "${debounce.key}" runs another workflow`,
      'Use another key for another workflow.',
      { runId: run.header.runId, key: debounce.key },
    );
  }
  const later = Math.min(message.startAt, debounce.latest ?? message.startAt);
  return events(event('run.postponed', { startAt: later, inputs: message.inputs }));
}

/** A pause becomes harder, not softer: with `hard` what still runs is interrupted then. */
function pause(
  run: RunAggregate,
  command: Extract<CommandMessage, { type: 'pause' }>,
  input: TurnInput,
): Decision {
  const state = runState(run);
  const { reason = 'paused by a client', hard = false } = command;
  const paused = event('run.paused', { reason, ...(hard ? { hard } : {}) });
  if (state === 'paused')
    return hard && !run.isHardPause ? events(resumed(run, input), paused) : nothing;
  if (state !== 'running')
    return conflict(`a run that is ${state} cannot be paused`, 'Only running runs pause.', {
      status: state,
    });
  return events(paused);
}

function resumed(run: RunAggregate, input: TurnInput): RunEvent {
  const { pausedAt } = runContext(run);
  return event('run.resumed', { pausedMs: Math.max(0, input.now - (pausedAt ?? input.now)) });
}

function resume(run: RunAggregate, state: RunState, input: TurnInput): Decision {
  if (state === 'running') return nothing;
  if (state !== 'paused') {
    return conflict(`a run that is ${state} cannot be resumed`, 'Only paused runs are resumed.', {
      status: state,
    });
  }
  return events(resumed(run, input));
}

/**
 * Opens the run for one attempt. The host gives that attempt a slot while the run is open and pauses it again in
 * the same commit; without a ready task this is refused.
 */
function step(run: RunAggregate, state: RunState, input: TurnInput): Decision {
  if (state === 'pending') return events(started(run, input));
  if (state !== 'paused') {
    return conflict(`a run that is ${state} cannot be stepped`, 'Pause it first.', {
      status: state,
    });
  }
  if (run.ready.size === 0 && run.startingChildren.size === 0) {
    return conflict('no task is ready', 'Wait for the attempts in hand, or resume the run.', {
      status: state,
    });
  }
  return events(resumed(run, input));
}

function complete(
  run: RunAggregate,
  command: Extract<CommandMessage, { type: 'complete' }>,
  input: TurnInput,
): Decision {
  const state = runState(run);
  if (state !== 'running' && state !== 'paused') {
    return conflict(`a run that is ${state} cannot be completed`, 'Start it, or cancel it.', {
      status: state,
    });
  }
  if (run.slots > 0) {
    return conflict('attempts are still in hand', 'Wait for them, or cancel the run.', {
      inHand: run.slots,
    });
  }
  const behindStart = run.phase === 'on_start' ? run.plan.definition.tasks.length : 0;
  const left = behindStart + run.pending.size + run.pendingCleanup.size + 2 * run.open.size;
  if (left > MAX_COMPLETED) {
    return conflict('too much is left to complete the run at once', 'Cancel the run instead.', {
      left,
    });
  }
  const list = state === 'paused' ? [resumed(run, input)] : [];
  return endCompleted(run, command, [...list, ...skipPending(run)]);
}

/** The end that was asked for, through the compensations and hooks that belong to it. */
function endCompleted(
  run: RunAggregate,
  command: Extract<CommandMessage, { type: 'complete' }>,
  list: RunEvent[],
): Decision {
  const closes = closing(run, command.status === 'failed' ? 'failed' : 'succeeded');
  if (closes?.kind === 'events' && command.status !== 'failed')
    return events(...list, ...closes.events);
  if (closes !== undefined || (command.status === 'failed' && mustCompensate(run))) {
    const error = { code: 'run.completed', message: command.reason, retryable: false };
    return events(...list, event('run.stopping', { error }));
  }
  if (command.status === 'failed') {
    list.push(fail(run, { code: 'run.completed', message: command.reason, retryable: false }));
    return events(...list);
  }
  const end = succeed(run);
  if (end.kind !== 'events') return end;
  const output = end.events.every((last) => last.type === 'run.succeeded')
    ? end.events
    : [event('run.succeeded', { ...ending(run), output: null })];
  return events(...list, ...output);
}

/** A run that has begun cleans up nothing more; a pending one ends at once. */
function cancel(state: RunState, reason: string): Decision {
  if (state === 'compensating' || state === 'finishing') {
    return conflict(
      `a run that is ${state} cannot be canceled`,
      'Terminate it if it must end at once.',
      { status: state },
    );
  }
  return events(event('run.cancelRequested', { reason }));
}
