/**
 * Jobs: single tasks for an agent, without a workflow. `client.jobs`.
 *
 * Q1 Waiting survives lost messages, reconnects and restarts of the orchestrator: who is not answered asks again, and the
 *    end of the job is also heard on its feed.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { JsonEnvelope } from '../events/envelope.ts';
import {
  type EnqueueReply,
  isEndedJob,
  type JobListReply,
  type JobReply,
  type jobSchema,
} from '../messages/job.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import { checkValue, isKeptValue, type JsonObject, MAX_BODY_DEPTH } from '../workflow/value.ts';
import { type AskOptions, ask, isPassing, pause } from './ask.ts';
import { getBlob } from './blob-transfer.ts';
import { UnexpectedReplyError } from './errors.ts';
import { isTerminalEvent } from './follow-run.ts';

type InputOf<Type extends z.input<typeof jobSchema>['type']> = Omit<
  Extract<z.input<typeof jobSchema>, { type: Type }>,
  'type'
>;
/** What is asked for: `agent`, and what the defaults are not right for. `jobId` is an id of your own. */
export type JobInput = InputOf<'enqueue'>;
export type JobFilter = InputOf<'list'>;

/** How long one question waits for its answer; then it is asked again. */
const CHUNK_MS = 25_000;
/** How much later than the orchestrator's answer its absence is noticed. */
const GRACE_MS = 5_000;
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1_000;

/** Rejects like the methods of `Client`, and with `job.not-found`. */
export class Jobs {
  readonly #bus: Bus;
  readonly #subjects: Subjects;

  constructor(options: { bus: Bus; subjects: Subjects }) {
    this.#bus = options.bus;
    this.#subjects = options.subjects;
  }

  /**
   * Enqueues a job, once however often it is sent; resolves when it is durable. Throws `agent.unknown`, `message.invalid`,
   * `payload.too-large`, and `run.conflict` where the id was used for something else or the run of `runId` is over.
   */
  enqueue(job: JobInput, options: AskOptions = {}): Promise<EnqueueReply> {
    const isNamed = job.jobId !== undefined || job.id !== undefined;
    const id = isNamed ? {} : { id: `job_${randomUUID()}` };
    return this.#ask<EnqueueReply>({ type: 'enqueue', ...job, ...id }, 'jobId', options);
  }

  /** The job as it is now. `jobId`: its own, or the one that was given to `enqueue`. */
  async get(jobId: string, options: AskOptions = {}): Promise<JobReply> {
    return this.#whole(await this.#ask<JobReply>({ type: 'get', jobId }, 'state', options));
  }

  /**
   * The job once it has ended, at once where it has. After `timeoutMs` it is the job as it is then, with `timedOut`;
   * without, it waits for as long as it takes.
   */
  async wait(
    jobId: string,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<JobReply> {
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
    const asking = signal === undefined ? {} : { signal };
    const endsAt = performance.now() + timeoutMs;
    // An id of the client's own is not the name of a feed.
    const first = jobId.startsWith('run_') ? undefined : await this.get(jobId, asking);
    if (first !== undefined && isEndedJob(first.state)) return first;
    signal?.throwIfAborted();
    const ownId = first?.jobId ?? jobId;
    const watch = this.#watch(ownId, signal);
    try {
      let job = first;
      for (let pauseMs = FIRST_PAUSE_MS; ; ) {
        const leftMs = endsAt - performance.now();
        if (leftMs <= 0) return overdue(job ?? (await this.get(ownId, asking)));
        const asked = this.#askOnce(ownId, Math.min(leftMs, CHUNK_MS));
        asked.catch(() => undefined); // the feed may be first, and then nobody looks at it
        const answer = await Promise.race([asked, watch.woken]);
        signal?.throwIfAborted();
        if (answer === 'woken') return await this.get(ownId, asking);
        if (answer === 'away') {
          await pause(pauseMs, signal);
          pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
          continue;
        }
        pauseMs = FIRST_PAUSE_MS;
        job = answer;
        if (isEndedJob(job.state)) return await this.#whole(job);
      }
    } finally {
      await watch.stop();
    }
  }

  /** Asks for its end; resolves to the job after it. Throws `run.conflict` for one that ended otherwise. */
  cancel(jobId: string, options: AskOptions & { reason?: string } = {}): Promise<JobReply> {
    const { reason, ...asking } = options;
    const said = reason === undefined ? {} : { reason };
    const message = { type: 'cancel', jobId, id: `cmd_${randomUUID()}`, ...said };
    return this.#ask<JobReply>(message, 'state', asking);
  }

  /** One page of jobs, newest first, by state, agent, run; the next one is `list({..., page: next})`. */
  list(filter: JobFilter = {}, options: AskOptions = {}): Promise<JobListReply> {
    return this.#ask<JobListReply>({ type: 'list', ...filter }, 'jobs', options);
  }

  async #ask<Reply extends object>(
    body: object,
    by: keyof Reply & string,
    options: AskOptions,
  ): Promise<Reply> {
    const subject = this.#subjects.job();
    const reply = await ask({ ...options, bus: this.#bus, subject, body: checkValue(body) });
    return known<Reply>(reply.body(), by, subject);
  }

  /** Waits on the orchestrator; `away` when there was no answer of it. */
  async #askOnce(jobId: string, waitMs: number): Promise<JobReply | 'away'> {
    const subject = this.#subjects.job();
    const body: JsonObject = { type: 'wait', jobId, timeout: `${Math.ceil(waitMs)}ms` };
    try {
      const reply = await this.#bus.request(subject, body, { timeoutMs: waitMs + GRACE_MS });
      return known<JobReply>(reply.body(), 'state', subject);
    } catch (error) {
      if (isPassing(error)) return 'away';
      throw error;
    }
  }

  /** `woken` once the feed shows an end, or the signal is aborted. */
  #watch(jobId: string, signal: AbortSignal | undefined) {
    const { promise: woken, resolve } = Promise.withResolvers<'woken'>();
    const wake = (): void => resolve('woken');
    const subscription = this.#bus.subscribe(this.#subjects.runEvents(jobId), {}, (message) => {
      const event = message.body() as unknown as JsonEnvelope | null;
      if (event !== null && isTerminalEvent(event)) wake();
    });
    signal?.addEventListener('abort', wake, { once: true });
    return {
      woken,
      stop: async (): Promise<void> => {
        signal?.removeEventListener('abort', wake);
        await subscription.stop();
      },
    };
  }

  /** With its output, where that is in a blob. */
  async #whole(job: JobReply): Promise<JobReply> {
    if (!isKeptValue(job.output)) return job;
    const address = { bus: this.#bus, subjects: this.#subjects };
    const bytes = await getBlob(address, job.output, {});
    const text = Buffer.from(bytes).toString('utf8');
    return { ...job, output: checkValue(JSON.parse(text), MAX_BODY_DEPTH) };
  }
}

/** The reply, if it has the field that only such a reply has. Throws `client.unexpected-reply`. */
function known<Reply extends object>(
  body: unknown,
  by: keyof Reply & string,
  subject: string,
): Reply {
  if (typeof body !== 'object' || body === null || !(by in body))
    throw new UnexpectedReplyError(subject, by);
  return body as Reply;
}

function overdue(job: JobReply): JobReply {
  return isEndedJob(job.state) ? job : { ...job, timedOut: true };
}
