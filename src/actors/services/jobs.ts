/**
 * The door for jobs: runs of one task that need no workflow (contracts.md, `troupe.v1.job`).
 *
 * J1 A job is promised once it is durable. An id gives the first job again, also while its commit is still waiting; with
 *    another body it is a conflict.
 * J2 A job in the scope of a run is made only while that run goes on. Whether it does is looked at in the turn in which the
 *    job is made, so the log has the job before the end of the run or not at all: `job-scope.ts` finds them all.
 * Size: every question about jobs, side by side.
 */
import { hash } from 'node:crypto';
import { runState } from '../../machines/run/aggregate.ts';
import { endedRunStates } from '../../machines/run/machine.ts';
import {
  type EnqueueMessage,
  type EnqueueReply,
  isEndedJob,
  type JobMessage,
  type JobReply,
  type JobState,
  jobSchema,
} from '../../messages/job.ts';
import type { RequestMessage } from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import { RemoteError } from '../../messaging/errors.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { isRunStream, JOB_IDS } from '../../projections/projection.ts';
import { canonicalJson, checkValue, type JsonObject } from '../../workflow/value.ts';
import {
  InvalidMessage,
  JobNotFound,
  LogReopening,
  Overloaded,
  RunConflict,
  RunNotFound,
  Unavailable,
} from '../host/errors.ts';
import { readCreated } from '../host/load.ts';
import { newRun } from '../host/new-run.ts';
import type { RunHost } from '../host/run-host.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime, Outcome } from '../host/runtime.ts';
import { isStarted } from './intake.ts';
import { listJobs } from './job-list.ts';
import { planJob } from './job-plan.ts';
import { findJob, jobKey, readJob } from './job-view.ts';
import { JobWaiters } from './job-waiters.ts';
import type { RunOwner } from './live-runs.ts';
import type { Planned, Planner } from './planner.ts';
import type { Projector } from './projector.ts';
import { refuse } from './refuse.ts';
import { checkStored } from './stored-blobs.ts';

export interface JobsOptions {
  runtime: HostRuntime;
  table: RunTable;
  planner: Planner;
  projector: Projector;
  subjects: Subjects;
}

type MessageOf<Type extends JobMessage['type']> = Extract<JobMessage, { type: Type }>;

