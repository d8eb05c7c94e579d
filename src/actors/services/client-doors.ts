/**
 * The doors for clients beside requests: commands, history, reports. Reading never waits behind a run's mailbox.
 */
import { type Envelope, envelopesOf, type JsonEnvelope } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { RunReport } from '../../messages/report.ts';
import {
  type CommandMessage,
  type CommandReply,
  commandSchema,
  type HistoryReply,
  historySchema,
} from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { isRunStream } from '../../projections/projection.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import { checkValue, type JsonObject, type JsonValue } from '../../workflow/value.ts';
import { InvalidMessage, RunNotFound } from '../host/errors.ts';
import { loadRun, readFirst } from '../host/load.ts';
import { reportRun } from '../host/report.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import { adaptationSources } from './adaptation-sources.ts';
import { firstReply } from './first-reply.ts';
import type { Planner } from './planner.ts';
import { whyItWaits } from './queue-view.ts';
import { refuse } from './refuse.ts';
import { checkBlobs, namesBlobs } from './stored-blobs.ts';

/** Bytes of events that one page of history holds, about. */
const PAGE_BYTES = 400 * 1024;
/** Names of signals that a notice lists. */
const MAX_NAMED = 10;

export class ClientDoors {
  readonly #runtime: HostRuntime;
  readonly #table: RunTable;
  readonly #subjects: Subjects;
  readonly #planner: Planner;

  constructor(options: {
    runtime: HostRuntime;
    table: RunTable;
    subjects: Subjects;
    planner: Planner;
  }) {
    this.#runtime = options.runtime;
    this.#table = options.table;
    this.#subjects = options.subjects;
    this.#planner = options.planner;
  }

