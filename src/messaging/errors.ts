/**
 * The errors of messaging, and how any error crosses NATS: the one table of numeric statuses and `toWireError`.
 * Size: every condition of the room, with what to do about it.
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

/** A file of `tls` cannot be read. */
export class TlsFileError extends TroupeError {
  readonly code = 'bus.tls-file';
  constructor(path: string, cause: unknown) {
    super(`cannot read ${path} for TLS: ${reasonOf(cause)}`, {
      hint: 'Correct --nats-ca, --nats-cert or --nats-key, and the rights of the file.',
      details: { path },
      cause,
    });
  }
}

/** The two sides could not agree on TLS: a certificate that is not trusted, is over, or is for another name; or no TLS there. */
export class TlsFailedError extends TroupeError {
  readonly code = 'bus.tls-failed';
  constructor(url: string, cause: unknown) {
    const reason = tlsReason(cause) ?? 'TIMEOUT';
    super(`no TLS connection to ${url}: ${firstLine(tlsText(cause))} (${reason})`, {
      hint: hintOfTls(reason),
      details: { url, reason },
      cause,
    });
  }
}

interface ClientError {
  code?: unknown;
  message?: unknown;
  chainedError?: ClientError;
}

/** Why TLS failed, in the words of Node.js or of the client; undefined where it was something else. */
export function tlsReason(error: unknown): string | undefined {
  const { code, chainedError } = (error ?? {}) as ClientError;
  if (code === 'TLS' && typeof chainedError?.code === 'string') return chainedError.code;
  if (code === 'TLS' || code === 'SERVER_OPT_NA') return code;
  if (typeof code !== 'string') return undefined;
  return /^ERR_(SSL|TLS|OSSL)|CERT|_SIGNATURE$|_ISSUER|^UNABLE_TO_/.test(code) ? code : undefined;
}

function tlsText(error: unknown): string {
  const { code, chainedError } = (error ?? {}) as ClientError;
  if (code === 'SERVER_OPT_NA') return 'the server offers no TLS';
  if (code === 'TIMEOUT') return 'no answer in time';
  return reasonOf(code === 'TLS' && chainedError !== undefined ? chainedError : error);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

const TLS_HINTS: readonly [RegExp, string][] = [
  [
    /EXPIRED/,
    'Its certificate is over: renew it. If it is not, the clock of this machine is wrong.',
  ],
  [/NOT_YET_VALID/, 'Its certificate begins later. Look at the clock of this machine.'],
  [
    /ALTNAME/,
    'Its certificate is for another name: use that one in the URL, or give it a certificate with this name in subjectAltName.',
  ],
  [
    /ALERT|TIMEOUT/,
    'A server that wants a certificate of this side, and one that it trusts, lets nobody in without: --nats-cert and --nats-key (TROUPE_NATS_CERT, TROUPE_NATS_KEY).',
  ],
  [
    /SERVER_OPT_NA/,
    'Give the server a certificate (`tls` in its configuration), or use a nats:// URL without --nats-ca and --nats-cert.',
  ],
  [
    /SELF_SIGNED|SIGNATURE|ISSUER/,
    'Nobody who signed its certificate is trusted here: name that authority with --nats-ca (TROUPE_NATS_CA).',
  ],
];

function hintOfTls(reason: string): string {
  const known = TLS_HINTS.find(([pattern]) => pattern.test(reason));
  return known?.[1] ?? 'Check the files of --nats-ca, --nats-cert and --nats-key.';
}

/**
 * True for what the client says of a server that refuses it, or that it refuses: waiting does not help against wrong
 * credentials, options or certificates.
 */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return (
    code === 'AUTHORIZATION_VIOLATION' ||
    code === 'INVALID_OPTION' ||
    code === 'BAD_AUTHENTICATION' ||
    tlsReason(error) !== undefined
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
  'bus.tls-failed': 503,
  'bus.tls-file': 503,
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
