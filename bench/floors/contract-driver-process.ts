/**
 * The contract floor: everything that the contracts ask of an orchestrator for these loads, and nothing else.
 *
 * It takes requests, records every event in the same log with group commit and fsync, replies, dispatches,
 * acknowledges results and publishes the feed only when the commit is durable, parses every body with the same
 * schemas, folds one projection and stores its documents. What comes next it reads from a counter: there are no machines, no deciders,
 * no expressions, no timers, no admission, no loss, no cancellation and no recovery.
 */
import { connect, createInbox, type Msg } from 'nats';
import { systemIds } from '../../src/actors/services/ids.ts';
import { event, type RunEvent, upcast } from '../../src/events/catalogue.ts';
import { type Commit, envelopeOf } from '../../src/events/envelope.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import {
  acceptedSchema,
  type ExecutionRequest,
  resultSchema,
} from '../../src/messages/execution.ts';
import { requestSchema } from '../../src/messages/request.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { createSubjects, queueNames } from '../../src/messaging/subjects.ts';
import { projectedEvent } from '../../src/projections/projection.ts';
import { type RunRecord, runs as runsProjection } from '../../src/projections/runs.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { childOptions, serveParent } from '../child-process.ts';
import type { ServingOptions } from '../system.ts';
import { type FloorPlan, FloorPlans } from './plans.ts';
import { DurableQueue } from './release.ts';
import { connectTo, decode, encode } from './wire.ts';

/** Of a fan-out: the same window as the workload's. */
const WINDOW = 500;
const RUN_TIMEOUT_MS = 3_600_000;
/** What is known of accepted steps is forgotten beyond so many. */
const MAX_ACCEPTED = 10_000;
const MAX_COMMIT_EVENTS = 1_000;

interface FloorRun {
  id: string;
  plan: FloorPlan;
  requestId: string;
  version: number;
  /** The next step to start, and how many have ended. */
  next: number;
  ended: number;
  /** When each step started, and when the whole run is out of time. */
  startedAt: number[];
  dueAt: number;
}

const { directory, url: serverUrl, port } = childOptions<ServingOptions>();
const subjects = createSubjects();
const log = await openLevelLog({ directory, durability: 'fsync', upcast });
const broker = serverUrl === undefined ? await startBroker({ port: port ?? 0 }) : undefined;
const connection = await connectTo(connect, broker?.url ?? (serverUrl as string));
const inbox = createInbox();
const runs = new Map<string, FloorRun>();
const documents = new Map<string, RunRecord | undefined>();
const changed = new Set<string>();
const STORE_MS = 250;
let isClosed = false;
let storing = Promise.resolve();
setTimeout(storeSoon, STORE_MS);
const waiting = new DurableQueue();
const plans = new FloorPlans();
/** What is dispatched and not accepted. */
const offered = new Map<string, ExecutionRequest>();
const acceptedBy = new Map<string, string>();
let offerSequence = 0;

log.onDurable((commits) => {
  // What somebody waits for goes first.
  waiting.release((commits.at(-1) as Commit).position);
  for (const commit of commits) publishAndFold(commit);
});
connection.subscribe(`${inbox}.*`, { callback: (_, message) => takeAcceptance(message) });
connection.subscribe(subjects.request(), {
  queue: queueNames.orchestrators,
  callback: (_, message) => takeRequest(message),
});
connection.subscribe(subjects.anyTaskResult(), { callback: (_, message) => takeResult(message) });
await connection.flush();

serveParent(
  {},
  {
    close: async () => {
      isClosed = true;
      await storing;
      await connection.close();
      await log.close();
      await broker?.close();
    },
  },
);

function storeSoon(): void {
  if (!isClosed) storing = storeDocuments();
}

/** As the projector does it: what changed is stored together, with a checkpoint, a few times a second. */
async function storeDocuments(): Promise<void> {
  const puts = [...changed].flatMap((key) => {
    const document = documents.get(key);
    return document === undefined
      ? []
      : [{ key, document: document as unknown as JsonObject, indexes: [], oldIndexes: [] }];
  });
  changed.clear();
  const checkpoint = { position: log.durablePosition, hash: 'floor' };
  if (puts.length > 0) await log.documents.write('runs', { puts, deletes: [], checkpoint });
  if (!isClosed) setTimeout(storeSoon, STORE_MS);
}

function publishAndFold(commit: Commit): void {
  const subject = subjects.runEvents(commit.stream);
  for (let index = 0; index < commit.events.length; index += 1) {
    connection.publish(subject, encode(envelopeOf(commit, index)));
    const folded = projectedEvent(commit, index);
    changed.add(commit.stream);
    documents.set(
      commit.stream,
      runsProjection.fold(documents.get(commit.stream), folded, commit.stream),
    );
  }
}