  command(message: BusMessage): void {
    const runId = this.#subjects.parseRun(message.subject)?.runId;
    if (runId === undefined) return;
    try {
      const parsed = commandSchema.safeParse(message.body());
      if (!parsed.success) throw new InvalidMessage('the command', parsed.error);
      const command = parsed.data;
      const payload = payloadOf(command);
      if (payload !== undefined) checkValue(payload);
      if (payload === undefined || !namesBlobs(payload)) {
        this.#take(message, runId, command);
        return;
      }
      checkBlobs(this.#runtime.log.blobs, payload)
        .then(() => this.#take(message, runId, command))
        .catch((error: unknown) => refuse(message, error, this.#runtime.logger));
    } catch (error) {
      refuse(message, error, this.#runtime.logger);
    }
  }

  #take(message: BusMessage, runId: string, command: CommandMessage): void {
    const id = command.id ?? message.header('Nats-Msg-Id');
    const more = command.type === 'adapt' ? adaptationSources(command, this.#planner) : {};
    this.#table.post(runId, {
      message: { type: 'command', command, ...more },
      causationId: id ?? `${command.type}/${this.#runtime.clock.now()}`,
      actor: { kind: 'client' },
      ...(id === undefined ? {} : { uniqueKey: `command:${runId}/${id}` }),
      reply: (outcome) => {
        if (outcome.kind === 'rejected') {
          message.respondError(outcome.rejection);
          return;
        }
        const { reply } = outcome;
        const answer = (stands: Pick<CommandReply, 'status' | 'streamVersion' | 'position'>) =>
          message.respond(this.#replyOf({ runId, command, id, stands, reply }));
        if (outcome.isRepeated !== true || id === undefined) answer(outcome);
        else
          firstReply(this.#runtime.log, runId, id).then(
            (first) => answer(first ?? outcome),
            (error: unknown) => refuse(message, error, this.#runtime.logger),
          );
      },
    });
  }

  #replyOf(parts: {
    runId: string;
    command: CommandMessage;
    id: string | undefined;
    stands: Pick<CommandReply, 'status' | 'streamVersion' | 'position'>;
    reply: JsonObject | undefined;
  }): JsonObject {
    const { runId, command, id, stands } = parts;
    const { status, streamVersion, position } = stands;
    const notice = command.type === 'signal' ? this.#noticeOf(runId, command.name) : undefined;
    const reply: CommandReply = {
      ...{ runId, status, streamVersion, position },
      idempotent: id !== undefined,
      ...parts.reply,
      ...(notice === undefined ? {} : { notice }),
    };
    return reply as unknown as JsonObject;
  }

  /** A signal that no task of the workflow names is kept, and most likely a mistake. */
  #noticeOf(runId: string, name: string): string | undefined {
    const plan = this.#table.find(runId)?.run?.plan;
    if (plan === undefined || plan.signals.has(name)) return undefined;
    const known = [...plan.signals];
    const otherwise =
      known.length === 0
        ? 'None waits for a signal.'
        : `Known are ${known.slice(0, MAX_NAMED).join(', ')}.`;
    return `no task of this workflow waits for the signal "${name}"; it is kept. ${didYouMean(name, known, otherwise)}`;
  }

  history(message: BusMessage): void {
    const runId = this.#subjects.parseRun(message.subject)?.runId;
    if (runId === undefined) return;
    this.#history(runId, message).catch((error: unknown) =>
      refuse(message, error, this.#runtime.logger),
    );
  }

  async #history(runId: string, message: BusMessage): Promise<void> {
    const parsed = historySchema.safeParse(message.body() ?? {});
    if (!parsed.success) throw new InvalidMessage('the history request', parsed.error);
    if (!isRunStream(runId) || this.#runtime.log.streamHead(runId) === undefined)
      throw new RunNotFound(runId, this.#runtime.archiveOf?.(runId));
    const page = await readHistory(this.#runtime.log, runId, parsed.data);
    // What was removed while it was read is no page of a history.
    if (this.#runtime.log.streamHead(runId) === undefined)
      throw new RunNotFound(runId, this.#runtime.archiveOf?.(runId));
    message.respond(page as unknown as JsonObject);
  }

  /** The report of a run as it is now, from memory where it is there. */
  async report(runId: string): Promise<RunReport> {
    const { log, clock } = this.#runtime;
    const host = this.#table.find(runId);
    if (host?.run !== undefined && host.quarantine === undefined) {
      const { run } = host;
      const report = await reportRun(log, run, {
        now: clock.now(),
        whyItWaits: (activation) => whyItWaits(this.#runtime.admission, run, activation),
      });
      // C2: what the report says was applied before this line, and may not be durable yet.
      await log.flush();
      // A host that was thrown away meanwhile may have told of what is lost.
      if (this.#table.find(runId) === host) return report;
    }
    const loaded = await loadRun(log, runId);
    if (loaded === undefined || log.streamHead(runId) === undefined)
      throw new RunNotFound(runId, this.#runtime.archiveOf?.(runId));
    return reportRun(log, loaded.run, {
      now: clock.now(),
      quarantine: loaded.quarantine,
    });
  }
}

/** What a command carries that may be any value. */
function payloadOf(command: CommandMessage): JsonValue | undefined {
  if (command.type === 'signal') return command.payload;
  return command.type === 'adapt' ? command.patch : undefined;
}

/** A page of a run's own events; `next` is absent after the last. */
async function readHistory(
  log: EventLog,
  runId: string,
  range: { from: number; limit: number },
): Promise<HistoryReply> {
  const first = await readFirst(log, runId);
  const forkedFrom =
    first?.type === 'run.forked'
      ? { forkedFrom: { run: first.data.from, at: first.data.at } }
      : undefined;
  const events: Envelope[] = [];
  let bytes = 0;
  for await (const commits of log.readStream(runId, { fromVersion: range.from })) {
    for (const commit of commits) {
      for (const envelope of envelopesOf(commit)) {
        if (envelope.streamVersion < range.from) continue;
        bytes += JSON.stringify(envelope.data).length;
        if (events.length === range.limit || (bytes > PAGE_BYTES && events.length > 0)) {
          return {
            events: events as JsonEnvelope[],
            next: envelope.streamVersion,
            ...forkedFrom,
          };
        }
        events.push(envelope);
      }
    }
  }
  return { events: events as JsonEnvelope[], ...forkedFrom };
}
