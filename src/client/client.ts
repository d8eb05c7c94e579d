/**
 * The typed client that CLI, API, tests and users share. It speaks to the orchestrator over NATS alone.
 * Messages that change state get an id and are sent again while the orchestrator is away, so they happen once.
 * Size: one method a thing that can be asked.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { JsonEnvelope } from '../events/envelope.ts';
import type { LogOperation } from '../messages/log-operations.ts';
import type { RunReport } from '../messages/report.ts';
import {
  type CommandReply,
  type commandSchema,
  type ForkRequest,
  type HelloReply,
  type HistoryReply,
  helloReplySchema,
  OFFLOAD_BYTES,
  type QueryReply,
  type querySchema,
  type RequestReply,
  type requestSchema,
} from '../messages/request.ts';
import type { ScheduleReply, scheduleSchema } from '../messages/schedule.ts';
import type { Bus } from '../messaging/bus.ts';
import { type ConnectOptions, connectBus } from '../messaging/nats-bus.ts';
import { createSubjects, type Subjects } from '../messaging/subjects.ts';
import type { InboxItem } from '../projections/inbox.ts';
import { sourceOf } from '../workflow/define.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import {
  type BlobReference,
  checkValue,
  isKeptValue,
  type JsonObject,
  type JsonValue,
  MAX_BODY_DEPTH,
  VALUE_BLOB_TYPE,
} from '../workflow/value.ts';
import { answerOf, type Said } from './answers.ts';
import { type AskOptions, ask, isPassing, pause } from './ask.ts';
import { getBlob, putBlob } from './blob-transfer.ts';
import { ClarificationNeededError, UnexpectedReplyError, UnknownRunError } from './errors.ts';
import { followRun, readHistory } from './follow-run.ts';
import { Jobs } from './jobs.ts';
import { isEnded, outcomeOf, type RunOutcome } from './run-outcome.ts';
import { watchEnd } from './watch-end.ts';

/** Documents of one reply that are fetched at the same time. */
const FETCHED_AT_ONCE = 16;

/** A request; `workflow` is a text, an object in the form of a file, or what `defineWorkflow` returned. */
export type RequestInput = Omit<z.input<typeof requestSchema>, 'workflow'> & {
  workflow?: string | JsonObject | WorkflowDefinition;
};
export type CommandInput = z.input<typeof commandSchema>;
export type QueryInput = z.input<typeof querySchema>;
export type ScheduleInput = z.input<typeof scheduleSchema>;

/** Who answers an approval, and what they say. */
export type Answer = AskOptions & Said;

/** `text`, `workflow`, `template` or `pattern`, as in a request. */
export type RunWorkflowOptions = RequestInput & {
  /** Aborting cancels the run; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with every event of the run, once each and in order. */
  onEvent?: (event: JsonEnvelope) => void;
};

const DEFAULT_PAGE = 100;
/** A report that is not at the end yet although the run is: asked again this soon, then ever later. */
const FIRST_LAG_PAUSE_MS = 10;
const MAX_LAG_PAUSE_MS = 1_000;
const CANCEL_DEADLINE_MS = 5_000;
const LOG_DEADLINE_MS = 60 * 60 * 1_000;
/** Bytes of a report as JSON: below what one text can hold. */
const MAX_REPORT_BYTES = 500_000_000;

/** Connects to a server. Throws `bus.connect-failed`, `bus.tls-failed`. `close` closes the connection. */
export async function connectClient(options: {
  url: string;
  tls?: ConnectOptions['tls'];
  prefix?: string;
  name?: string;
}): Promise<Client> {
  const { url, tls, name = 'troupe-client' } = options;
  const bus = await connectBus({ url, tls, name });
  return new Client({ bus, subjects: createSubjects(options.prefix), ownsBus: true });
}

/** A client over a connection that its caller owns. */
export function createClient(options: { bus: Bus; prefix?: string }): Client {
  return new Client({ bus: options.bus, subjects: createSubjects(options.prefix), ownsBus: false });
}

/**
 * What can be asked of an orchestrator. Every method rejects with the `RemoteError` that came back (`code`, `hint`),
 * with `bus.no-responders`, `bus.timeout` or `bus.disconnected` when nobody answered until the deadline (30 s unless
 * given), and with `value.unsupported` for values that JSON cannot carry.
 */
