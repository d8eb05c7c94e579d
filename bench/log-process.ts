/**
 * Builds a log and reads it again, in a process of its own so that its memory and caches are those of nobody else.
 * The histories are copies of one that a real orchestrator recorded.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Level } from 'level';
import { FEED_CURSOR } from '../src/actors/services/feed.ts';
import { Projector } from '../src/actors/services/projector.ts';
import { type RunEvent, upcast } from '../src/events/catalogue.ts';
import type { Commit } from '../src/events/envelope.ts';
import type { EventLog } from '../src/log/event-log.ts';
import { commitRange } from '../src/log/keys.ts';
import { openLevelLog } from '../src/log/level-log.ts';
import { foldedCells } from '../src/machines/cell.ts';
import type { RunAggregate } from '../src/machines/run/aggregate.ts';
import { createAggregate, evolve } from '../src/machines/run/evolve.ts';
import { isRunStream } from '../src/projections/projection.ts';
import type { WorkflowDefinition } from '../src/workflow/definition.ts';
import type { JsonObject } from '../src/workflow/value.ts';
import { serveParent } from './child-process.ts';
import type { BuildAnswer, BuildQuestion } from './workloads/log-messages.ts';
import { recordHistory } from './workloads/recorded-history.ts';

const LONE_COMMITS = 200;
const RAW_BATCH = 1_000;
const MS_PER_SECOND = 1_000;

serveParent(
  {},
  {
    answer: (question) =>
      build(question as unknown as BuildQuestion).then((answer) => ({ ...answer })),
    close: async () => undefined,
  },
);

async function build(question: BuildQuestion): Promise<BuildAnswer & JsonObject> {
  const { directory, liveRuns } = question;
  const history = await recordHistory();
  const log = await openLevelLog({ directory, durability: 'fsync', upcast });
  const half = history.slice(0, Math.ceil(history.length / 2));
  const left = question.events - liveRuns * eventsIn(half);
  const ended = Math.max(1, Math.ceil(left / eventsIn(history)));
  const started = performance.now();
  let events = await write(log, { history, runs: ended, first: 0 });
  events += await write(log, { history: half, runs: liveRuns, first: ended });
  const appendEventsPerSecond = rate(events, started);
  const { readEventsPerSecond, foldEventsPerSecond } = await fold(log);
  const rebuildEventsPerSecond = await rebuild(log, events);
  const commitMs = await commitAlone(log);
  const checkpoint = { position: log.durablePosition, hash: 'feed:1' };
  await log.documents.write(FEED_CURSOR, { puts: [], deletes: [], checkpoint });
  await log.close();
  const rawReadEventsPerSecond = await readRaw(directory, events);
  const rates = { readEventsPerSecond, foldEventsPerSecond, rebuildEventsPerSecond };
  return { events, appendEventsPerSecond, ...rates, rawReadEventsPerSecond, commitMs };
}

function eventsIn(history: readonly Commit[]): number {
  return history.reduce((sum, commit) => sum + commit.events.length, 0);
}

function rate(events: number, startedAt: number): number {
  return (events * MS_PER_SECOND) / (performance.now() - startedAt);
}

/** Appends copies of a history, each to a stream of its own; resolves to the number of events once all are durable. */
async function write(
  log: EventLog,
  options: { history: readonly Commit[]; runs: number; first: number },
): Promise<number> {
  let events = 0;
  for (let index = 0; index < options.runs; index += 1) {
    const runId = `run_${String(options.first + index).padStart(22, '0')}`;
    for (const commit of options.history) {
      if (log.isSaturated) await log.flush();
      log.append(copyOf(commit, runId));
      events += commit.events.length;
    }
  }
  await log.flush();
  return events;
}

function copyOf(commit: Commit, runId: string): Parameters<EventLog['append']>[0] {
  const { firstVersion, at, causationId, actor } = commit;
  const requestId = `req_${runId}`;
  const events = commit.events.map((event) =>
    event.type === 'run.created'
      ? { ...event, data: { ...(event.data as object), runId, requestId } }
      : event,
  );
  return {
    ...{ stream: runId, expectedVersion: firstVersion - 1, events, at, causationId, actor },
    correlationId: requestId,
    ...(firstVersion === 1 ? { unique: [`request:${requestId}`] } : {}),
  };
}

async function fold(
  log: EventLog,
): Promise<Pick<BuildAnswer, 'readEventsPerSecond' | 'foldEventsPerSecond'>> {
  const runs = new Map<string, RunAggregate>();
  let events = 0;
  let foldMs = 0;
  const startedAt = performance.now();
  for await (const commits of log.readAll()) {
    const before = performance.now();
    for (const commit of commits) events += foldCommit(runs, commit);
    foldMs += performance.now() - before;
  }
  const readMs = performance.now() - startedAt - foldMs;
  return {
    readEventsPerSecond: (events * MS_PER_SECOND) / readMs,
    foldEventsPerSecond: (events * MS_PER_SECOND) / foldMs,
  };
}

function foldCommit(runs: Map<string, RunAggregate>, commit: Commit): number {
  if (!isRunStream(commit.stream)) return 0;
  for (const [index, recorded] of commit.events.entries()) {
    const event = recorded as RunEvent;
    const streamVersion = commit.firstVersion + index;
    const run = runs.get(commit.stream);
    if (event.type === 'run.created') {
      const definition = event.data.definition as WorkflowDefinition;
      const envelope = { ...commit, streamVersion };
      runs.set(
        commit.stream,
        createAggregate({ envelope, data: event.data, definition, cells: foldedCells }),
      );
    } else if (run !== undefined) {
      evolve(run, { type: event.type, data: event.data, at: commit.at, streamVersion });
    }
    if (event.type === 'run.succeeded') runs.delete(commit.stream);
  }
  return commit.events.length;
}

async function rebuild(log: EventLog, events: number): Promise<number> {
  const projector = new Projector({ log });
  await projector.open();
  const startedAt = performance.now();
  await projector.catchUp(undefined, log.durablePosition);
  const perSecond = rate(events, startedAt);
  await projector.close();
  return perSecond;
}

/** Commits of three events, one after the other, on a stream that no projection knows. */
async function commitAlone(log: EventLog): Promise<number[]> {
  const event = {
    type: 'context.updated',
    schemaVersion: 1,
    data: { scope: 'bench', key: 'k', value: 1, version: 1 },
  };
  const head = log.streamHead('context_bench')?.version ?? 0;
  const times: number[] = [];
  for (let index = 0; index < LONE_COMMITS; index += 1) {
    const startedAt = performance.now();
    log.append({
      ...{
        stream: 'context_bench',
        expectedVersion: head + index * 3,
        events: [event, event, event],
      },
      ...{
        at: Date.now(),
        correlationId: 'bench',
        causationId: 'bench',
        actor: { kind: 'system' },
      },
    });
    await log.flush();
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function readRaw(directory: string, events: number): Promise<number> {
  const database = new Level<string, Uint8Array>(join(directory, 'log'), { valueEncoding: 'view' });
  if (database.status === 'opening') await once(database, 'open');
  const startedAt = performance.now();
  const { from, below } = commitRange(0, Number.MAX_SAFE_INTEGER - 1);
  const iterator = database.values({ gte: from, lt: below });
  while ((await iterator.nextv(RAW_BATCH)).length > 0);
  await iterator.close();
  const perSecond = rate(events, startedAt);
  await database.close();
  return perSecond;
}
