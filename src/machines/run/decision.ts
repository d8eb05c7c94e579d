/**
 * What a decider answers, and what it is asked with.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { ResultMessage } from '../../messages/execution.ts';
import type { Failure } from '../../messages/failure.ts';
import type { CommandMessage } from '../../messages/request.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Activation, ValueRef } from './aggregate.ts';
import type { RecordedAnswer } from './recorded.ts';

/** A refusal as it goes back to the sender; `status` is 400 to 599. */
export interface Rejection {
  status: number;
  code: string;
  message: string;
  hint: string;
  details?: Record<string, unknown>;
}

export type Decision =
  /** What happens now. Empty: the message is a repetition or says nothing new. */
  | {
      kind: 'events';
      events: RunEvent[];
      /** More for the reply than how the run stands. */
      reply?: JsonObject;
    }
  /** Values that must be fetched first; then the same question is asked again, in the same turn. */
  | { kind: 'needs'; refs: ValueRef[] }
  | { kind: 'rejected'; rejection: Rejection }
  /** A `foreach` activation has nothing to decide until another of its instances ends. */
  | { kind: 'settled'; activation: Activation };

/** What enters with every message: deciders read no clock and draw no numbers. */
export interface TurnInput {
  /** Milliseconds since the epoch. */
  now: number;
  /** 0 <= random < 1. */
  random: number;
  /** What the agent of the message's attempt needed to recover before, on average; absent where that is not known. */
  recoveryMs?: number | undefined;
}

/** Everything that can be said to a run. */
export type RunMessage =
  | {
      type: 'command';
      command: CommandMessage;
      /** Of `adapt`: the definition to move to, and the agents that are there. */
      definition?: WorkflowDefinition;
      agents?: readonly string[];
    }
  | {
      type: 'admitted';
      activation: string;
      agent: string;
      rule: string;
      candidates?: { agent: string; score: number }[];
    }
  | { type: 'result'; activation: string; result: ResultMessage }
  | {
      type: 'progress';
      activation: string;
      attempt: number;
      percent?: number;
      message?: string;
      usage?: JsonObject;
      worker?: string;
    }
  | { type: 'attemptLost'; activation: string; attempt: number; worker?: string }
  /** Another request with the debounce key of a run that waits for its start. */
  | { type: 'postpone'; startAt: number; inputs: JsonObject; definitionHash: string }
  | { type: 'timer'; timerId: string; dueAt: number }
  /** A child run has ended; told once for each end, perhaps more than once, and asked for after a restart. */
  | { type: 'childEnded'; activation: string; runId: string; end: ChildEnd }
  /** A scheduled activation starts a child run, under the id given. */
  | { type: 'startChild'; activation: string; runId: string }
  /** In a sandbox: the answer that was recorded for a scheduled activation; undefined where nothing may run without. */
  | { type: 'recorded'; activation: string; answer: RecordedAnswer | undefined }
  /** Nothing from outside: what is left to decide is decided. */
  | { type: 'proceed' };

/** How a child run ended. `refused`: it could not begin. */
export type ChildEnd =
  | { status: 'succeeded'; output: JsonValue }
  | { status: 'failed' | 'refused'; error: Failure }
  | { status: 'canceled'; reason: string };

export const nothing: Decision = { kind: 'events', events: [] };

export function events(...list: RunEvent[]): Decision {
  return { kind: 'events', events: list };
}

export function rejected(rejection: Rejection): Decision {
  return { kind: 'rejected', rejection };
}

export function conflict(
  message: string,
  hint: string,
  details?: Record<string, unknown>,
): Decision {
  return rejected({
    status: 409,
    code: 'run.conflict',
    message,
    hint,
    ...(details === undefined ? {} : { details }),
  });
}
