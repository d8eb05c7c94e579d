/**
 * A workflow played to its end: a real broker, orchestrator and worker; agents that say what the test tells them, and
 * persons who answer what waits for them. Afterwards its history is verified as `troupe replay --verify` does.
 */
import { readFileSync } from 'node:fs';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { AgentFailure } from '../../src/agents/errors.ts';
import { startWorker } from '../../src/agents/worker.ts';
import type { Reader } from '../../src/cli/reader.ts';
import { type Check, verifyRun } from '../../src/cli/verify-run.ts';
import type { Client } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { type Envelope, envelopesOf, type JsonEnvelope } from '../../src/events/envelope.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { House, subjects } from './house.ts';
import type { Loose } from './troupe.ts';

/** What an agent answers; `nth` counts the calls of this agent from 1. Throw `refusal` to fail. */
export type Role = (parameters: Loose, call: { taskId: string; nth: number }) => JsonValue;

/** What somebody does about a task that waits for an approval or a signal. */
export type Answer = (client: Client, runId: string) => Promise<unknown>;

export interface Scene {
  workflow: string;
  input?: JsonObject;
  roles: Record<string, Role>;
  /** By task; a wait that nobody is named for stays open. */
  answers?: Record<string, Answer>;
}

export interface Played {
  runId: string;
  report: RunReport;
  events: JsonEnvelope[];
  /** What the agents were asked, in order: the agent and its parameters. */
  asked: { agent: string; taskId: string; parameters: Loose }[];
  /** What `replay --verify` found different. */
  differences: Check[];
}

export const approve =
  (task: string, by = 'ann'): Answer =>
  (client, runId) =>
    client.command(runId, { type: 'approve', task, by });
export const reject =
  (task: string): Answer =>
  (client, runId) =>
    client.command(runId, { type: 'reject', task, by: 'ann', comment: 'not like this' });
export const signal =
  (name: string, payload: JsonValue = null): Answer =>
  (client, runId) =>
    client.command(runId, { type: 'signal', name, payload });

/** A failure that no further attempt mends. */
export function refusal(message: string): AgentFailure {
  return new AgentFailure({ code: 'agent.refused', message, retryable: false });
}

/** Plays a workflow until its run has ended. */
async function play(scene: Scene): Promise<Played> {
  const log = createMemoryLog({ upcast });
  const house = await House.open(log);
  const bus = await connectBus({ url: house.broker.url, name: 'worker' });
  const asked: Played['asked'] = [];
  const worker = await startWorker({
    bus,
    subjects,
    agents: [...builtinAgents(), ...cast(scene.roles, asked)],
    concurrency: 16,
  });
  try {
    const { workflow, input = {} } = scene;
    const { runId } = await house.client.request({ workflow, input });
    const events = await follow(house.client, runId, scene.answers ?? {});
    const report = await house.client.waitForRun(runId);
    // Projections follow the log; what is compared has to be as far.
    await house.client.query('runs', { key: runId, after: events.at(-1)?.position ?? 0 });
    const verdict = await verifyRun(readerOf(log, house.client), runId);
    return { runId, report, events, asked, differences: verdict.checks.filter(({ ok }) => !ok) };
  } finally {
    await worker.close();
    await bus.close();
    await house.close();
    await log.close();
  }
}

/** Plays a template that comes with Troupe; its waits between attempts are as short as a test wants them. */
export function playTemplate(name: string, scene: Omit<Scene, 'workflow'>): Promise<Played> {
  const source = readFileSync(new URL(`../../workflows/${name}.yaml`, import.meta.url), 'utf8');
  return play({ workflow: source.replaceAll(/\bdelay: \d+/g, 'delay: 0.01'), ...scene });
}

/** The agents of a scene. */
function cast(roles: Record<string, Role>, asked: Played['asked']) {
  return Object.entries(roles).map(([name, role]) => {
    let nth = 0;
    return functionAgent<JsonObject>({
      name,
      description: `Plays ${name}.`,
      run: (parameters, { task }) => {
        nth += 1;
        asked.push({ agent: name, taskId: task.taskId, parameters });
        return role(parameters, { taskId: task.taskId, nth });
      },
    });
  });
}

/** All events of a run until its end, and an answer to each wait. */
async function follow(
  client: Client,
  runId: string,
  answers: Record<string, Answer>,
): Promise<JsonEnvelope[]> {
  const events: JsonEnvelope[] = [];
  for await (const event of client.events(runId)) {
    events.push(event);
    const { taskId } = event.data as { taskId?: string };
    if (event.type === 'task.waiting') await answers[taskId ?? '']?.(client, runId);
  }
  return events;
}

/** What verification reads from: the log, and the orchestrator that serves it. */
export function readerOf(log: EventLog, client: Client): Reader {
  return {
    where: 'the log of the test',
    client,
    async history(runId) {
      const envelopes: Envelope[] = [];
      for await (const commits of log.readStream(runId))
        envelopes.push(...commits.flatMap((commit) => [...envelopesOf(commit)]));
      return { log, envelopes, origins: [] };
    },
    commits: (runId) => log.readStream(runId),
    blob: (reference) => log.blobs.get(reference),
    query: (name, query) => client.query(name, query),
    close: async () => {},
  };
}

/** `succeeded design`, `started api~0`: what happened to tasks, in order; to the run as `run failed`. */
export function storyOf({ events }: { events: JsonEnvelope[] }): string[] {
  return events.map(({ type, data }) => {
    const { taskId } = data as { taskId?: string };
    const [actor = '', what = ''] = type.split('.');
    return taskId === undefined ? `${actor} ${what}` : `${what} ${taskId}`;
  });
}

/** Throws unless all of it happened, in this order, whatever was between. */
export function expectOrder(played: { events: JsonEnvelope[] }, ...wanted: string[]): void {
  const story = storyOf(played);
  let from = 0;
  for (const each of wanted) {
    const at = story.indexOf(each, from);
    if (at < 0)
      throw new Error(`"${each}" is not after "${story[from - 1] ?? ''}" in\n${story.join('\n')}`);
    from = at + 1;
  }
}
