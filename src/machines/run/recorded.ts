/**
 * A fork in a sandbox: what would start takes the answer that was recorded for the same parameters, or fails where
 * there is none and nothing may run. The host looks for answers (`actors/host/sandbox.ts`).
 */
import { event } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { finalFailure } from '../task/decide.ts';
import type { Activation, RunAggregate } from './aggregate.ts';
import { type Decision, events, nothing } from './decision.ts';
import { withOverrides } from './fork-state.ts';
import { identity } from './identity.ts';
import { type Evaluated, evaluate } from './scope.ts';

/** How an activation ended before. */
export type RecordedAnswer =
  | { kind: 'output'; output: JsonValue; cacheKey: string; agent?: string }
  | { kind: 'failed'; error: Failure };

/** What an activation would start with now. */
export function parametersOf(run: RunAggregate, activation: Activation): Evaluated<JsonValue> {
  const given = evaluate(run, activation, (scope) => activation.node.parameters.render(scope));
  if (given.kind !== 'value') return given;
  return { kind: 'value', value: withOverrides(run, activation, given.value) };
}

/** Without an answer it fails: nothing runs in a strict sandbox. */
export function decideRecorded(
  run: RunAggregate,
  message: { activation: string; answer: RecordedAnswer | undefined },
): Decision {
  const activation = run.activations.get(message.activation);
  if (activation?.state !== 'scheduled') return nothing;
  const { answer } = message;
  if (answer === undefined) return events(...finalFailure(activation, { error: refused() }));
  if (answer.kind === 'failed') return events(...finalFailure(activation, { error: answer.error }));
  const { output, cacheKey, agent } = answer;
  const ended = {
    ...identity(activation),
    attempt: activation.context.attempt,
    output,
    ...(agent === undefined ? {} : { agent }),
  };
  // Whether a loop goes on is asked of a success.
  const { task, loops } = activation.node;
  if (task.repeat !== undefined || loops.length > 0) return events(event('task.succeeded', ended));
  return events(event('task.reused', { ...ended, cacheKey }));
}

function refused(): Failure {
  return {
    code: failureCodes.sandboxRefused,
    message: 'no answer was recorded for these parameters, and the sandbox runs nothing',
    retryable: false,
  };
}