export class Client {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #ownsBus: boolean;
  readonly #address: { bus: Bus; subjects: Subjects };
  /** Single tasks for an agent, without a workflow. */
  readonly jobs: Jobs;

  /** Use `connectClient` or `createClient`. */
  constructor(options: { bus: Bus; subjects: Subjects; ownsBus: boolean }) {
    this.#bus = options.bus;
    this.#subjects = options.subjects;
    this.#ownsBus = options.ownsBus;
    this.#address = { bus: options.bus, subjects: options.subjects };
    this.jobs = new Jobs(options);
  }

  /** Starts a run, once however often it is sent. Resolves when the run is durable. Throws `request.clarification-needed`. */
  async request(body: RequestInput, options: AskOptions = {}): Promise<RequestReply> {
    const requestId = body.requestId ?? `req_${randomUUID()}`;
    const source = typeof body.workflow === 'object' ? sourceOf(body.workflow) : undefined;
    const message = { ...body, requestId, ...(source === undefined ? {} : { workflow: source }) };
    const subject = this.#subjects.request();
    const reply = await this.#ask<RequestReply>(subject, message, options);
    if ('clarification' in reply) throw new ClarificationNeededError(reply.clarification);
    return known({ reply, by: 'runId', subject });
  }

  /**
   * Starts a run as a copy of another one, at a version, a checkpoint or a task of it (default: as it is now). Throws
   * `run.not-found`, `fork.not-found` for a point that is not there, `fork.invalid` for what cannot be set.
   */
  fork(
    runId: string,
    fork: Omit<ForkRequest, 'run'> & { requestId?: string } = {},
    options: AskOptions = {},
  ): Promise<RequestReply> {
    const { requestId, ...rest } = fork;
    const id = requestId === undefined ? {} : { requestId };
    return this.request({ fork: { run: runId, ...rest }, ...id }, options);
  }

  /** Sends a command to a run, once however often it is sent; resolves to the run's state after it. */
  async command(
    runId: string,
    command: CommandInput,
    options: AskOptions = {},
  ): Promise<CommandReply> {
    const id = command.id ?? `cmd_${randomUUID()}`;
    const subject = this.#subjects.runCommand(runId);
    const reply = await this.#ask<CommandReply>(subject, { ...command, id }, options);
    return known({ reply, by: 'streamVersion', subject });
  }

