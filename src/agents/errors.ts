/**
 * Errors of the agents' room. What an agent throws ends one attempt; `runAgent` turns it into a failure record.
 */
import type { Failure } from '../messages/failure.ts';
import { TroupeError } from '../workflow/errors.ts';

/** A failure of work that the agent names itself. Anything else it throws reads `agent.error`, retryable. */
export class AgentFailure extends TroupeError {
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    failure: Failure,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    const { hint = 'The message says what went wrong in the agent.', ...rest } = options;
    super(failure.message, { hint, ...rest });
    this.code = failure.code;
    this.retryable = failure.retryable;
  }
}
