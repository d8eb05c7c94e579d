/**
 * Who may answer an approval, and to whom an answer may be handed on.
 *
 * V1 Everybody has one answer at most: their own, or one that was handed to them. So a quorum counts persons.
 * V2 Who has handed an answer on has none any more, and gets none back: chains end, and never in a circle.
 */
import type { Delegation, WaitState } from './aggregate.ts';
import type { ApprovalDetails } from './schedule-wait.ts';

/** Persons through whom an answer may go, the first included. */
export const MAX_CHAIN = 5;
/** Answers of one approval that may be handed on. */
const MAX_DELEGATIONS = 100;

/** Why somebody may not: `outside` is a matter of who asks, the others of what happened before. */
export interface Refusal {
  kind: 'outside' | 'conflict';
  message: string;
  hint: string;
}

type Asked = Pick<WaitState, 'votes' | 'delegations'>;

function detailsOf(wait: WaitState): ApprovalDetails {
  return wait.details as unknown as ApprovalDetails;
}

function received({ delegations = [] }: Asked, person: string): Delegation | undefined {
  return delegations.find(({ to }) => to === person);
}

function handedOn({ delegations = [] }: Asked, person: string): Delegation | undefined {
  return delegations.find(({ from }) => from === person);
}

/** Whose answer a person gives; undefined: their own. */
export function givenFor(wait: Asked, person: string): string | undefined {
  return chainOf(wait, person)[0];
}

/** Through whom an answer came to a person, the first one first; V2 ends it. */
function chainOf(wait: Asked, person: string): string[] {
  const chain: string[] = [];
  for (let at = received(wait, person); at !== undefined; at = received(wait, at.from))
    chain.unshift(at.from);
  return chain;
}

/** Who may answer now, where the workflow lists the group. */
export function votersOf(wait: WaitState): string[] | undefined {
  const { members } = detailsOf(wait);
  if (members === undefined) return undefined;
  const heirs = (wait.delegations ?? []).map(({ to }) => to);
  const isDone = (person: string): boolean =>
    handedOn(wait, person) !== undefined || wait.votes.some(({ by }) => by === person);
  return [...members, ...heirs].filter((person) => !isDone(person));
}

/** Why a person has no answer to give, whatever was answered so far. */
export function refusedVoter(wait: WaitState, person: string): Refusal | undefined {
  const gave = handedOn(wait, person);
  if (gave !== undefined) {
    return {
      kind: 'conflict',
      message: `${person} has handed the answer to ${gave.to}`,
      hint: 'It is not given back. Whoever has it now answers.',
    };
  }
  const { members, group } = detailsOf(wait);
  if (members === undefined || members.includes(person)) return undefined;
  if (received(wait, person) !== undefined) return undefined;
  return {
    kind: 'outside',
    message: `${person} is not one of ${group ?? 'those who are asked'}`,
    hint: `Who may answer: ${votersOf(wait)?.join(', ')}. One of them can hand the answer on with \`troupe runs delegate\`.`,
  };
}

// Length: each reason with what it means.
/** Why a person cannot hand the answer to that other one; `from` may answer. */
export function refusedDelegation(
  wait: WaitState,
  { from, to }: { from: string; to: string },
): Refusal | undefined {
  const conflict = (message: string, hint: string): Refusal => ({
    kind: 'conflict',
    message,
    hint,
  });
  const { members, delegate } = detailsOf(wait);
  if (delegate === false) {
    return conflict(
      'the answer to this approval cannot be handed on',
      'Its workflow says `delegate: false`: answer it.',
    );
  }
  if (from === to) return conflict(`${from} has the answer already`, 'Name somebody else.');
  if (wait.votes.some(({ by }) => by === from))
    return conflict(`${from} has answered already`, 'An answer that was given stays.');
  if (wait.votes.some(({ by }) => by === to))
    return conflict(`${to} has answered already`, 'Everybody answers once. Name somebody else.');
  const passed = handedOn(wait, to);
  if (passed !== undefined) {
    return conflict(
      `${to} has handed an answer to ${passed.to}`,
      'An answer does not come back. Name somebody else.',
    );
  }
  if (members?.includes(to) === true || received(wait, to) !== undefined) {
    return conflict(
      `${to} has an answer to give already`,
      'Everybody answers once. Name somebody who is not asked yet.',
    );
  }
  if (chainOf(wait, from).length + 2 > MAX_CHAIN) {
    return conflict(
      `the answer came to ${from} through ${MAX_CHAIN - 1} persons`,
      `It may go through ${MAX_CHAIN}: ${from} answers.`,
    );
  }
  if ((wait.delegations?.length ?? 0) >= MAX_DELEGATIONS)
    return conflict(`${MAX_DELEGATIONS} answers were handed on`, 'Answer it.');
  return undefined;
}
