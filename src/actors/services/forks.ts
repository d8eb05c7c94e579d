/**
 * A run that begins as a copy of another one: one commit with `run.forked`, however long the history of the other is.
 * Without anything to set nothing is folded before it: a history that cannot be folded quarantines the fork, as it did
 * its origin.
 *
 * K1 The answer leaves first, for loading a long history takes longer; the fork begins after it. After a failed append
 *    it is loaded once the log is open again, if it is there.
 * K2 Nothing is forked from a run that is not there when the fork is appended, or that is about to leave the log.
 * K3 A repeated request id returns the first fork (I1 of `intake.ts`).
 */
import { event } from '../../events/catalogue.ts';
import type { RequestMessage, RequestReply } from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { isRunStream } from '../../projections/projection.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { checkValue, type JsonObject, type JsonValue } from '../../workflow/value.ts';
import { BrokenStream, Overloaded, RunConflict, RunLeaving, RunNotFound } from '../host/errors.ts';
import { lineageOf, loadRun, type Origin, readCreated, readFirst } from '../host/load.ts';
import { bodyHashOf, requestKey } from '../host/new-run.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import { definitionAt } from './definition-at.ts';
import { type CheckedOverrides, checkOverrides } from './fork-overrides.ts';
import { forkPoint } from './fork-point.ts';

type ForkMessage = RequestMessage & { fork: NonNullable<RequestMessage['fork']> };

/** What a fork takes over without folding. */
interface OriginFacts {
  name: string;
  priority: NonNullable<RequestMessage['priority']>;
  session: string | undefined;
  tenant: string | undefined;
  definition: WorkflowDefinition;
}

export class Forks {
  readonly #runtime: HostRuntime;
  readonly #table: RunTable;
  readonly #subjects: Subjects;

  constructor(options: { runtime: HostRuntime; table: RunTable; subjects: Subjects }) {
    this.#runtime = options.runtime;
    this.#table = options.table;
    this.#subjects = options.subjects;
  }