  /**
   * Sends a signal to a run. It is kept until a task takes it; `notice` in the reply says where no task of the workflow
   * names it. A payload over 64 KiB goes as a blob. Throws `run.conflict` for a run that has ended.
   */
  async signal(
    runId: string,
    name: string,
    payload?: JsonValue,
    options: AskOptions & { id?: string } = {},
  ): Promise<CommandReply> {
    const { id, ...asking } = options;
    const given = payload === undefined ? {} : { payload: await this.#offloaded(payload, asking) };
    const command = {
      type: 'signal' as const,
      name,
      ...given,
      ...(id === undefined ? {} : { id }),
    };
    return this.command(runId, command, asking);
  }

  /**
   * Approves a task that waits for it, as `by`. `task` is an activation, or the task where one of its activations waits.
   * Throws `task.not-found`, and `run.conflict` where it does not wait or this person has said otherwise.
   */
  approve(runId: string, task: string, answer: Answer): Promise<CommandReply> {
    return this.command(runId, ...answerOf({ type: 'approve', task }, answer));
  }

  /** Rejects it: the task fails with `approval.denied`. Throws like `approve`. */
  reject(runId: string, task: string, answer: Answer): Promise<CommandReply> {
    return this.command(runId, ...answerOf({ type: 'reject', task }, answer));
  }

  /**
   * Lets `to` answer an approval instead of `by`. Throws like `approve`, `permission.denied` where `by` is not one of the
   * group, and `run.conflict` where one of the two has answered already or `to` has an answer to give anyway.
   */
  delegate(runId: string, task: string, answer: Answer & { to: string }): Promise<CommandReply> {
    const { to, ...given } = answer;
    return this.command(runId, ...answerOf({ type: 'delegate', task, to }, given));
  }

  /** What waits for somebody, over all runs, oldest runs first; at most `limit` (default 100). */
  async inbox(
    filter: { runId?: string; group?: string; limit?: number } = {},
    options: AskOptions = {},
  ): Promise<InboxItem[]> {
    const { runId, group, limit } = filter;
    const where =
      group === undefined
        ? { ...(runId === undefined ? {} : { prefix: `${runId}/` }) }
        : { index: 'group', prefix: `${group}/` };
    const query = { ...where, ...(limit === undefined ? {} : { limit }) };
    const { documents } = await this.query('inbox', query, options);
    const items = documents.map(({ document }) => document as InboxItem);
    return runId === undefined ? items : items.filter((item) => item.runId === runId);
  }

  /** Sets up a schedule, or says something to one, once however often it is sent; resolves to the schedule after it. */
  async schedule(message: ScheduleInput, options: AskOptions = {}): Promise<ScheduleReply> {
    const id = message.id ?? `cmd_${randomUUID()}`;
    const subject = this.#subjects.schedule();
    const reply = await this.#ask<ScheduleReply>(subject, { ...message, id }, options);
    return known({ reply, by: 'next', subject });
  }

  /** One page of a run's events from `streamVersion` `from` (default 1), at most `limit` (default 100). */
  async history(
    runId: string,
    page: { from?: number; limit?: number } = {},
    options: AskOptions = {},
  ): Promise<HistoryReply> {
    const where = { ...this.#address, runId, ...options };
    return readHistory(where, { from: page.from ?? 1, limit: page.limit ?? DEFAULT_PAGE });
  }

  /** Documents of a projection, whole: those that had no place in the reply are fetched. */
  async query(name: string, query: QueryInput = {}, options: AskOptions = {}): Promise<QueryReply> {
    const subject = this.#subjects.query(name);
    const reply = await this.#ask<QueryReply>(subject, query, options);
    const { documents } = known({ reply, by: 'documents', subject });
    const kept = documents.filter(({ document }) => isKeptValue(document));
    for (let from = 0; from < kept.length; from += FETCHED_AT_ONCE) {
      const some = kept.slice(from, from + FETCHED_AT_ONCE).map(async (entry) => {
        entry.document = await this.#valueOf(entry.document as unknown as BlobReference, options);
      });
      await Promise.all(some);
    }
    return reply;
  }

  /** Which log answers on this prefix. */
  async hello(options: AskOptions = {}): Promise<HelloReply> {
    const reply = helloReplySchema.safeParse(await this.#ask(this.#subjects.hello(), {}, options));
    if (!reply.success) throw new UnexpectedReplyError(this.#subjects.hello(), 'logId');
    return reply.data;
  }

  /**
   * Has something done to the log itself: `stats`, `collect` or `archive`; once, however often it is sent. Resolves with
   * the report when it is done, which may take minutes: `deadlineMs` is one hour unless given.
   */
  async log(
    operation: LogOperation,
    body: JsonObject = {},
    options: AskOptions = {},
  ): Promise<JsonObject> {
    const message = { id: `log_${randomUUID()}`, ...body };
    const asking = { deadlineMs: LOG_DEADLINE_MS, ...options };
    return this.#ask<JsonObject>(this.#subjects.log(operation), message, asking);
  }

  /**
   * The events of a run from `streamVersion` `from` (default 1), each once and in order, past and live, over lost
   * messages, reconnects and restarts. Ends after the run's terminal event; a `signal` ends it with its reason.
   */
  events(
    runId: string,
    options: { from?: number; signal?: AbortSignal } = {},
  ): AsyncIterable<JsonEnvelope> {
    return followRun({ ...this.#address, runId, ...options });
  }

  /** The report of a run as it is now. Throws `run.not-found`. */
  async report(runId: string, options: AskOptions = {}): Promise<RunReport> {
    const reply = await this.query('run_report', { key: runId }, options);
    const document = reply.documents?.[0]?.document;
    if (document === undefined) throw new UnknownRunError(runId);
    return document as unknown as RunReport;
  }

  /** The report of a run once it has ended, however long that takes. */
  async waitForRun(runId: string, options: { signal?: AbortSignal } = {}): Promise<RunReport> {
    const watch = watchEnd(this.#address, runId, options.signal);
    try {
      let pauseMs = FIRST_LAG_PAUSE_MS;
      for (;;) {
        const isOver = watch.hasEnded();
        const report = await this.#reportIfThere(runId, options);
        if (report !== undefined && isEnded(report)) return report;
        if (!isOver) {
          await watch.next();
          continue;
        }
        // The end was seen on the feed; the report follows.
        await pause(pauseMs, options.signal);
        pauseMs = Math.min(pauseMs * 2, MAX_LAG_PAUSE_MS);
      }
    } finally {
      await watch.stop();
    }
  }

  /** Undefined while nobody answers: whoever waits for a run waits for its orchestrator too. */
  async #reportIfThere(runId: string, options: AskOptions): Promise<RunReport | undefined> {
    try {
      return await this.report(runId, options);
    } catch (error) {
      if (isPassing(error)) return undefined;
      throw error;
    }
  }

  /** Runs a workflow to its end. A run that fails is an outcome, not an error. */
  async runWorkflow(options: RunWorkflowOptions): Promise<RunOutcome> {
    const { signal, onEvent, ...request } = options;
    const asking = signal === undefined ? {} : { signal };
    const { runId } = await this.request(request, asking);
    try {
      if (onEvent !== undefined) {
        for await (const event of this.events(runId, asking)) onEvent(event);
      }
      return outcomeOf(await this.waitForRun(runId, asking));
    } catch (error) {
      if (signal?.aborted === true) await this.#cancelQuietly(runId);
      throw error;
    }
  }

  /** Stores bytes; resolves to their reference once they are durable. */
  putBlob(bytes: Uint8Array, options: AskOptions & { type?: string } = {}): Promise<BlobReference> {
    const { type = 'application/octet-stream', ...asking } = options;
    return putBlob(this.#address, { bytes, type }, asking);
  }

  /** The bytes of a blob, checked. Throws `payload.too-large` over `maxBytes` (default 64 MiB) and `blob.corrupt`. */
  getBlob(
    blob: { $blob: string; size?: number },
    options: AskOptions & { maxBytes?: number } = {},
  ): Promise<Uint8Array> {
    return getBlob(this.#address, blob, options);
  }

  /** Closes the connection if this client opened it. */
  async close(): Promise<void> {
    if (this.#ownsBus) await this.#bus.close();
  }

  /** A value as it travels: one over 64 KiB is put away first. */
  async #offloaded(value: JsonValue, options: AskOptions): Promise<JsonValue> {
    const checked = checkValue(value);
    const bytes = new TextEncoder().encode(JSON.stringify(checked));
    if (bytes.length <= OFFLOAD_BYTES) return checked;
    return this.putBlob(bytes, { ...options, type: VALUE_BLOB_TYPE });
  }

  async #ask<Reply>(subject: string, body: object, options: AskOptions): Promise<Reply> {
    const reply = await ask({ ...options, bus: this.#bus, subject, body: checkValue(body) });
    const answer = reply.body() as JsonObject | null;
    if (typeof answer !== 'object' || answer === null)
      throw new UnexpectedReplyError(subject, 'body');
    return answer as Reply;
  }

  async #valueOf(reference: BlobReference, options: AskOptions): Promise<JsonValue> {
    // A report holds many values, each within the limit of one.
    const bytes = await getBlob(this.#address, reference, {
      ...options,
      maxBytes: MAX_REPORT_BYTES,
    });
    return checkValue(JSON.parse(Buffer.from(bytes).toString('utf8')), MAX_BODY_DEPTH);
  }

  /** The caller has its reason already; that the run could not be told adds nothing it can act on. */
  async #cancelQuietly(runId: string): Promise<void> {
    const command = { type: 'cancel' as const, reason: 'the caller aborted' };
    await this.command(runId, command, { deadlineMs: CANCEL_DEADLINE_MS }).catch(() => undefined);
  }
}

/** The reply, if it has the field that only such a reply has. Throws `client.unexpected-reply`. */
function known<Reply extends object>(given: {
  reply: Reply;
  by: keyof Reply & string;
  subject: string;
}): Reply {
  const { reply, by, subject } = given;
  if (!(by in reply)) throw new UnexpectedReplyError(subject, by);
  return reply;
}
