/**
 * Errors of the agents' room. What an agent throws ends one attempt; `runAgent` turns it into a failure record.
 */
import { TroupeError } from '../workflow/errors.ts';

/** What a failed attempt says of itself, on the wire and in the log. */
export interface FailureRecord {
  /** Stable and dotted: `shell.exit`. `retry_on` of a workflow names it or its last part. */
  code: string;
  message: string;
  /** Whether another attempt with the same parameters could end otherwise. */
  retryable: boolean;
}

/** A failure of work that the agent names itself. Anything else it throws reads `agent.error`, retryable. */
export class AgentFailure extends TroupeError {
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    failure: FailureRecord,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    const { hint = 'The message says what went wrong in the agent.', ...rest } = options;
    super(failure.message, { hint, ...rest });
    this.code = failure.code;
    this.retryable = failure.retryable;
  }
}