interface Enqueued {
  asked: EnqueueMessage;
  /** Of its client. */
  id: string | undefined;
  bodyHash: string;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #waiters: JobWaiters;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#waiters = new JobWaiters(options.runtime);
  }

  /** Answers a message on the subject of jobs. */
  receive(message: BusMessage): void {
    this.#take(message)
      .then((reply) => message.respond(reply as unknown as JsonObject))
      .catch((error: unknown) => refuse(message, error, this.#options.runtime.logger));
  }

  /** Who waits is told to ask again. */
  close(): void {
    this.#waiters.close();
  }

  async #take(message: BusMessage): Promise<object> {
    const parsed = jobSchema.safeParse(message.body());
    if (!parsed.success) throw new InvalidMessage('the job message', parsed.error);
    const asked = parsed.data;
    switch (asked.type) {
      case 'enqueue':
        return this.#enqueue(asked, message);
      case 'get':
        return this.#read(asked.jobId);
      case 'wait':
        return this.#wait(asked);
      case 'cancel':
        return this.#cancel(asked, message);
      case 'list':
        return listJobs(this.#options.runtime.log, this.#options.projector, asked);
    }
  }

  /** Throws `job.not-found`. */
  async #read(id: string): Promise<JobReply> {
    const job = await readJob(this.#options.runtime.log, id);
    if (job === undefined) throw new JobNotFound(id);
    return job;
  }

  async #wait({ jobId: id, timeout }: MessageOf<'wait'>): Promise<JobReply> {
    const jobId = findJob(this.#options.runtime.log, id);
    if (jobId === undefined) throw new JobNotFound(id);
    const wait = this.#waiters.wait(jobId, timeout);
    try {
      const job = await this.#read(jobId);
      if (isEndedJob(job.state)) return job;
      await wait.ended;
    } finally {
      wait.cancel();
    }
    const job = await this.#read(jobId);
    return isEndedJob(job.state) ? job : { ...job, timedOut: true };
  }

  /** Also of one that is canceled already; throws `run.conflict` for one that ended otherwise. */
  async #cancel(asked: MessageOf<'cancel'>, message: BusMessage): Promise<JobReply> {
    const job = await this.#read(asked.jobId);
    if (job.state === 'canceled') return job;
    const { jobId } = job;
    const id = asked.id ?? message.header('Nats-Msg-Id');
    const { reason } = asked;
    const outcome = await new Promise<Outcome>((reply) =>
      this.#options.table.post(jobId, {
        message: { type: 'command', command: { type: 'cancel', reason } },
        causationId: id ?? `cancel/${this.#options.runtime.clock.now()}`,
        actor: { kind: 'client' },
        ...(id === undefined ? {} : { uniqueKey: `command:${jobId}/${id}` }),
        reply,
      }),
    );
    if (outcome.kind === 'rejected') throw new RemoteError(outcome.rejection);
    return this.#read(jobId);
  }

  async #enqueue(asked: EnqueueMessage, message: BusMessage): Promise<EnqueueReply> {
    const { runtime, table, planner } = this.#options;
    checkValue(asked.parameters);
    if (table.isHalted) throw new LogReopening();
    const id = asked.jobId ?? asked.id ?? message.header('Nats-Msg-Id');
    const enqueued: Enqueued = { asked, id, bodyHash: bodyHashOf(asked) };
    const known = id === undefined ? undefined : runtime.log.uniqueOwner(jobKey(id));
    if (known !== undefined) return this.#repeat(enqueued, known);
    planner.requireAgent(asked.agent);
    const planned = planJob(asked);
    if (planned.namesBlobs) await checkStored(runtime.log.blobs, asked.parameters);
    if (runtime.log.isSaturated) throw new Overloaded();
    const { runId } = asked;
    const host =
      runId !== undefined && isRunStream(runId) ? await table.activate(runId) : undefined;
    // From here to the new run nothing is waited for (J2).
    if (runId !== undefined) requireLive(runId, host);
    const { tenant = host?.run?.header.tenant, session = host?.run?.header.session } = asked;
    runtime.liveRuns.check({ tenant, session, name: planned.definition.name });
    const { jobId, outcome } = this.#create(
      { ...enqueued, owner: { tenant, session } },
      { planned, trace: message.header('traceparent') },
    );
    return this.#created(enqueued, jobId, await outcome);
  }

  #create(
    { asked, id, bodyHash, owner }: Enqueued & { owner: RunOwner },
    { planned, trace }: { planned: Planned; trace: string | undefined },
  ): { jobId: string; outcome: Promise<Outcome> } {
    const { runtime, table } = this.#options;
    const { log, clock, ids } = runtime;
    const now = clock.now();
    const jobId = ids.runId(now).replace('run_', JOB_IDS);
    const request = requestOf(asked, owner, now);
    const isNow = isStarted(request, now);
    const correlationId = id ?? ids.id('req', now);
    const birth = newRun({
      ...{ log, request, requestId: undefined, planned, runId: jobId, now, correlationId, trace },
      job: originOf(asked, bodyHash),
      jobKey: id === undefined ? undefined : jobKey(id),
    });
    const outcome = new Promise<Outcome>((reply) =>
      table.create(jobId, {
        ...birth,
        delivery: {
          message: isNow ? { type: 'command', command: { type: 'start' } } : { type: 'proceed' },
          causationId: correlationId,
          actor: { kind: 'client' },
          ...(trace === undefined ? {} : { trace }),
          reply,
        },
      }),
    );
    return { jobId, outcome };
  }

  /** The same id may have become a job while this one was being decided. */
  async #created(enqueued: Enqueued, jobId: string, outcome: Outcome): Promise<EnqueueReply> {
    const { id } = enqueued;
    if (outcome.kind === 'done') {
      const { position } = outcome;
      return this.#reply({ jobId, state: firstState(outcome), position }, id);
    }
    const { log } = this.#options.runtime;
    const first = id === undefined ? undefined : log.uniqueOwner(jobKey(id));
    if (outcome.rejection.code !== 'log.unique-key-taken' || first === undefined)
      throw new RemoteError(outcome.rejection);
    return this.#repeat(enqueued, first);
  }

  /** The first job of an id, once it is durable. */
  async #repeat({ id, bodyHash }: Enqueued, jobId: string): Promise<EnqueueReply> {
    const { log } = this.#options.runtime;
    await log.flush();
    const created = await readCreated(log, jobId);
    if (created.job?.hash !== bodyHash) {
      throw new RunConflict(`the job id "${id}" was used with another body`, {
        hint: 'Use a new id for a new job.',
        details: { id, jobId },
      });
    }
    const { state } = await this.#read(jobId);
    const reply = this.#reply({ jobId, state, position: log.durablePosition }, id);
    return { ...reply, repeated: true };
  }

  #reply(
    job: { jobId: string; state: JobState; position: number },
    id: string | undefined,
  ): EnqueueReply {
    const { jobId, state, position } = job;
    return {
      jobId,
      ...(id === undefined ? {} : { id }),
      state,
      events: this.#options.subjects.runEvents(jobId),
      position,
      idempotent: id !== undefined,
    };
  }
}

/** Versions of the first commit: created, started, the task scheduled, and its attempt started where there was a place. */
const FIRST_ATTEMPT_VERSION = 4;

/** The state of a job after its first commit. */
function firstState({ status, streamVersion }: Extract<Outcome, { kind: 'done' }>): JobState {
  if (status === 'pending') return 'scheduled';
  return streamVersion < FIRST_ATTEMPT_VERSION ? 'queued' : 'running';
}

/** The run of the job, as a request for it would be. */
function requestOf(
  { priority, runAt, delay }: EnqueueMessage,
  { tenant, session }: RunOwner,
  now: number,
): RequestMessage {
  const startAt = delay === undefined ? runAt : now + delay;
  return {
    ...{ start: true, dryRun: false },
    ...(priority === undefined ? {} : { priority }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(session === undefined ? {} : { session }),
  };
}

/** What `run.created` says of the job. */
function originOf({ agent, maxRetries, jobId, runId }: EnqueueMessage, bodyHash: string) {
  return {
    ...{ agent, maxRetries, hash: bodyHash },
    ...(jobId === undefined ? {} : { id: jobId }),
    ...(runId === undefined ? {} : { run: runId }),
  };
}

/** Throws `run.not-found`, `unavailable`, and `run.conflict` where the run has ended or is about to. */
function requireLive(runId: string, host: RunHost | undefined): void {
  if (host === undefined) throw new RunNotFound(runId);
  if (host.run === undefined && host.quarantine === undefined)
    throw new Unavailable(runId, 'it has left memory meanwhile');
  const status = host.run === undefined ? 'running' : runState(host.run);
  if (!endedRunStates.has(status) && status !== 'canceling') return;
  throw new RunConflict(`the run ${runId} takes no jobs any more: it is ${status}`, {
    hint: 'Leave `runId` out, or name a run that goes on.',
    details: { runId, status },
  });
}

/** Of everything in the message but its id. */
function bodyHashOf(asked: EnqueueMessage): string {
  const { jobId: _, id: __, ...body } = asked;
  return hash('sha256', canonicalJson(body as unknown as JsonObject));
}
