/**
 * Processes of the benchmark: started, measured from /proc, ended by their pid.
 *
 * P1 Every process that is started here is ended here, or ends itself when its parent is gone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../src/workflow/value.ts';

/** A process of the benchmark that is ready. */
export interface BenchProcess {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: JsonObject;
  /** Sends it something to do; resolves to its answer. One at a time. */
  ask(question: object): Promise<JsonObject>;
  /** Asks it to end, and kills it when it does not; resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
}

export interface ProcessOptions {
  /** File in this folder, e.g. `worker-process.ts`. */
  module: string;
  /** What `childOptions` returns in the process. */
  options: object;
  /** Where its CPU profile is written when it ends. */
  profileDirectory?: string | undefined;
}

const STOP = 'stop';
/** As `bin/troupe` runs: room for what a thousand attempts in flight allocate, so that little of it is kept by mistake. */
const RUNTIME_FLAGS = ['--max-semi-space-size=64'];
/** The cache of compiled modules that `bin/troupe` uses too. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/troupe', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 15_000;

/** Starts a process and resolves when it says that it is ready; rejects when it ends before. */
export async function startProcess(start: ProcessOptions): Promise<BenchProcess> {
  const { module, options, profileDirectory } = start;
  const profile =
    profileDirectory === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${profileDirectory}`];
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), [JSON.stringify(options)], {
    execArgv: [...RUNTIME_FLAGS, ...profile],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    // What a process prints must not mix with the result lines.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  try {
    const ready = await nextMessage(child, { what: module, timeoutMs: READY_TIMEOUT_MS });
    return {
      pid: child.pid as number,
      ready,
      ask: (question) => {
        const answer = nextMessage(child, { what: `the answer of ${module}` });
        child.send(question);
        return answer;
      },
      stop: () => end(child, false),
      kill9: () => end(child, true),
    };
  } catch (error) {
    await end(child, true);
    throw error;
  }
}

function nextMessage(
  child: ChildProcess,
  wait: { what: string; timeoutMs?: number },
): Promise<JsonObject> {
  const timeoutMs = wait.timeoutMs ?? ANSWER_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settled();
    };
    const onMessage = (message: unknown): void => settle(() => resolve(message as JsonObject));
    const onExit = (code: number | null, signal: string | null): void => {
      settle(() => reject(new Error(`${wait.what}: the process ended with ${signal ?? code}`)));
    };
    const timer = setTimeout(() => {
      settle(() => reject(new Error(`${wait.what}: nothing came in ${timeoutMs} ms`)));
    }, timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

function end(child: ChildProcess, atOnce: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    if (atOnce) child.kill('SIGKILL');
    else if (child.connected) child.send(STOP);
  });
}

/** In a process started by `startProcess`: what it was given. */
export function childOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? '{}') as Options;
}

/** What a process does for its parent. */
export interface ChildService {
  close: () => Promise<void>;
  /** Answers a question. */
  answer?: (question: JsonObject) => Promise<JsonObject>;
}

/** In a process started by `startProcess`: says that it is ready, answers, and ends when it is told to. */
export function serveParent(ready: JsonObject, service: ChildService): void {
  const failed = (error: unknown): void => {
    console.error(error);
    process.exit(1);
  };
  process.on('message', (message) => {
    if (message === STOP) service.close().then(() => process.exit(0), failed);
    else service.answer?.(message as JsonObject).then((answer) => process.send?.(answer), failed);
  });
  process.once('disconnect', () => process.exit(0));
  process.send?.(ready);
}
