/**
 * After a restart: which runs live, what is owed, and who still has it.
 *
 * R1 The index of live runs is trusted only once its projection has caught up with the end of the log.
 * R2 Workers are asked once for each attempt, and again only where this process itself came too late to read their answers;
 *    only what no worker holds or has finished is dispatched, under the same number and key.
 * R3 Attempt timeouts that fell due while nothing ran wait for the probe; every other timer fires at once.
 * R4 Of many runs those that only wait leave memory again, their timers armed: a start holds no more than the work.
 */
import type { DocumentPage, EventLog } from '../../log/event-log.ts';
import { type AttemptRef, type ProbeReply, probeReplySchema } from '../../messages/execution.ts';
import type { Bus } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { throughOutages } from '../../messaging/through-outages.ts';
import type { RunRecord } from '../../projections/runs.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { RunTable } from '../host/run-table.ts';
import { attemptKey } from './attempts.ts';
import type { Clock } from './clock.ts';

/** Workers answer a probe within this time. */
const PROBE_MS = 200;
/** How long a start waits for workers that were there first: that long for their names, and again for what they hold. */
const BRIEF_MS = 100;
/** A probe that took this much longer than it should: answers may have come that nobody was there to read. */
const LATE_MS = 100;
const MAX_PROBES = 3;
/** Attempts asked for in one message. */
const PROBE_BATCH = 2_000;
const PAGE = 500;
/** Runs that are loaded before somebody looks whether it is time to probe. */
const ACTIVATION_BATCH = 32;
/** Runs that stay in memory although they owe nothing but timers; of more, those leave at once. */
const MAX_KEPT = 1_000;
const PROBE_EVERY_MS = 50;

/**
 * Loads the runs that have not ended, and begins a `probe` for what the first ones owe while the others are loaded.
 * Returns the probes, which the caller awaits. The projection `runs` must be level with the log.
 * A run that only waits for its start is not loaded: `awaitStart` is told of it.
 */
export async function activateLiveRuns(parts: {
  log: EventLog;
  clock: Clock;
  table: Pick<RunTable, 'activateAll' | 'passivate' | 'size'>;
  probe: () => Promise<void>;
  awaitStart: (run: RunRecord, startAt: number) => void;
}): Promise<Promise<void>[]> {
  const { log, clock, table } = parts;
  const live: string[] = [];
  for await (const { key, document } of documentsOf(log, { projection: 'runs', index: 'live' })) {
    const record = document as RunRecord;
    if (record.status === 'pending' && record.startAt !== undefined)
      parts.awaitStart(record, record.startAt);
    else live.push(key);
  }
  const probes: Promise<void>[] = [];
  let probedAt = clock.now();
  for (let start = 0; start < live.length; start += ACTIVATION_BATCH) {
    await table.activateAll(live.slice(start, start + ACTIVATION_BATCH));
    const isLast = start + ACTIVATION_BATCH >= live.length;
    const now = clock.now();
    if (table.size > MAX_KEPT) {
      // What a loaded run owes starts once everything before it is durable.
      await log.flush();
      table.passivate({ idleMs: -1, now });
    }
    if (!isLast && now - probedAt < PROBE_EVERY_MS) continue;
    probedAt = now;
    // What a loaded run had to record (a timer that was due) is durable before what it owes is asked for.
    await log.flush();
    const probe = parts.probe();
    probe.catch(() => undefined); // whoever awaits the probes has the error
    probes.push(probe);
  }
  return probes;
}

/** Names of all agents that the log knows. */
export async function knownAgents(log: EventLog): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of documentsOf(log, { projection: 'agents' })) names.push(key);
  return names;
}

