/** The shell adapter: a command becomes an agent. Argument vectors; a shell only where `shell: true` asks for one. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../../workflow/durations.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Agent, AgentContext } from '../agent.ts';
import { AgentFailure } from '../errors.ts';
import { invalidParameters } from '../run-agent.ts';
import { splitCommand } from './argument-vector.ts';
import { functionAgent } from './function-agent.ts';
import type { Command, CommandResult } from './run-command.ts';

const DEFAULT_MAX_OUTPUT = 1024 * 1024;
const MAX_OUTPUT = 16 * 1024 * 1024;
/** Characters of standard error that a failure repeats. */
const STDERR_TAIL = 2_000;

const duration = z.union([z.number(), z.string()]).transform((value, issues) => {
  const ms = parseDuration(value);
  if (ms !== undefined && ms > 0) return ms;
  issues.addIssue({ code: 'custom', message: 'a duration: seconds, or text such as "30s"' });
  return z.NEVER;
});

const parametersSchema = z.strictObject({
  /** Without `args` split at blanks outside of quotes; with `args` the program alone; with `shell` a script. */
  command: z
    .string()
    .min(1)
    .max(128 * 1024),
  args: z.array(z.string()).max(10_000).optional(),
  /** Relative to the worker's own directory, which is the default. */
  cwd: z.string().min(1).optional(),
  /** Added to the worker's environment; null takes a variable away. */
  env: z.record(z.string(), z.string().nullable()).default({}),
  stdin: z.string().default(''),
  /** When the command is ended: seconds, or a text such as `30s`. */
  timeout: duration.optional(),
  /** Bytes kept of each stream. */
  max_output: z.int().min(0).max(MAX_OUTPUT).default(DEFAULT_MAX_OUTPUT),
  /** True gives `command` to the shell of the system, as it is: quote what you put into it. */
  shell: z.boolean().default(false),
  /** Whether an exit code other than 0 is worth another attempt. */
  retryable: z.boolean().default(false),
  /** What the task was asked in words; commands do not read it. */
  request: z.string().optional(),
});
type Parameters = z.infer<typeof parametersSchema>;

/** A shell agent of one's own: `defaults` are parameters that a task may leave out or override. */
export interface ShellAgentDefinition {
  name: string;
  version?: string;
  description?: string;
  capabilities?: readonly string[];
  concurrency?: number;
  defaults?: JsonObject;
}

/**
 * Makes an agent that runs commands. Its output is `{exitCode, stdout, stderr, truncated, durationMs}`. Failures:
 * `shell.exit` (any other exit code than 0, or a signal; retryable only if `retryable` says so), `shell.timeout`
 * (retryable), `shell.not-found`, `shell.not-executable`, `shell.cwd-not-found`, `shell.spawn`.
 * What a command leaves running in its process group is ended with it.
 */
export function shellAgent(definition: ShellAgentDefinition): Agent {
  const { defaults = {}, ...rest } = definition;
  const schema = z.preprocess(
    (given) => (typeof given === 'object' && given !== null ? { ...defaults, ...given } : given),
    parametersSchema,
  );
  return functionAgent<Parameters>({
    ...rest,
    parameters: schema as unknown as z.ZodType<Parameters>,
    run: async (parameters, context) => report(parameters, await execute(parameters, context)),
  });
}

async function execute(parameters: Parameters, context: AgentContext): Promise<CommandResult> {
  const { runCommand } = await import('./run-command.ts');
  return runCommand(await commandOf(parameters), context);
}

async function commandOf(parameters: Parameters): Promise<Command> {
  const { command, args, shell, stdin, timeout } = parameters;
  if (shell && args !== undefined) {
    throw invalidParameters('args: with shell: true the whole script is in command.');
  }
  const [file = '', ...rest] = shell || args ? [command, ...(args ?? [])] : splitCommand(command);
  if ([file, ...rest].some((part) => part.includes('\0'))) {
    throw invalidParameters('command: an argument cannot hold a NUL character.');
  }
  const cwd = resolve(parameters.cwd ?? '.');
  await checkDirectory(cwd);
  return {
    file,
    args: rest,
    cwd,
    env: environment(parameters.env),
    stdin,
    shell,
    maxOutput: parameters.max_output,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

/** Spawning in a directory that is missing reads like a missing command, so it is looked at before. */
async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  const message = `cwd: ${path} is no directory.`;
  throw new AgentFailure({ code: 'shell.cwd-not-found', message, retryable: false });
}

function environment(changes: Parameters['env']): NodeJS.ProcessEnv {
  const merged: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

function report(parameters: Parameters, result: CommandResult): JsonObject {
  const { exitCode, signal, stdout, stderr, truncated, durationMs } = result;
  if (exitCode === 0) return { exitCode, stdout, stderr, truncated, durationMs };
  const how = signal === null ? `exited with ${exitCode}` : `was ended by ${signal}`;
  const tail = stderr.trimEnd().slice(-STDERR_TAIL).toWellFormed();
  const message = `The command ${how}${tail === '' ? '.' : `: ${tail}`}`;
  throw new AgentFailure(
    { code: 'shell.exit', message, retryable: parameters.retryable },
    { details: { exitCode, signal } },
  );
}
