/**
 * Runs one command to its end, to its timeout or to cancellation.
 *
 * Invariants
 * - R1 Whatever way it ends, its process group is ended too before the result is given: nothing outlives the attempt.
 * - R2 Both output streams are read to their end; what goes over the limit is dropped, so the command never blocks on us.
 */
import type { ChildProcess } from 'node:child_process';
import type { AgentContext } from '../agent.ts';
import { AgentFailure } from '../errors.ts';
import { type CollectedOutput, OutputCollector } from './output-collector.ts';
import { endGroup, spawnGroup } from './process-group.ts';

/** How long streams may stay open after the group has ended (held by a process outside it). */
const DRAIN_MS = 1_000;

/** A command, ready to spawn. Times in milliseconds, `maxOutput` in bytes for each stream. */
export interface Command {
  file: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdin: string;
  shell: boolean;
  maxOutput: number;
  timeoutMs?: number;
}

/** How a command ended: `exitCode` is null when `signal` ended it. */
export interface CommandResult {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
  durationMs: number;
}

/**
 * Resolves when the command has ended by itself, whatever its exit code. Throws `shell.not-found`,
 * `shell.not-executable`, `shell.timeout` (retryable), `shell.spawn`; rejects with the signal's reason when canceled.
 */
export async function runCommand(command: Command, context: AgentContext): Promise<CommandResult> {
  context.signal.throwIfAborted();
  const startedAt = context.now();
  const child = start(command);
  const output = collectOutput(child, command.maxOutput);
  const over = new AbortController();
  const pause = (ms: number): Promise<void> => context.sleep(ms, new AbortController().signal);
  const ended = endOf(child, command);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    feed(child, command.stdin);
    const { exitCode, signal } = await Promise.race([
      ended,
      cancellation(context.signal, over.signal),
      timeout(command, context, over.signal),
    ]);
    const durationMs = context.now() - startedAt;
    await cleanUp({ child, closed, pause });
    const [stdout, stderr] = [output.stdout.collect(), output.stderr.collect()];
    // What was cut off may have been cut within a secret; whoever gets the text cannot see that.
    const told = ({ text, truncated: end }: CollectedOutput): string =>
      context.redact?.(text, { end }) ?? text;
    const truncated = stdout.truncated || stderr.truncated;
    return { exitCode, signal, stdout: told(stdout), stderr: told(stderr), truncated, durationMs };
  } catch (error) {
    await cleanUp({ child, closed, pause });
    throw error;
  } finally {
    over.abort();
  }
}

type Ending = { exitCode: number | null; signal: string | null };

function start(command: Command): ChildProcess {
  const { file, args, cwd, env, shell } = command;
  try {
    return spawnGroup(file, args, { cwd, env, shell });
  } catch (error) {
    throw spawnFailure(error, command);
  }
}

function endOf(child: ChildProcess, command: Command): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(spawnFailure(error, command)));
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

function collectOutput(
  child: ChildProcess,
  limit: number,
): Record<'stdout' | 'stderr', OutputCollector> {
  const stdout = new OutputCollector(limit);
  const stderr = new OutputCollector(limit);
  child.stdout?.on('data', (chunk: Buffer) => stdout.add(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));
  return { stdout, stderr };
}

function feed(child: ChildProcess, text: string): void {
  // A command may end without reading its input; the broken pipe is then no failure.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(text);
}

function cancellation(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over });
  });
}

async function timeout(command: Command, context: AgentContext, over: AbortSignal): Promise<never> {
  const { timeoutMs } = command;
  if (timeoutMs === undefined) return new Promise<never>(() => undefined);
  try {
    await context.sleep(timeoutMs, over);
  } catch {
    return new Promise<never>(() => undefined); // The command ended first.
  }
  const message = `${command.file}: not finished after ${timeoutMs} ms; it and what it started were ended.`;
  throw new AgentFailure({ code: 'shell.timeout', message, retryable: true });
}

async function cleanUp(options: {
  child: ChildProcess;
  closed: Promise<void>;
  pause: (ms: number) => Promise<void>;
}): Promise<void> {
  const { child, closed, pause } = options;
  if (child.pid === undefined) return;
  await endGroup(child.pid, pause);
  await Promise.race([closed, pause(DRAIN_MS)]);
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function spawnFailure(error: unknown, { file }: Command): AgentFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return failure('shell.not-found', `${file}: command not found.`, error);
  if (code === 'EACCES' || code === 'EPERM') {
    return failure('shell.not-executable', `${file}: it may not be executed.`, error);
  }
  return failure('shell.spawn', `${file}: ${message}`, error);
}

function failure(code: string, message: string, cause: unknown): AgentFailure {
  return new AgentFailure({ code, message, retryable: false }, { cause });
}