  /** Makes the fork and answers once it is durable. Throws `run.not-found`, `unavailable`, `fork.not-found`, `fork.invalid`, `overloaded`, `quota.exceeded`. */
  async take(parts: {
    message: BusMessage;
    request: ForkMessage;
    requestId: string | undefined;
  }): Promise<void> {
    const { message, request, requestId } = parts;
    const { log } = this.#runtime;
    const { run, at: point, set = {} } = request.fork;
    this.#requireOrigin(run);
    checkValue(set);
    if (log.isSaturated) throw new Overloaded();
    await log.flush();
    const at = await forkPoint(log, run, point);
    const facts = await this.#factsOf(run, { stream: run, at });
    const checked = await this.#overrides(run, at, set);
    const known = requestId === undefined ? undefined : log.uniqueOwner(requestKey(requestId));
    if (known !== undefined) {
      message.respond(await this.repeat({ request, requestId: requestId ?? '', stream: known }));
      return;
    }
    // It may have left, or be about to, since it was looked at; from here to the append nothing is waited for.
    this.#requireOrigin(run);
    const { tenant, name } = facts;
    const owner = { tenant, session: request.session ?? facts.session, name };
    this.#runtime.liveRuns.check(owner);
    const runId = this.#append({ message, request, requestId, at, facts, checked });
    this.#runtime.liveRuns.note(runId, owner, true);
    const reply = this.#reply({ runId, facts, requestId, forkedFrom: { run, at } });
    this.#runtime.releases.push(
      () => {
        message.respond(reply);
        this.#runtime.clock.after(BEGIN_MS, () => this.#begin(runId));
      },
      () => this.#table.reload({ stream: runId }),
    );
  }

  /** K2 */
  #requireOrigin(run: string): void {
    const { log, leaving } = this.#runtime;
    if (leaving.has(run)) throw new RunLeaving(run);
    if (!isRunStream(run) || log.streamHead(run) === undefined)
      throw new RunNotFound(run, this.#runtime.archiveOf?.(run));
  }

  #begin(runId: string): void {
    this.#table.activate(runId).catch((error: unknown) => {
      this.#runtime.logger.error('a fork could not be loaded yet', { runId, error: String(error) });
      this.#table.reload({ stream: runId });
    });
  }

  /** The fork that a request id made. Throws `run.conflict` where the id was for something else. */
  async repeat(parts: {
    request: RequestMessage;
    requestId: string;
    stream: string;
  }): Promise<JsonObject> {
    const { request, requestId, stream } = parts;
    const { log } = this.#runtime;
    await log.flush();
    const first = await readFirst(log, stream);
    if (first?.type !== 'run.forked' || first.data.bodyHash !== bodyHashOf(request)) {
      throw new RunConflict(`the request id "${requestId}" was used with another body`, {
        hint: 'Use a new requestId for a new request.',
        details: { requestId, runId: stream },
      });
    }
    const { from, at } = first.data;
    const facts = await this.#factsOf(stream, { stream: from, at });
    return this.#reply({ runId: stream, facts, requestId, forkedFrom: { run: from, at } });
  }

  /** True for a run that is a fork. */
  async isFork(stream: string): Promise<boolean> {
    await this.#runtime.log.flush();
    return (await readFirst(this.#runtime.log, stream))?.type === 'run.forked';
  }

  // Length: the fields of one event and of its commit.
  #append(parts: {
    message: BusMessage;
    request: ForkMessage;
    requestId: string | undefined;
    at: number;
    facts: OriginFacts;
    checked: CheckedOverrides | undefined;
  }): string {
    const { message, request, requestId, at, facts, checked } = parts;
    const { clock, ids, log } = this.#runtime;
    const { run, sandbox } = request.fork;
    const now = Math.max(clock.now(), log.streamHead(run)?.at ?? 0);
    const runId = ids.runId(now);
    const correlationId = requestId ?? ids.id('req', now);
    const trace = message.header('traceparent');
    const timeout = now + facts.definition.settings.timeoutMs;
    const session = request.session ?? facts.session;
    log.append({
      stream: runId,
      expectedVersion: 0,
      events: [
        event('run.forked', {
          runId,
          from: run,
          at,
          ...(checked === undefined
            ? {}
            : { overrides: checked.overrides as unknown as JsonValue }),
          dueAt: Math.min(timeout, request.deadline ?? timeout),
          ...(sandbox === undefined ? {} : { sandbox }),
          name: facts.name,
          priority: request.priority ?? facts.priority,
          ...(session === undefined ? {} : { session }),
          ...(requestId === undefined ? {} : { requestId, bodyHash: bodyHashOf(request) }),
        }),
      ],
      at: now,
      correlationId,
      causationId: correlationId,
      actor: { kind: 'client', ...(request.session === undefined ? {} : { id: request.session }) },
      ...(trace === undefined ? {} : { trace }),
      ...(requestId === undefined ? {} : { unique: [requestKey(requestId)] }),
      ...(checked === undefined || checked.blobs.length === 0 ? {} : { blobs: checked.blobs }),
    });
    return runId;
  }

  async #overrides(
    stream: string,
    at: number,
    set: Readonly<Record<string, JsonValue>>,
  ): Promise<CheckedOverrides | undefined> {
    if (Object.keys(set).length === 0) return undefined;
    const { log } = this.#runtime;
    const loaded = await loadRun(log, stream, { toVersion: at });
    if (loaded === undefined) throw new RunNotFound(stream);
    return checkOverrides({ log, stream, run: loaded.run }, set);
  }

  /** `point`: where its definition is that of the fork. */
  async #factsOf(stream: string, point: Origin): Promise<OriginFacts> {
    const { log } = this.#runtime;
    const created = await readCreated(log, stream);
    let { priority, session } = created;
    for (const { stream: each } of await lineageOf(log, stream)) {
      const first = await readFirst(log, each);
      if (first === undefined) throw new BrokenStream(each, 'it has no first event');
      if (first.type !== 'run.forked') continue;
      priority = first.data.priority ?? priority;
      session = first.data.session ?? session;
    }
    const { name, tenant } = created;
    const definition = await definitionAt(log, point.stream, point.at);
    return { name, priority, session, tenant, definition };
  }

  #reply(parts: {
    runId: string;
    facts: OriginFacts;
    requestId: string | undefined;
    forkedFrom: { run: string; at: number };
  }): JsonObject {
    const { runId, facts, requestId, forkedFrom } = parts;
    const reply: RequestReply = {
      runId,
      events: this.#subjects.runEvents(runId),
      workflow: facts.name,
      plan: facts.definition.tasks.slice(0, MAX_PLAN).map(({ id }) => id),
      position: this.#runtime.log.appendedPosition,
      idempotent: requestId !== undefined,
      forkedFrom,
    };
    return reply as unknown as JsonObject;
  }
}

/** Between the answer and the beginning: the answer is on its way by then. */
const BEGIN_MS = 1;
/** Plans longer than this are left to `runs show`. */
const MAX_PLAN = 1_000;
