/**
 * The door for requests: from a message to a durable run. The reply waits for the disk; only then has the client
 * been promised anything.
 *
 * I1 A repeated `requestId` returns the first run, also while its commit is still waiting; with another body it is
 *    a conflict. Refusals are answered again, not stored.
 * I2 A request with a key of `starts.ts` that stands for a run begins none.
 * Size: every way in which a request ends, side by side.
 */
import type { ActorRef } from '../../events/envelope.ts';
import type { ParentRef } from '../../machines/run/aggregate.ts';
import type { Rejection } from '../../machines/run/decision.ts';
import { SCHEDULE_REQUEST } from '../../machines/schedule/decide.ts';
import { type RequestMessage, type RequestReply, requestSchema } from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import type { Priority, WorkflowDefinition } from '../../workflow/definition.ts';
import { TroupeError } from '../../workflow/errors.ts';
import { MAX_DURATION_MS } from '../../workflow/limits.ts';
import { checkValue, type JsonObject, type JsonValue } from '../../workflow/value.ts';
import {
  InvalidMessage,
  LogReopening,
  Overloaded,
  ReservedRequestId,
  RunConflict,
  RunLeaving,
  RunNotFound,
  StartTooLate,
} from '../host/errors.ts';
import { definitionOf, readCreated } from '../host/load.ts';
import { bodyHashOf, hashOf, newRun, requestKey } from '../host/new-run.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime, Outcome } from '../host/runtime.ts';
import { Forks } from './forks.ts';
import type { Planned, Planner } from './planner.ts';
import type { TaskOwner } from './queued-tasks.ts';
import { refuse } from './refuse.ts';
import { Starts, type Waiting } from './starts.ts';
import { checkStored, namesBlobs } from './stored-blobs.ts';

/** What a run asks the intake for when a task of it runs another workflow, or a schedule when a time has come. */
export interface ChildRequest {
  planned: Planned;
  runId: string;
  requestId: string;
  /** Of a child run. */
  lineage?: { parent: ParentRef; root: string; depth: number };
  correlationId: string;
  /** The event that asks: `<stream>/<streamVersion>`. */
  causationId: string;
  /** Default: the system. */
  actor?: ActorRef;
  /** Default: that of the workflow. */
  priority: Priority | undefined;
  session: string | undefined;
  tenant: string | undefined;
  trace: string | undefined;
}

/** A request that was understood. */
interface Taken {
  message: BusMessage;
  request: RequestMessage;
  requestId: string | undefined;
  planned: Planned;
}

/** Request ids of child runs are made by their parents, others by schedules. */
const CHILD_REQUEST = 'child:';
const RESERVED = [CHILD_REQUEST, SCHEDULE_REQUEST];

export class Intake {
  readonly starts: Starts;
  readonly #runtime: HostRuntime;
  readonly #table: RunTable;
  readonly #planner: Planner;
  readonly #subjects: Subjects;
  readonly #forks: Forks;

  constructor(options: {
    runtime: HostRuntime;
    table: RunTable;
    planner: Planner;
    subjects: Subjects;
  }) {
    this.#forks = new Forks(options);
    this.#runtime = options.runtime;
    this.#table = options.table;
    this.#planner = options.planner;
    this.#subjects = options.subjects;
    this.starts = new Starts(options.runtime);
  }

  /** Answers a message on the request subject. */
  receive(message: BusMessage): void {
    this.#take(message).catch((error: unknown) => refuse(message, error, this.#runtime.logger));
  }