function takeRequest(message: Msg): void {
  const request = requestSchema.parse(decode(message.data));
  const plan = plans.planOf(request);
  if (request.dryRun) {
    message.respond(encode({ dryRun: true }));
    return;
  }
  const requestId = request.requestId as string;
  const now = Date.now();
  const id = systemIds.runId(now);
  const run: FloorRun = {
    id,
    plan,
    requestId,
    version: 0,
    next: 0,
    ended: 0,
    ...{ dueAt: now + RUN_TIMEOUT_MS, startedAt: [] },
  };
  runs.set(id, run);
  const created = event('run.created', {
    runId: id,
    name: plan.definition.name,
    definition: plan.definition,
    definitionHash: plan.hash,
    inputs: request.input ?? {},
    priority: 'normal',
    start: true,
    requestId,
  });
  const { events, requests } = startSteps(run, plan.isChain ? 1 : WINDOW);
  const { position } = append(run, {
    events: [created, event('run.started', { dueAt: run.dueAt }), ...events],
    causationId: requestId,
    actor: { kind: 'client' },
    unique: [`request:${requestId}`],
  });
  waiting.add(position, () => {
    const workflow = plan.definition.name;
    const reply = { runId: id, events: subjects.runEvents(id), workflow, plan: plan.tasks };
    message.respond(encode({ ...reply, position, idempotent: true }));
    for (const each of requests) dispatch(each);
  });
}

function takeResult(message: Msg): void {
  const result = resultSchema.parse(decode(message.data));
  const address = subjects.parseTask(message.subject);
  const run = address === undefined ? undefined : runs.get(address.runId);
  if (run === undefined || address === undefined || result.status !== 'succeeded') {
    throw new Error('the floor was sent something else than a success');
  }
  const taskId = address.activation;
  const index = run.plan.indexOf(taskId);
  const now = Date.now();
  const succeeded = event('task.succeeded', {
    ...run.plan.identity(index),
    attempt: result.attempt,
    agent: run.plan.agentOf(index),
    ...(result.worker === undefined ? {} : { worker: result.worker }),
    startedAt: run.startedAt[index] ?? now,
    output: result.output,
  });
  run.ended += 1;
  const { events, requests } = startSteps(run, 1);
  const { position } = append(run, {
    events: [succeeded, ...events, ...endOf(run)],
    causationId: `${run.id}/${taskId}/${result.attempt}`,
    actor: result.worker === undefined ? { kind: 'agent' } : { kind: 'agent', id: result.worker },
  });
  waiting.add(position, () => {
    message.respond(encode({ ack: true }));
    for (const each of requests) dispatch(each);
  });
}

function endOf(run: FloorRun): RunEvent[] {
  if (run.ended < run.plan.steps) return [];
  runs.delete(run.id);
  return [
    event('run.succeeded', {
      name: run.plan.definition.name,
      startedAt: run.dueAt - RUN_TIMEOUT_MS,
      output: null,
    }),
  ];
}

function startSteps(
  run: FloorRun,
  count: number,
): { events: RunEvent[]; requests: ExecutionRequest[] } {
  const events: RunEvent[] = [];
  const requests: ExecutionRequest[] = [];
  for (let left = Math.min(count, run.plan.steps - run.next); left > 0; left -= 1) {
    const index = run.next++;
    const identity = run.plan.identity(index);
    const agent = run.plan.agentOf(index);
    const parameters = run.plan.parametersOf(index);
    run.startedAt[index] = Date.now();
    events.push(event('task.scheduled', { ...identity, attempt: 1 }));
    events.push(
      event('task.started', { ...identity, attempt: 1, agent, rule: 'named', parameters }),
    );
    requests.push({
      runId: run.id,
      taskId: identity.taskId,
      attempt: 1,
      key: `${run.id}/${identity.taskId}/1`,
      agent,
      parameters,
      context: {
        workflow: run.plan.definition.name,
        task: identity.definitionTaskId ?? identity.taskId,
        correlationId: run.requestId,
      },
      deadline: run.dueAt,
      result: subjects.taskResult(run.id, identity.taskId),
      progress: subjects.taskProgress(run.id, identity.taskId),
      logId: log.logId,
    });
  }
  return { events, requests };
}

/** At most 1,000 events a commit: a window of 500 starts with a few more. */
function append(
  run: FloorRun,
  part: Pick<Parameters<typeof log.append>[0], 'events' | 'causationId' | 'actor' | 'unique'>,
): Commit {
  const limit = MAX_COMMIT_EVENTS;
  let commit: Commit | undefined;
  for (let from = 0; from < part.events.length; from += limit) {
    const { unique, ...rest } = part;
    const events = part.events.slice(from, from + limit);
    commit = log.append({
      ...rest,
      ...(from > 0 || unique === undefined ? {} : { unique }),
      stream: run.id,
      expectedVersion: run.version,
      events,
      at: Date.now(),
      correlationId: run.requestId,
    });
    run.version += events.length;
  }
  return commit as Commit;
}

function dispatch(request: ExecutionRequest): void {
  const reply = `${inbox}.${offerSequence++}`;
  offered.set(reply, request);
  connection.publish(subjects.agentInvoke(request.agent), encode(request), { reply });
}

function takeAcceptance(message: Msg): void {
  const request = offered.get(message.subject);
  offered.delete(message.subject);
  if (message.data.length === 0 || request === undefined) throw new Error('nobody took a step');
  const { worker } = acceptedSchema.parse(decode(message.data));
  acceptedBy.set(request.key, worker);
  if (acceptedBy.size > MAX_ACCEPTED) acceptedBy.clear();
}
