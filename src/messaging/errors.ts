/**
 * The errors of messaging, and how any error crosses NATS: the one table of numeric statuses and `toWireError`.
 */
import { reasonOf, TroupeError } from '../workflow/errors.ts';
import type { WireError } from './bus.ts';

/** The typed error another process answered with. `code`, `message`, `hint`, `details` are the other side's. */
export class RemoteError extends TroupeError {
  readonly code: string;
  /** 400 to 599. */
  readonly status: number;

  constructor(wire: WireError) {
    super(wire.message, { hint: wire.hint, ...(wire.details && { details: wire.details }) });
    this.code = wire.code;
    this.status = wire.status;
  }
}

/** Nobody is subscribed to the subject of a request (the server's 503). */
export class NoRespondersError extends TroupeError {
  readonly code = 'bus.no-responders';
  constructor(subject: string) {
    super(`nobody answers on ${subject}`, {
      hint: 'Is the other process running, on the same server and prefix? Ask again with the same id.',
      details: { subject },
    });
  }
}

/** No reply within the time that the caller gave; whether the request was handled is unknown. */
export class RequestTimeoutError extends TroupeError {
  readonly code = 'bus.timeout';
  constructor(subject: string, timeoutMs: number) {
    super(`no reply on ${subject} within ${timeoutMs} ms`, {
      hint: 'The request may have been handled. Ask again with the same id.',
      details: { subject, timeoutMs },
    });
  }
}

/** The connection is down, or went down before the reply; whether the request was handled is unknown. */
export class DisconnectedError extends TroupeError {
  readonly code = 'bus.disconnected';
  constructor(url: string, cause?: unknown) {
    super(`the connection to ${url} is down`, {
      hint: 'It is being re-established. Ask again with the same id.',
      details: { url },
      cause,
    });
  }
}

/** The bus was closed by its owner. */
export class BusClosedError extends TroupeError {
  readonly code = 'bus.closed';
  constructor(url: string) {
    super(`the connection to ${url} was closed`, {
      hint: 'Connect again to go on.',
      details: { url },
    });
  }
}

/** No first connection within the bounded wait, or the server refused it. */
export class ConnectFailedError extends TroupeError {
  readonly code = 'bus.connect-failed';
  constructor(url: string, cause: unknown) {
    super(`cannot connect to ${url}: ${reasonOf(cause)}`, {
      hint: 'Check TROUPE_NATS_URL, the user and password in it, and that a NATS server listens there.',
      details: { url },
      cause,
    });
  }
}

/** True for what the client says of a server that refuses it: waiting does not help against wrong credentials or options. */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return (
    code === 'AUTHORIZATION_VIOLATION' || code === 'INVALID_OPTION' || code === 'BAD_AUTHENTICATION'
  );
}

/** A body that is no value: invalid UTF-8, no JSON, broken msgpack. */
export class MalformedMessageError extends TroupeError {
  readonly code = 'message.malformed';
  constructor(reason: string, cause?: unknown) {
    super(`the body cannot be decoded: ${reason}`, {
      hint: 'Send JSON, or msgpack with the header Content-Type: application/msgpack.',
      details: { reason },
      cause,
    });
  }
}

/** A body over the limit of a message. */
export class PayloadTooLargeError extends TroupeError {
  readonly code = 'payload.too-large';
  constructor(sizes: { size: number; limit: number }) {
    super(`the body has ${sizes.size} bytes, the limit of a message is ${sizes.limit}`, {
      hint: 'Store large values as blobs (blob.put) and send the reference.',
      details: sizes,
    });
  }
}

/** A subject token or queue name that NATS would read differently: empty, a dot, a space, `*`, `>`, not printable ASCII. */
export class InvalidTokenError extends TroupeError {
  readonly code = 'subject.invalid-token';
  constructor(what: string, token: string) {
    super(`${JSON.stringify(token)} cannot be ${what} of a subject`, {
      hint: 'Use printable ASCII without dots, spaces, * and >; at most 255 characters.',
      details: { what, token },
    });
  }
}

