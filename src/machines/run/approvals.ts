/**
 * Answers of people to approvals. Each is a recorded fact; a person answers once; enough of them, or one refusal, end
 * the task in the same commit. Who may answer, and hand that on, is in `voters.ts`.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { failureCodes } from '../../messages/failure.ts';
import type { CommandMessage } from '../../messages/request.ts';
import { nearest } from '../../workflow/suggest.ts';
import type { JsonObject } from '../../workflow/value.ts';
import { endOfAttempt, finalFailure } from '../task/decide.ts';
import type { Activation, RunAggregate, Vote, WaitState } from './aggregate.ts';
import { conflict, type Decision, events, nothing, rejected } from './decision.ts';
import type { ApprovalDetails } from './schedule-wait.ts';
import { VOTES } from './signals.ts';
import { reportedStatus } from './task-status.ts';
import { givenFor, type Refusal, refusedDelegation, refusedVoter, votersOf } from './voters.ts';

type DelegateCommand = Extract<CommandMessage, { type: 'delegate' }>;
type VoteCommand = Extract<CommandMessage, { type: 'approve' | 'reject' }>;

/** Names that an error lists. */
const MAX_LISTED = 20;

export function decideVote(run: RunAggregate, command: VoteCommand): Decision {
  const found = waitingFor(run, command.task);
  if (!('activation' in found)) return found;
  const { activation } = found;
  const approves = command.type === 'approve';
  const wait = activation.wait as WaitState;
  const { votes } = wait;
  const before = votes.find(({ by }) => by === command.by);
  if (before !== undefined) {
    if (before.approves === approves) return nothing;
    return conflict(
      `${command.by} has ${before.approves ? 'approved' : 'rejected'} "${activation.id}" already`,
      'A person answers once. Somebody else can answer, or the run can be canceled.',
      { task: activation.id, by: command.by },
    );
  }
  const { by, comment } = command;
  const refusal = refusedVoter(wait, by);
  if (refusal !== undefined) return refused(activation, by, refusal);
  const whose = givenFor(wait, by);
  const said = {
    ...(comment === undefined ? {} : { comment }),
    ...(whose === undefined ? {} : { for: whose }),
  };
  const payload: JsonObject = { by, ...said };
  const name = approves ? VOTES.approve : VOTES.reject;
  const received = event('run.signalReceived', { name, payload, taskId: activation.id });
  const vote: Vote = { by, approves, ...said };
  return events(received, ...consequences(activation, [...votes, vote]));
}

/** Somebody who may answer lets somebody else do so. */
export function decideDelegation(run: RunAggregate, command: DelegateCommand): Decision {
  const found = waitingFor(run, command.task);
  if (!('activation' in found)) return found;
  const { activation } = found;
  const { by, to, comment } = command;
  const wait = activation.wait as WaitState;
  if (wait.delegations?.some((one) => one.from === by && one.to === to) === true) return nothing;
  const refusal = refusedVoter(wait, by) ?? refusedDelegation(wait, { from: by, to });
  if (refusal !== undefined) return refused(activation, by, refusal);
  const payload = { by, to, ...(comment === undefined ? {} : { comment }) };
  const taskId = activation.id;
  return events(event('run.signalReceived', { name: VOTES.delegate, payload, taskId }));
}

function refused(activation: Activation, by: string, { kind, message, hint }: Refusal): Decision {
  const wait = activation.wait as WaitState;
  const voters = votersOf(wait);
  const details = { task: activation.id, by, ...(voters === undefined ? {} : { voters }) };
  if (kind === 'conflict') return conflict(message, hint, details);
  return rejected({ status: 403, code: 'permission.denied', message, hint, details });
}

function consequences(activation: Activation, votes: readonly Vote[]): RunEvent[] {
  const refusal = votes.find(({ approves }) => !approves);
  if (refusal !== undefined) {
    const because = refusal.comment === undefined ? '' : `: ${refusal.comment}`;
    return denied(activation, `${refusal.by} rejected it${because}`);
  }
  const details = activation.wait?.details as unknown as ApprovalDetails;
  if (votes.length < details.quorum) return [];
  const comment = votes.findLast((vote) => vote.comment !== undefined)?.comment;
  return [approved(activation, comment, votes)];
}

/** The end of an approval that was given; `votes` are those so far unless given. */
export function approved(
  activation: Activation,
  comment: string | undefined,
  votes: readonly Vote[] = activation.wait?.votes ?? [],
): RunEvent {
  return event('task.succeeded', {
    ...endOfAttempt(activation, undefined),
    output: {
      approved: true,
      by: votes.map(({ by }) => by),
      ...(comment === undefined ? {} : { comment }),
      ...givenOnBehalf(votes),
    },
  });
}

/** Whose answers they were, by who gave them. */
function givenOnBehalf(votes: readonly Vote[]): JsonObject {
  const handed = votes.flatMap(({ by, for: whose }) => (whose === undefined ? [] : [[by, whose]]));
  return handed.length === 0 ? {} : { for: Object.fromEntries(handed) as JsonObject };
}

/** The end of an approval that was refused. */
export function denied(activation: Activation, message: string): RunEvent[] {
  const error = { code: failureCodes.approvalDenied, message, retryable: false };
  return finalFailure(activation, { error });
}

/** The approval that a name means: an activation, or the one of a task that waits. */
function waitingFor(run: RunAggregate, name: string): { activation: Activation } | Decision {
  const own = run.activations.get(name);
  if (own !== undefined && isAsking(own)) return { activation: own };
  const open = [...run.open].filter(isAsking);
  const matches = open.filter(({ node }) => node.task.id === name);
  const [activation] = matches;
  if (activation !== undefined && matches.length === 1) return { activation };
  const waiting = open.slice(0, MAX_LISTED).map(({ id }) => id);
  const details = { task: name, waiting };
  const hint =
    waiting.length === 0
      ? 'No task of this run waits for an approval now. See `troupe inbox`.'
      : `Waiting for an approval: ${waiting.join(', ')}.`;
  if (matches.length > 1)
    return conflict(`several activations of "${name}" wait for an approval`, hint, details);
  const node = own?.node ?? run.plan.byId(name);
  if (node === undefined) {
    const ids = run.plan.definition.tasks.map(({ id }) => id);
    const meant = nearest(name, waiting) ?? nearest(name, ids);
    return rejected({
      status: 404,
      code: 'task.not-found',
      message: `the workflow has no task "${name}"`,
      hint: meant === undefined ? hint : `Did you mean "${meant}"? ${hint}`,
      details,
    });
  }
  if (node.task.wait?.kind !== 'approval')
    return conflict(`"${name}" is no approval`, hint, details);
  const status = own === undefined ? 'pending' : reportedStatus(own.state);
  return conflict(`"${name}" does not wait for an approval: it is ${status}`, hint, {
    ...details,
    status,
  });
}

function isAsking({ state, wait }: Activation): boolean {
  return state === 'waiting' && wait?.kind === 'approval';
}
