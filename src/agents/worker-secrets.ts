/**
 * Secrets in a worker: put into the parameters in memory, and taken out of all that the attempt says before anything
 * of it is logged, cached or published.
 */
import type { ExecutionRequest } from '../messages/execution.ts';
import { type Failure, failureCodes } from '../messages/failure.ts';
import { Redactor } from '../messages/redactor.ts';
import type { Bus } from '../messaging/bus.ts';
import { withSecrets } from '../workflow/secrets.ts';
import { checkValue, type JsonValue } from '../workflow/value.ts';
import type { AgentLogger } from './agent.ts';
import { AgentFailure } from './errors.ts';

/** Where `failureOf` cuts a message, perhaps within a secret. */
const MAX_FAILURE_MESSAGE = 20_000;

/** Undefined for a request without secrets, as nearly all are. */
export function redactorOf({ secrets }: Pick<ExecutionRequest, 'secrets'>): Redactor | undefined {
  return secrets === undefined ? undefined : new Redactor(Object.entries(secrets));
}

/** The parameters with the values of the request's secrets in place. */
export function filled(parameters: JsonValue, { secrets }: ExecutionRequest): JsonValue {
  return secrets === undefined ? parameters : withSecrets(parameters, secrets);
}

/** Throws `secret.insecure-transport` where the secrets came to this worker in the clear from another host. */
export function checkTransport({ secrets }: ExecutionRequest, bus: Pick<Bus, 'isPrivate'>): void {
  if (secrets === undefined || bus.isPrivate) return;
  throw new AgentFailure(
    {
      code: failureCodes.secretInsecure,
      message: 'the worker is connected to another host without TLS, and was sent secrets',
      retryable: false,
    },
    { hint: 'Use a tls:// address. Replace the secrets: somebody may have read them.' },
  );
}

export function withoutSecrets(failure: Failure, redactor: Redactor | undefined): Failure {
  if (redactor === undefined) return failure;
  const { code, message, ...rest } = failure;
  const cut = { end: message.length >= MAX_FAILURE_MESSAGE };
  return { code: redactor.text(code), message: redactor.text(message, cut), ...rest };
}

/** A logger that an agent may tell anything. */
export function redactedLogger(logger: AgentLogger, redactor: Redactor): AgentLogger {
  const call =
    (level: keyof AgentLogger) =>
    (message: string, fields: Record<string, unknown> = {}): void =>
      logger[level](redactor.text(message), fieldsWithout(fields, redactor));
  return { debug: call('debug'), info: call('info'), warn: call('warn'), error: call('error') };
}

function fieldsWithout(
  fields: Record<string, unknown>,
  redactor: Redactor,
): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields))
    safe[redactor.text(key)] = fieldOf(value, redactor);
  return safe;
}

/** What is no JSON value is logged as a text: nobody could look for secrets in it otherwise. */
function fieldOf(value: unknown, redactor: Redactor): unknown {
  if (value === undefined) return undefined;
  if (value instanceof Error) {
    const { code } = value as { code?: unknown };
    const told = { ...(code === undefined ? {} : { code: String(code) }), message: value.message };
    return value.cause instanceof Error
      ? redactor.value({ ...told, cause: value.cause.message })
      : redactor.value(told);
  }
  try {
    return redactor.value(checkValue(value));
  } catch {
    return redactor.text(String(value));
  }
}
