/**
 * A run in quarantine: what broke is recorded, and nothing but `release` and `terminate` is taken until then.
 * It lies over the chart: no machine folds `run.quarantined` and `run.released`, so a run whose fold throws can be isolated.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { ParentRef, RunAggregate } from '../../machines/run/aggregate.ts';
import { TroupeError } from '../../workflow/errors.ts';
import { Unavailable } from './errors.ts';
import type { Quarantine } from './load.ts';
import { rejectionOf } from './rejection.ts';
import type { Delivery, HostRuntime } from './runtime.ts';

/** The run in question; its aggregate is there only when its history can be folded. */
interface IsolatedHost {
  readonly stream: string;
  readonly run: RunAggregate | undefined;
  readonly parent: ParentRef | undefined;
}

export class Isolation {
  readonly #host: IsolatedHost;
  readonly #runtime: HostRuntime;
  quarantine: Quarantine | undefined;
  /** What ends it is on its way to the log: nothing may follow it but from a host that has read it. */
  #isLeaving = false;

  constructor(host: IsolatedHost, runtime: HostRuntime) {
    this.#host = host;
    this.#runtime = runtime;
  }

  /** Records what went wrong; the host has thrown its memory away. */
  begin(error: unknown, delivery: Delivery | undefined): void {
    const version = this.#runtime.log.streamHead(this.#host.stream)?.version ?? 0;
    const failure = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof TroupeError ? error.code : 'defect.exception';
    this.quarantine = { code, message: failure.message, streamVersion: version };
    this.#runtime.logger.error('the run was quarantined', {
      runId: this.#host.stream,
      code,
      error: failure.message,
    });
    this.#append(
      event('run.quarantined', {
        error: {
          code,
          message: failure.message,
          ...(failure.stack === undefined ? {} : { stack: failure.stack }),
        },
        streamVersion: version,
        ...(delivery === undefined ? {} : { message: describe(delivery) }),
      }),
      delivery,
    );
    const rejection = rejectionOf(new Unavailable(this.#host.stream, 'it is in quarantine'));
    this.#runtime.releases.push(() => delivery?.reply?.({ kind: 'rejected', rejection }));
  }

  /** Appends one event that no machine folds; the error when it was refused. The host leaves memory then. */
  #append(recorded: RunEvent, delivery: Delivery | undefined): unknown {
    const head = this.#runtime.log.streamHead(this.#host.stream) ?? { version: 0, at: 0 };
    try {
      this.#runtime.log.append({
        stream: this.#host.stream,
        expectedVersion: head.version,
        events: [recorded],
        at: Math.max(head.at, this.#runtime.clock.now()),
        correlationId: this.#host.stream,
        causationId: delivery?.causationId ?? 'recovery',
        actor: delivery?.actor ?? { kind: 'system' },
        ...(delivery?.uniqueKey === undefined ? {} : { unique: [delivery.uniqueKey] }),
      });
      return undefined;
    } catch (error) {
      this.#runtime.logger.error('the log refused an event of a quarantined run', {
        runId: this.#host.stream,
        error: String(error),
      });
      this.#runtime.release(this.#host);
      return error;
    }
  }

  /** Every command but `release` and `terminate` gets a conflict; results are kept by their workers. */
  take(delivery: Delivery): void {
    const { message } = delivery;
    if (this.#isLeaving) {
      const rejection = rejectionOf(new Unavailable(this.#host.stream, 'it leaves quarantine'));
      this.#runtime.releases.push(() => delivery.reply?.({ kind: 'rejected', rejection }));
      return;
    }
    if (message.type !== 'command') {
      const rejection = rejectionOf(new Unavailable(this.#host.stream, 'it is in quarantine'));
      delivery.reply?.({ kind: 'rejected', rejection });
      return;
    }
    const { command } = message;
    if (command.type === 'release')
      this.#leave(event('run.released', { reason: command.reason }), delivery);
    else if (command.type === 'terminate') {
      const name = this.#host.run?.header.name ?? this.#host.stream;
      const { parent } = this.#host;
      const told = parent === undefined ? {} : { parent };
      this.#leave(event('run.canceled', { name, reason: command.reason, ...told }), delivery);
    } else {
      const rejection = {
        status: 409,
        code: 'run.conflict',
        message: `the run is in quarantine: ${this.quarantine?.message ?? ''}`,
        hint: 'Release it once the defect is mended, or terminate it.',
        details: { status: 'quarantined', possible: ['release', 'terminate'] },
      };
      this.#runtime.releases.push(() => delivery.reply?.({ kind: 'rejected', rejection }));
    }
  }

  #leave(recorded: RunEvent, delivery: Delivery): void {
    const refused = this.#append(recorded, delivery);
    if (refused !== undefined) {
      const rejection = rejectionOf(refused);
      this.#runtime.releases.push(() => delivery.reply?.({ kind: 'rejected', rejection }));
      return;
    }
    this.#isLeaving = true;
    const head = this.#runtime.log.streamHead(this.#host.stream);
    const status = recorded.type === 'run.released' ? 'released' : 'canceled';
    this.#runtime.releases.push(() => {
      delivery.reply?.({
        kind: 'done',
        status,
        streamVersion: head?.version ?? 0,
        position: this.#runtime.log.durablePosition,
        changed: true,
      });
      if (status === 'released') this.#runtime.reload(this.#host);
      else this.#runtime.release(this.#host);
    });
  }
}

/** Conditions of one run that another try would meet again. */
const PERSISTENT: ReadonlySet<string> = new Set([
  'blob.not-found',
  'blob.corrupt',
  'blob.invalid',
  'log.commit-too-large',
]);

/** True for what quarantines a run: a broken fold, decider or stream; false for operating errors. */
export function isDefect(error: unknown): boolean {
  if (!(error instanceof TroupeError)) return true;
  if (PERSISTENT.has(error.code)) return true;
  return (
    error.code.startsWith('fold.') ||
    error.code.startsWith('defect.') ||
    error.code === 'stream.broken'
  );
}

/** What the message was, short enough for the evidence. */
function describe(delivery: Delivery): string {
  return JSON.stringify(delivery.message).slice(0, 2_000);
}
