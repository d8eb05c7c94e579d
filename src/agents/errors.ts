/**
 * Errors of the agents' room. What an agent throws ends one attempt; `runAgent` turns it into a failure record.
 */
import type { Failure } from '../messages/failure.ts';
import { TroupeError } from '../workflow/errors.ts';

/** A failure of work that the agent names itself. Anything else it throws reads `agent.error`, retryable. */
export class AgentFailure extends TroupeError {
  readonly code: string;
  readonly retryable: boolean;
  /** Seconds in which another try makes no sense. */
  readonly retryAfter: number | undefined;

  constructor(
    failure: Failure,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    const { hint = 'The message says what went wrong in the agent.', ...rest } = options;
    super(failure.message, { hint, ...rest });
    this.code = failure.code;
    this.retryable = failure.retryable;
    this.retryAfter = failure.retryAfter;
  }
}

/** Another live worker uses the same cache directory. */
export class CacheLockedError extends TroupeError {
  readonly code = 'worker.cache-locked';
  constructor(owner: { directory: string; pid: number }) {
    super(`the worker with process id ${owner.pid} uses ${owner.directory}`, {
      hint: 'Give each worker a cache directory of its own, or stop the other one.',
      details: owner,
    });
  }
}

/** The worker's queue, or what it holds of unacknowledged results, is full: ask another one or later. */
export class WorkerOverloadedError extends TroupeError {
  readonly code = 'overloaded';
  constructor(held: { queued: number; unacknowledged: number }) {
    super(
      `this worker has ${held.queued} attempts waiting and ${held.unacknowledged} results unacknowledged`,
      {
        hint: 'Ask again later, or start more workers.',
        details: held,
      },
    );
  }
}

/** The worker is draining or closed and takes no more work. */
export class WorkerDrainingError extends TroupeError {
  readonly code = 'agent.unavailable';
  constructor(worker: string) {
    super(`worker ${worker} takes no more work`, {
      hint: 'Ask again; another worker may take it.',
      details: { worker },
    });
  }
}

/** A body for a worker that does not have the shape of the contract. */
export class InvalidMessageError extends TroupeError {
  readonly code = 'message.invalid';
  constructor(what: string, problems: readonly string[]) {
    super(`${what}: ${problems.join('; ')}`, {
      hint: 'Compare the body with the schema of this message.',
      details: { problems },
    });
  }
}
