/**
 * Threads that read, parse and count, so that the worker goes on answering while they do.
 *
 * T1 A thread has one job at a time; jobs wait in order, canceled ones leave at once.
 * T2 A job that is canceled, as an attempt out of time is, ends its thread: nothing else stops a parser. The next job
 *    gets a new one.
 * T3 Threads without a job do not keep the process alive.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { AgentContext } from '../../agent.ts';
import { AgentFailure } from '../../errors.ts';
import { failure } from './source-file.ts';
import type { Answers, Job, Reply } from './thread-jobs.ts';

/** More threads than this only wait for the disk. */
const MAX_THREADS = 4;
const MAX_THREAD_MEMORY_MB = 2_048;

interface Waiting {
  job: Job;
  start(worker: Worker): void;
}

const idle: Worker[] = [];
const waiting: Waiting[] = [];
let busy = 0;

/** Runs a job in a thread. Rejects with what the job failed with, and with the signal's reason when it aborts. */
export async function inThread<Type extends Job['type']>(
  job: Extract<Job, { type: Type }>,
  { signal }: Pick<AgentContext, 'signal'>,
): Promise<Answers[Type]> {
  signal.throwIfAborted();
  const worker = await takeWorker(job, signal);
  // It may have aborted in the turn in which the thread was given; `ask` would never hear of it.
  if (signal.aborted) giveBack(worker);
  signal.throwIfAborted();
  let reply: Reply;
  try {
    reply = await ask(worker, job, signal);
  } catch (error) {
    drop(worker);
    throw error;
  }
  giveBack(worker);
  if ('failure' in reply) throw new AgentFailure(reply.failure);
  return reply.value as Answers[Type];
}

function takeWorker(job: Job, signal: AbortSignal): Promise<Worker> {
  const free = idle.pop();
  const limit = Math.min(MAX_THREADS, Math.max(1, availableParallelism()));
  if (free !== undefined || busy < limit) {
    busy += 1;
    return Promise.resolve(free ?? startWorker());
  }
  return new Promise((resolve, reject) => {
    const entry: Waiting = {
      job,
      start(worker) {
        signal.removeEventListener('abort', leave);
        resolve(worker);
      },
    };
    const leave = (): void => {
      waiting.splice(waiting.indexOf(entry), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(entry);
  });
}

function startWorker(): Worker {
  const source = new URL('./thread.ts', import.meta.url);
  // A package holds `.js` where a checkout has `.ts`; the ending is that of this file.
  const file = import.meta.url.endsWith('.ts') ? source : source.href.replace(/ts$/, 'js');
  const worker = new Worker(new URL(file), {
    resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_MEMORY_MB },
  });
  worker.unref();
  return worker;
}

function ask(worker: Worker, job: Job, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onMessage = (reply: Reply): void => settle(() => resolve(reply));
    const onError = (error: Error): void => settle(() => reject(crashed(job, error)));
    const onExit = (): void => settle(() => reject(crashed(job, new Error('it ended'))));
    const onAbort = (): void => settle(() => reject(signal.reason));
    const settle = (end: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      worker.unref();
      end();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.ref();
    worker.postMessage(job);
  });
}

function giveBack(worker: Worker): void {
  const next = waiting.shift();
  if (next !== undefined) {
    next.start(worker);
    return;
  }
  busy -= 1;
  idle.push(worker);
}

/** Ends a thread; what waits gets a new one. */
function drop(worker: Worker): void {
  worker.on('error', () => undefined); // It is ended on purpose; what it still says concerns nobody.
  void worker.terminate();
  const next = waiting.shift();
  if (next === undefined) busy -= 1;
  else next.start(startWorker());
}

function crashed(job: Job, error: Error): AgentFailure {
  return failure('file.analysis-failed', `${nameOf(job)}: the thread failed (${error.message}).`);
}

function nameOf(job: Job): string {
  if (job.type === 'analyze' || job.type === 'search') return job.files.slice(0, 3).join(', ');
  return job.type;
}