  // Length: one step after the other, each with its refusal.
  async #take(message: BusMessage): Promise<void> {
    const parsed = requestSchema.safeParse(message.body());
    if (!parsed.success) throw new InvalidMessage('the request', parsed.error);
    const request = parsed.data;
    checkValue(request.input ?? null);
    if (this.#table.isHalted) throw new LogReopening();
    const requestId = request.requestId ?? message.header('Nats-Msg-Id');
    const reserved = RESERVED.find((prefix) => requestId?.startsWith(prefix));
    if (requestId !== undefined && reserved !== undefined)
      throw new ReservedRequestId(requestId, reserved);
    const { log } = this.#runtime;
    if (requestId !== undefined) {
      const known = log.uniqueOwner(requestKey(requestId));
      if (known !== undefined) {
        message.respond(await this.#repeat({ request, requestId, stream: known }));
        return;
      }
    }
    if (request.fork !== undefined) {
      await this.#forks.take({ message, request: { ...request, fork: request.fork }, requestId });
      return;
    }
    const begun = await this.starts.begun(request);
    if (begun !== undefined) {
      message.respond(await this.#deduplicated(begun));
      return;
    }
    const planned = this.#planner.plan(request);
    if (namesBlobs(planned.inputs)) await checkStored(log.blobs, planned.inputs);
    if (planned.namesBlobs)
      await checkStored(log.blobs, planned.definition as unknown as JsonObject);
    if (request.dryRun) {
      message.respond(dryRunReply(planned));
      return;
    }
    if (log.isSaturated) throw new Overloaded();
    const taken = { message, request, requestId, planned };
    const waiting = this.starts.postpone(request);
    if (waiting === undefined) this.#create(taken);
    else this.#postpone(taken, waiting);
  }

  /** The run of the request's key waits anew; one that waits no more leaves the request to a run of its own. */
  #postpone(taken: Taken, { runId, startAt }: Waiting): void {
    const { message, request, requestId, planned } = taken;
    const { inputs, hash: definitionHash } = planned;
    const trace = message.header('traceparent');
    this.#table.post(runId, {
      message: { type: 'postpone', startAt, inputs, definitionHash },
      causationId: requestId ?? this.#runtime.ids.id('req', this.#runtime.clock.now()),
      actor: clientOf(request),
      ...(trace === undefined ? {} : { trace }),
      ...(requestId === undefined ? {} : { uniqueKey: requestKey(requestId) }),
      reply: (outcome) => {
        if (outcome.kind === 'done') {
          message.respond(
            this.#reply({ runId, planned, position: outcome.position, requestId, startAt }),
          );
          return;
        }
        const { rejection } = outcome;
        if (rejection.status >= 500 || rejection.details?.['key'] !== undefined) {
          message.respondError(rejection);
          return;
        }
        this.starts.forget(request, runId);
        this.#take(message).catch((error: unknown) => refuse(message, error, this.#runtime.logger));
      },
    });
  }

  /**
   * Makes a run under the id that its parent or its schedule recorded; resolves with how that ended, not at all when it is
   * unknown. Throws `overloaded`, `unavailable` and, but for a child, `quota.exceeded`.
   */
  spawn(child: ChildRequest): Promise<Outcome> {
    const { planned, runId, requestId, correlationId, trace, priority, session, tenant } = child;
    const { clock, log, leaving } = this.#runtime;
    if (log.isSaturated) throw new Overloaded();
    const parent = child.lineage?.parent.runId;
    if (parent !== undefined && leaving.has(parent)) throw new RunLeaving(parent);
    const request: RequestMessage = {
      start: true,
      dryRun: false,
      ...(priority === undefined ? {} : { priority }),
      ...(session === undefined ? {} : { session }),
      ...(tenant === undefined ? {} : { tenant }),
    };
    // A child belongs to what lives already; another one has to be let in.
    if (child.lineage === undefined) this.#runtime.liveRuns.check(ownerOf(request, planned));
    const birth = newRun({
      ...{ log, request, requestId, planned, runId, correlationId, trace },
      ...(child.lineage === undefined ? {} : { lineage: child.lineage }),
      now: clock.now(),
    });
    return new Promise((resolve) => {
      this.#table.create(runId, {
        ...birth,
        delivery: {
          message: { type: 'command', command: { type: 'start' } },
          causationId: child.causationId,
          actor: child.actor ?? { kind: 'system' },
          ...(trace === undefined ? {} : { trace }),
          reply: resolve,
        },
      });
    });
  }

  #create(taken: Taken): void {
    const { message, requestId, planned } = taken;
    const { clock, ids, log } = this.#runtime;
    const now = clock.now();
    const request = withStart(taken.request, now);
    this.#runtime.liveRuns.check(ownerOf(request, planned));
    const runId = ids.runId(now);
    if (!this.starts.begin(request, { runId, now, startAt: request.startAt })) {
      // Another one with its key was first, while this one was looked at.
      this.#take(message).catch((error: unknown) => refuse(message, error, this.#runtime.logger));
      return;
    }
    const trace = message.header('traceparent');
    const correlationId = requestId ?? ids.id('req', now);
    const birth = newRun({ log, request, requestId, planned, runId, now, correlationId, trace });
    this.#table.create(runId, {
      ...birth,
      delivery: {
        message: isStarted(request, now)
          ? { type: 'command', command: { type: 'start' } }
          : { type: 'proceed' },
        causationId: correlationId,
        actor: clientOf(request),
        ...(trace === undefined ? {} : { trace }),
        reply: (outcome) => {
          if (outcome.kind === 'rejected') {
            this.starts.forget(request, runId);
            this.#refused({ ...taken, rejection: outcome.rejection });
            return;
          }
          const { position } = outcome;
          const { startAt } = request;
          message.respond(this.#reply({ runId, planned, position, requestId, startAt }));
        },
      },
    });
  }

  /** The same request may have become a run while this one was being decided. */
  #refused(options: Omit<Taken, 'planned'> & { rejection: Rejection }): void {
    const { message, request, requestId, rejection } = options;
    const stream =
      requestId === undefined ? undefined : this.#runtime.log.uniqueOwner(requestKey(requestId));
    if (
      rejection.code !== 'log.unique-key-taken' ||
      requestId === undefined ||
      stream === undefined
    ) {
      message.respondError(rejection);
      return;
    }
    this.#repeat({ request, requestId, stream }).then(
      (reply) => message.respond(reply),
      (error: unknown) => refuse(message, error, this.#runtime.logger),
    );
  }

  #reply(options: {
    runId: string;
    planned: Pick<Planned, 'definition' | 'warnings'>;
    position: number;
    requestId: string | undefined;
    startAt?: number | undefined;
  }): JsonObject {
    const { runId, planned, position, requestId, startAt } = options;
    const reply: RequestReply = {
      runId,
      events: this.#subjects.runEvents(runId),
      workflow: planned.definition.name,
      plan: planOf(planned.definition),
      position,
      idempotent: requestId !== undefined,
      ...(startAt === undefined ? {} : { startsAt: startAt }),
      ...(planned.warnings.length === 0
        ? {}
        : { warnings: planned.warnings as unknown as JsonValue[] }),
    };
    return reply as unknown as JsonObject;
  }

  /** The same workflow in other words. What cannot be planned (any more) is another body than what once was a run. */
  #hasSamePlan(request: RequestMessage, created: { requestHash?: string | undefined }): boolean {
    try {
      return created.requestHash === hashOf(request, this.#planner.plan(request).hash);
    } catch (error) {
      if (error instanceof TroupeError) return false;
      throw error;
    }
  }

  /** The run of the window that is open; the request is not remembered, so that sending it again later may begin one. */
  async #deduplicated(stream: string): Promise<JsonObject> {
    const { log } = this.#runtime;
    const created = await readCreated(log, stream);
    const planned = { definition: await definitionOf(log, created), warnings: [] };
    const position = log.durablePosition;
    const reply = this.#reply({ runId: stream, planned, position, requestId: undefined });
    return { ...reply, deduplicated: true };
  }

  /** The first run of a request id, once it is durable. */
  async #repeat(options: {
    request: RequestMessage;
    requestId: string;
    stream: string;
  }): Promise<JsonObject> {
    const { request, requestId, stream } = options;
    const { log } = this.#runtime;
    await log.flush();
    // Its key is still taken, so it is not done again.
    if (log.streamHead(stream) === undefined)
      throw new RunNotFound(stream, this.#runtime.archiveOf?.(stream));
    if (request.fork !== undefined || (await this.#forks.isFork(stream)))
      return this.#forks.repeat({ request, requestId, stream });
    const created = await readCreated(log, stream);
    // A request that let a run wait anew is not the one that the run was made of.
    const isPostponed =
      created.debounce !== undefined && created.debounce.key === request.debounce?.key;
    const isSame = isPostponed || created.bodyHash === bodyHashOf(request);
    if (!isSame && !this.#hasSamePlan(request, created)) {
      throw new RunConflict(`the request id "${requestId}" was used with another body`, {
        hint: 'Use a new requestId for a new request.',
        details: { requestId, runId: stream },
      });
    }
    const planned = { definition: await definitionOf(log, created), warnings: [] };
    return this.#reply({ runId: stream, planned, position: log.durablePosition, requestId });
  }
}

function clientOf({ session }: RequestMessage): ActorRef {
  return { kind: 'client', ...(session === undefined ? {} : { id: session }) };
}

/** A run that waits for a pause has a time of its start from the beginning. */
function withStart(request: RequestMessage, now: number): RequestMessage {
  const { debounce } = request;
  if (debounce === undefined) return request;
  return { ...request, startAt: now + Math.min(debounce.delay, debounce.max ?? debounce.delay) };
}

function ownerOf(
  { tenant, session }: Pick<RequestMessage, 'tenant' | 'session'>,
  { definition }: Planned,
): TaskOwner {
  return { tenant, session, name: definition.name };
}

/** Whether a run that is asked for begins at once. Throws `message.invalid` for a start that is too far away. */
export function isStarted(
  request: Pick<RequestMessage, 'start' | 'startAt'>,
  now: number,
): boolean {
  const { start, startAt } = request;
  if (startAt !== undefined && startAt - now > MAX_DURATION_MS) throw new StartTooLate(startAt);
  return start && (startAt === undefined || startAt <= now);
}

/** Plans longer than this are left to `runs show`. */
const MAX_PLAN = 1_000;

function planOf(definition: WorkflowDefinition): string[] {
  return definition.tasks.slice(0, MAX_PLAN).map((task) => task.id);
}

function dryRunReply(planned: Planned): JsonObject {
  return {
    dryRun: true,
    workflow: planned.definition.name,
    plan: planOf(planned.definition),
    warnings: planned.warnings as unknown as JsonValue[],
  };
}
