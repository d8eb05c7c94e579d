/** What could be asked of a run as it is: a refusal names it (`details.possible`). */
import type { CommandMessage } from '../../messages/request.ts';
import type { RunAggregate } from './aggregate.ts';
import { runState } from './aggregate.ts';
import type { Decision } from './decision.ts';
import type { RunState } from './machine.ts';

type CommandType = CommandMessage['type'];

/** By state, from the chart; commands to one task are among them where a task may take them. */
const byState: Readonly<Record<RunState, readonly CommandType[]>> = {
  pending: ['start', 'step', 'adapt', 'signal', 'checkpoint', 'cancel', 'terminate'],
  running: ['pause', 'adapt', 'signal', 'checkpoint', 'complete', 'cancel', 'terminate'],
  paused: [
    'resume',
    'step',
    'pause',
    'adapt',
    'signal',
    'checkpoint',
    'complete',
    'cancel',
    'terminate',
  ],
  stopping: ['signal', 'checkpoint', 'cancel', 'terminate'],
  compensating: ['signal', 'checkpoint', 'terminate'],
  canceling: ['signal', 'checkpoint', 'terminate'],
  finishing: ['signal', 'checkpoint', 'terminate'],
  succeeded: [],
  failed: ['retry'],
  canceled: [],
};

/** The commands that change something now. */
function possibleCommands(run: RunAggregate): CommandType[] {
  const isReady = run.ready.size > 0 || run.startingChildren.size > 0;
  const list = byState[runState(run)].filter((type) => {
    if (type === 'step') return runState(run) === 'pending' || isReady;
    if (type === 'complete') return run.slots === 0;
    if (type === 'pause') return runState(run) === 'running' || run.slots > 0;
    return true;
  });
  const isAsking = [...run.open].some((open) => open.wait?.kind === 'approval');
  return isAsking ? [...list, 'approve', 'reject', 'delegate'] : list;
}

/** A conflict with what would be possible instead. */
export function withPossible(run: RunAggregate, decision: Decision): Decision {
  if (decision.kind !== 'rejected' || decision.rejection.code !== 'run.conflict') return decision;
  const details = { ...decision.rejection.details, possible: possibleCommands(run) };
  return { kind: 'rejected', rejection: { ...decision.rejection, details } };
}
