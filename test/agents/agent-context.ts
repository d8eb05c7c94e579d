/** Contexts and tasks for trying agents: one on a fake clock, one on the real one (for processes). */
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, AgentContext, AgentOutcome, ProgressUpdate } from '../../src/agents/agent.ts';
import { runAgent } from '../../src/agents/run-agent.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A context whose sleeps take no time; `slept` lists them. */
export function fakeContext(signal = new AbortController().signal) {
  const slept: number[] = [];
  const updates: ProgressUpdate[] = [];
  const context: AgentContext = {
    signal,
    logger: quiet,
    progress: (update) => void updates.push(update),
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    async sleep(ms, own = signal) {
      own.throwIfAborted();
      slept.push(ms);
    },
  };
  return { context, slept, updates };
}

/** A context on the real clock, for agents that run processes. */
export function realContext(signal = new AbortController().signal): AgentContext {
  return {
    signal,
    logger: quiet,
    progress() {},
    now: () => performance.timeOrigin + performance.now(),
    sleep: (ms, own = signal) => delay(ms, undefined, { signal: own }),
  };
}

export interface Attempt {
  attempt?: number;
  context?: AgentContext;
}

/** Runs one attempt as the worker does. */
export function attempt(
  agent: Agent,
  parameters: JsonObject,
  { attempt = 1, context = fakeContext().context }: Attempt = {},
): Promise<AgentOutcome> {
  const task = {
    runId: 'run_1',
    taskId: 'task',
    attempt,
    key: `key-${attempt}`,
    agent: agent.name,
    parameters,
    context: {},
  };
  return runAgent(agent, task, context);
}

/** The output of an attempt that must succeed. */
export async function outputOf<Output = JsonValue>(
  agent: Agent,
  parameters: JsonObject,
  options: Attempt = {},
): Promise<Output> {
  const outcome = await attempt(agent, parameters, options);
  if (outcome.status === 'failed')
    throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.output as Output;
}

/** The failure of an attempt that must fail. */
export async function failureOf(agent: Agent, parameters: JsonObject, options: Attempt = {}) {
  const outcome = await attempt(agent, parameters, options);
  if (outcome.status === 'succeeded') throw new Error('It succeeded.');
  return outcome.error;
}