async function* documentsOf(
  log: EventLog,
  query: { projection: string; index?: string },
): AsyncGenerator<DocumentPage['documents'][number]> {
  const index = query.index === undefined ? {} : { index: query.index };
  for (let after: string | undefined; ; ) {
    const page = await log.documents.list(query.projection, {
      ...index,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.documents;
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** Asks all workers of the agents which of the attempts they hold or have finished. */
export async function probeWorkers(
  bus: Bus,
  subjects: Subjects,
  question: {
    owed: readonly { ref: AttemptRef; agent: string }[];
    agents?: readonly string[];
    /** Default: 200. */
    timeoutMs?: number;
    /** Tells of a probe that came late itself. */
    clock: Pick<Clock, 'now'>;
  },
): Promise<{ replies: ProbeReply[]; taken: Set<string> }> {
  const byAgent = new Map<string, AttemptRef[]>(
    (question.agents ?? []).map((agent) => [agent, []]),
  );
  for (const { ref, agent } of question.owed) {
    const refs = byAgent.get(agent);
    if (refs === undefined) byAgent.set(agent, [ref]);
    else refs.push(ref);
  }
  const { timeoutMs = PROBE_MS, clock } = question;
  const asked = [...byAgent].flatMap(([agent, refs]) =>
    batches(refs).map((attempts) =>
      throughOutages(bus, () =>
        inTime({ clock, timeoutMs }, () => ask(bus, subjects, { agent, attempts, timeoutMs })),
      ),
    ),
  );
  const replies = (await Promise.all(asked)).flat();
  const taken = new Set<string>();
  for (const { attempts, finished } of replies) {
    for (const ref of [...attempts, ...finished]) taken.add(attemptKey(ref));
  }
  return { replies, taken };
}

function batches(refs: readonly AttemptRef[]): AttemptRef[][] {
  if (refs.length === 0) return [[]];
  const list: AttemptRef[][] = [];
  for (let start = 0; start < refs.length; start += PROBE_BATCH)
    list.push(refs.slice(start, start + PROBE_BATCH));
  return list;
}

/** All that was answered; asks again after a probe that was late itself. */
async function inTime<Reply>(
  { clock, timeoutMs }: { clock: Pick<Clock, 'now'>; timeoutMs: number },
  probe: () => Promise<Reply[]>,
): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let tries = 1; ; tries += 1) {
    const askedAt = clock.now();
    replies.push(...(await probe()));
    const tookMs = clock.now() - askedAt;
    if (tookMs <= timeoutMs + LATE_MS || tries === MAX_PROBES) return replies;
  }
}

async function ask(
  bus: Bus,
  subjects: Subjects,
  { agent, attempts, timeoutMs }: { agent: string; attempts: AttemptRef[]; timeoutMs: number },
): Promise<ProbeReply[]> {
  const body = { attempts } as unknown as JsonObject;
  const messages = await bus.requestMany(subjects.agentProbe(agent), body, { timeoutMs });
  return messages.flatMap((message) => {
    const parsed = probeReplySchema.safeParse(message.body());
    return parsed.success ? [parsed.data] : [];
  });
}

/** What our workers register each agent as; see `agents/worker-presence.ts`. */
const SERVICE_PREFIX = 'troupe-agent-';

/**
 * What the workers say that registered as NATS services before this process came; `brief` takes at most 200 ms of time
 * in which this process could read the answers.
 */
export async function greetWorkers(
  bus: Bus,
  subjects: Subjects,
  { patience, clock }: { patience: 'brief' | 'full'; clock: Pick<Clock, 'now'> },
): Promise<ProbeReply[]> {
  const timeoutMs = patience === 'brief' ? BRIEF_MS : PROBE_MS;
  const agents = await inTime({ clock, timeoutMs }, () => findAgents(bus, timeoutMs));
  const question = { owed: [], agents: [...new Set(agents)], timeoutMs, clock };
  return (await probeWorkers(bus, subjects, question)).replies;
}

/** Names of the agents that registered as NATS services (ADR-32). */
async function findAgents(bus: Bus, timeoutMs: number): Promise<string[]> {
  const messages = await bus.requestMany('$SRV.PING', {}, { timeoutMs });
  const names = messages.map((message) => (message.body() as { name?: unknown } | null)?.name);
  const agents = names.flatMap((name) =>
    typeof name === 'string' && name.startsWith(SERVICE_PREFIX)
      ? [name.slice(SERVICE_PREFIX.length)]
      : [],
  );
  return [...new Set(agents)];
}
