/**
 * The values of secrets: read where a definition says they are, each time an attempt is sent, and kept in memory only.
 *
 * V1 A value is never in an event, an error, or a line of the log: those have the name and the place.
 * V2 Every value that was read in this process is looked for in what agents say, also after it was changed.
 * V3 What an agent says of a task with secrets is taken only where all of them are known: after a restart they are
 *    read again, and while one cannot be read the agent is asked to send its result later. One that says that it has
 *    taken its secrets out itself, as our workers do, does not wait for that.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { RunMessage } from '../../machines/run/decision.ts';
import { Redactor } from '../../messages/redactor.ts';
import { MIN_SECRET_LENGTH } from '../../messages/secret-forms.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { SecretSource, SecretSources } from '../../workflow/secrets.ts';
import type { Logger } from '../host/runtime.ts';

/** A key with its certificates is smaller. */
const MAX_SECRET_BYTES = 64 * 1024;
/** All secrets of one execution request, which has to fit in a message. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** Values of one place that are remembered; a secret that changes more often than this within a run is its owner's own. */
const MAX_REMEMBERED = 16;
/** These hold what Troupe itself connects with. */
const OWN_VARIABLES = /^TROUPE_/;

/** A secret is not where the definition says. */
class SecretMissing extends TroupeError {
  readonly code = 'secret.missing';
  readonly retryable = false;

  constructor(name: string, why: string) {
    super(`the secret "${name}" is not there: ${why}`, {
      hint: 'Set the variable, or write the file, where the orchestrator runs; then run the workflow again.',
      details: { secret: name },
    });
  }
}

/** Blobs are kept as they are: one with a secret in it is refused. */
export class SecretInBlob extends TroupeError {
  readonly code = 'secret.in-blob';
  constructor() {
    super('the blob holds a secret that a workflow uses, and is not stored', {
      hint: 'Take the secret out before you store the blob.',
    });
  }
}

/** Somebody on the way could read the secrets. */
export class InsecureTransport extends TroupeError {
  readonly code = 'secret.insecure-transport';
  readonly retryable = false;

  constructor(agent: string) {
    super(`secrets for the agent "${agent}" would travel to another host without TLS`, {
      hint: 'Give the NATS server TLS and use a tls:// address, for the orchestrator and for every worker of the agent.',
      details: { agent },
    });
  }
}

/** Reads one value. Throws `SecretMissing`. */
export type ReadSecret = (name: string, source: SecretSource) => string;

/** From the environment of this process and its files. */
const readSecret: ReadSecret = (name, source) =>
  'env' in source ? fromEnvironment(name, source.env) : fromFile(name, source.file);

function fromEnvironment(name: string, variable: string): string {
  if (OWN_VARIABLES.test(variable))
    throw new SecretMissing(name, `${variable} is a setting of Troupe and never given away`);
  const value = process.env[variable];
  if (value === undefined) throw new SecretMissing(name, `${variable} is not set`);
  if (value === '') throw new SecretMissing(name, `${variable} is empty`);
  return value.toWellFormed();
}

function fromFile(name: string, path: string): string {
  const text = contentOf(name, path).replace(/\r?\n$/, '');
  if (text === '') throw new SecretMissing(name, `${path} is empty`);
  return text;
}

function contentOf(name: string, path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new SecretMissing(name, `${path} is no file`);
    if (stats.size > MAX_SECRET_BYTES)
      throw new SecretMissing(name, `${path} has more than ${MAX_SECRET_BYTES} bytes`);
    const bytes = readFileSync(file);
    if (!isUtf8(bytes)) throw new SecretMissing(name, `${path} is not UTF-8`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof SecretMissing) throw error;
    const { code } = error as { code?: unknown };
    throw new SecretMissing(name, `${path} cannot be read (${String(code)})`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export class Secrets {
  readonly #read: ReadSecret;
  readonly #logger: Logger;
  /** By place: its values, the newest last. */
  readonly #known = new Map<string, string[]>();
  readonly #redactors = new WeakMap<SecretSources, { redactor: Redactor; of: number }>();
  /** Goes up with every value that was not known before. */
  #generation = 0;
  #everything: { redactor: Redactor; of: number } | undefined;

  constructor({ logger, read = readSecret }: { logger: Logger; read?: ReadSecret | undefined }) {
    this.#logger = logger;
    this.#read = read;
  }

  /** The values as they are now. Throws `SecretMissing`. */
  resolve(sources: SecretSources): Record<string, string> {
    const values: Record<string, string> = {};
    let bytes = 0;
    for (const [name, source] of Object.entries(sources)) {
      const value = this.#read(name, source);
      bytes += Buffer.byteLength(value);
      if (bytes > MAX_REQUEST_BYTES)
        throw new SecretMissing(
          name,
          `the secrets of the task have more than ${MAX_REQUEST_BYTES} bytes`,
        );
      this.#remember(name, source, value);
      values[name] = value;
    }
    return values;
  }

  /** The message without the secrets of the task that it is about. Throws `SecretMissing` (V3). */
  redacted(sources: SecretSources, message: RunMessage): RunMessage {
    if (message.type !== 'result' && message.type !== 'progress') return message;
    const redactor = this.#redactorOf(sources);
    if (message.type === 'progress') {
      const { message: text, usage } = message;
      return {
        ...message,
        ...(text === undefined ? {} : { message: redactor.text(text) }),
        ...(usage === undefined ? {} : { usage: redactor.value(usage) }),
      };
    }
    const { result } = message;
    const usage = result.usage === undefined ? {} : { usage: redactor.value(result.usage) };
    if (result.status === 'succeeded')
      return { ...message, result: { ...result, ...usage, output: redactor.value(result.output) } };
    const { code, message: words } = result.error;
    const error = { ...result.error, code: redactor.text(code), message: redactor.text(words) };
    return { ...message, result: { ...result, ...usage, error } };
  }

  /** True where a secret that was read in this process stands in these bytes. */
  isIn(bytes: Uint8Array): boolean {
    if (this.#known.size === 0) return false;
    if (this.#everything?.of !== this.#generation)
      this.#everything = { redactor: new Redactor(this.#pairs()), of: this.#generation };
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    return this.#everything.redactor.isIn(text);
  }

  *#pairs(): Generator<readonly [string, string]> {
    for (const values of this.#known.values()) for (const value of values) yield ['secret', value];
  }

  #redactorOf(sources: SecretSources): Redactor {
    const cached = this.#redactors.get(sources);
    if (cached?.of === this.#generation) return cached.redactor;
    const pairs: (readonly [string, string])[] = [];
    for (const [name, source] of Object.entries(sources)) {
      const known =
        this.#known.get(placeOf(source)) ?? Object.values(this.resolve({ [name]: source }));
      for (const value of known) pairs.push([name, value]);
    }
    const redactor = new Redactor(pairs);
    this.#redactors.set(sources, { redactor, of: this.#generation });
    return redactor;
  }

  #remember(name: string, source: SecretSource, value: string): void {
    const place = placeOf(source);
    const known = this.#known.get(place) ?? [];
    if (known.includes(value)) return;
    this.#known.set(place, [...known, value].slice(-MAX_REMEMBERED));
    this.#generation += 1;
    if (value.length < MIN_SECRET_LENGTH)
      this.#logger.warn('a secret is too short to be looked for in what agents say', {
        secret: name,
        shorterThan: MIN_SECRET_LENGTH,
      });
  }
}

function placeOf(source: SecretSource): string {
  return 'env' in source ? `env ${source.env}` : `file ${source.file}`;
}