/** The embedded broker's port is taken. */
export class PortInUseError extends TroupeError {
  readonly code = 'broker.port-in-use';
  constructor(address: { host: string; port: number }, cause: unknown) {
    super(`port ${address.port} on ${address.host} is in use`, {
      hint: 'Set TROUPE_NATS_PORT=0 for a free port, or TROUPE_NATS_URL to use the server that is there.',
      details: address,
      cause,
    });
  }
}

/** The embedded broker cannot listen for another reason than a taken port. */
export class BrokerListenError extends TroupeError {
  readonly code = 'broker.cannot-listen';
  constructor(address: { host: string; port: number }, cause: unknown) {
    super(`cannot listen on ${address.host}:${address.port}`, {
      hint: 'Check the host name and the right to use this port.',
      details: address,
      cause,
    });
  }
}

/** A limit or a time of the embedded broker that is no positive whole number. */
export class BrokerOptionError extends TroupeError {
  readonly code = 'broker.option-invalid';
  constructor(option: string, value: number) {
    super(`${option} of the broker cannot be ${value}`, {
      hint: 'Give a whole number above 0, or leave it out for the default.',
      details: { option, value },
    });
  }
}

/** Status of whole codes; looked up first. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  internal: 500,
  overloaded: 429,
  unavailable: 503,
  'agent.unavailable': 503,
  'approval.denied': 403,
  'bus.closed': 503,
  'bus.connect-failed': 503,
  'bus.disconnected': 503,
  'bus.no-responders': 503,
  'bus.timeout': 504,
  'log.closed': 503,
  'log.archive-nowhere': 409,
  'log.busy': 409,
  'log.operation-unknown': 404,
  'stream.removed': 404,
  'log.failed': 503,
  'log.version-conflict': 409,
  'log.unique-key-taken': 409,
  'log.commit-too-large': 413,
  'loop.exhausted': 422,
  'orchestrator.duplicate': 409,
  'projection.lagging': 503,
  'run.timeout': 408,
  'quota.exceeded': 429,
  'schedule.overlap': 409,
  'schedule.paused': 409,
  'schedule.run-refused': 422,
  'secret.in-blob': 422,
  'secret.insecure-transport': 403,
  'secret.literal': 422,
  'task.timeout': 408,
  'value.unsupported': 422,
  'worker.lost': 503,
};

/** Status by the last part of a code, for codes that the table above does not name. */
const STATUS_BY_CONDITION: Readonly<Record<string, number>> = {
  'not-found': 404,
  unknown: 404,
  conflict: 409,
  duplicate: 409,
  invalid: 422,
  'invalid-token': 400,
  malformed: 400,
  'too-large': 413,
  'too-deep': 413,
  unsupported: 422,
  overloaded: 429,
  unavailable: 503,
  timeout: 408,
  denied: 403,
  corrupt: 500,
};

const STATUS_INTERNAL = 500;

/** The numeric status (400 to 599) that stands for a code in `Nats-Service-Error-Code`; 500 for codes nobody classified. */
export function statusOf(code: string): number {
  const exact = STATUS_BY_CODE[code];
  if (exact !== undefined) return exact;
  return STATUS_BY_CONDITION[code.slice(code.lastIndexOf('.') + 1)] ?? STATUS_INTERNAL;
}

/**
 * Any error as it may be shown to another process. A `TroupeError` keeps its code, message, hint and details;
 * everything else becomes `internal`, without message, stack or cause of the original.
 */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof TroupeError)) {
    return {
      status: STATUS_INTERNAL,
      code: 'internal',
      message: 'an internal error occurred',
      hint: 'The log of the process that answered has the evidence.',
    };
  }
  const hasDetails = Object.keys(error.details).length > 0;
  return {
    status: error instanceof RemoteError ? error.status : statusOf(error.code),
    code: error.code,
    message: error.message,
    hint: error.hint,
    ...(hasDetails && { details: { ...error.details } }),
  };
}
