/**
 * Failure records: how a failure of work is written in events and on the wire, and the codes that people test for.
 */
import { z } from 'zod';
import { reasonOf, TroupeError } from '../workflow/errors.ts';

export const failureSchema = z.object({
  /** Stable and dotted; see `failureCodes` for ours. Agents may use their own. */
  code: z.string().min(1).max(200),
  message: z.string().max(20_000),
  retryable: z.boolean().default(true),
  /** Seconds in which another try makes no sense, as in the HTTP header Retry-After. Nonsense is left out. */
  retryAfter: z.number().nonnegative().optional().catch(undefined),
});

/** Why an attempt, a task or a run failed. */
export type Failure = {
  code: string;
  message: string;
  retryable: boolean;
  /** Seconds. */
  retryAfter?: number | undefined;
};

/** The codes of failures that Troupe itself records in events. */
export const failureCodes = {
  runTimeout: 'run.timeout',
  taskTimeout: 'task.timeout',
  taskCanceled: 'task.canceled',
  workerLost: 'worker.lost',
  agentUnavailable: 'agent.unavailable',
  joinUnsatisfied: 'join.unsatisfied',
  signalTimeout: 'signal.timeout',
  approvalDenied: 'approval.denied',
  approvalTimeout: 'approval.timeout',
  loopExhausted: 'loop.exhausted',
  expressionFailed: 'expression.failed',
  payloadTooLarge: 'payload.too-large',
  outputInvalid: 'output.invalid',
  secretMissing: 'secret.missing',
  secretForged: 'secret.forged',
  secretInsecure: 'secret.insecure-transport',
  runTooDeep: 'run.too-deep',
  runCanceled: 'run.canceled',
  sandboxRefused: 'sandbox.refused',
} as const;

const MAX_MESSAGE = 20_000;

/** Turns anything thrown into a failure record; the one place where that happens. */
export function failureOf(error: unknown, retryable = true): Failure {
  if (error instanceof TroupeError) {
    const { retryable: own, retryAfter } = error as { retryable?: unknown; retryAfter?: unknown };
    return {
      code: error.code,
      message: error.message.slice(0, MAX_MESSAGE),
      retryable: typeof own === 'boolean' ? own : retryable,
      ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
    };
  }
  const message = reasonOf(error);
  return { code: 'agent.error', message: message.slice(0, MAX_MESSAGE), retryable };
}
