/** One event of each type that the machines take, valid by the catalogue, for walks that need no real history. */
import { catalogue, parseEvent } from '../../src/events/catalogue.ts';
import type { FoldEvent } from '../../src/machines/cell.ts';

const error = { code: 'agent.failed', message: 'no', retryable: true };
const task = { taskId: 'a', attempt: 1 };
const escalation = { taskId: 'a', depth: 1 };
const timer = { timerId: 'reminder', kind: 'reminder' };
const usage = { tokens: 1 };
const offer = { agent: 'echo', version: '1.0.0', capabilities: ['test'], worker: 'w1' };
const breaker = { agent: 'echo', successes: 1, failures: 9 };
const schedule = { schedule: 's', dueAt: 1_000 };
const scheduled = {
  ...{ schedule: 's', timing: { every: '1s' }, request: {}, workflow: 'w', hash: 'h' },
  ...{ anchorAt: 1_000, nextDueAt: 2_000, wakeAt: 2_000 },
};
const definition = { version: '1.0', name: 'w', tasks: [] };

const data: Record<string, unknown> = {
  'task.scheduled': task,
  'task.preparing': task,
  'task.started': { ...task, agent: 'echo', rule: 'named', parameters: {}, dueAt: 9_000 },
  'task.reused': { ...task, output: 1, cacheKey: 'k' },
  'task.progressed': { ...task, percent: 50 },
  'task.attemptFailed': { ...task, error },
  'task.retryScheduled': { ...task, rule: 'fixed', dueAt: 5_000 },
  'task.handedOff': { ...task, attempt: 2, agent: 'other', rule: 'fallback' },
  'task.waiting': { ...task, kind: 'timer', dueAt: 7_000 },
  'task.expanded': { ...task, items: [1, 2], count: 2 },
  'task.succeeded': { ...task, output: 1 },
  'task.failed': { ...task, error },
  'task.skipped': { taskId: 'a', reason: 'trigger' },
  'task.cancelRequested': { ...task, reason: 'asked', dueAt: 8_000 },
  'task.cancelAcknowledged': task,
  'task.cancelForced': task,
  'task.canceled': { ...task, reason: 'asked' },
  'task.reset': { ...task, reason: 'again' },
  'task.compensating': task,
  'task.compensated': task,
  'task.compensationFailed': { ...task, error },
  'escalation.requested': { ...escalation, reason: 'too hard' },
  'escalation.routed': { ...escalation, agent: 'senior' },
  'escalation.refused': { ...escalation, reason: 'too deep' },
  'escalation.resolved': { ...escalation, outcome: 'done' },
  'run.created': {
    runId: 'run_1',
    name: 'w',
    definition,
    definitionHash: 'h',
    inputs: {},
    priority: 'normal',
    start: true,
  },
  'run.started': { dueAt: 60_000 },
  'run.paused': { reason: 'asked' },
  'run.resumed': { pausedMs: 10 },
  'run.postponed': { startAt: 90_000, inputs: {} },
  'run.adapted': { patch: {}, definitionHash: 'h' },
  'run.signalReceived': { name: 'go' },
  'run.checkpointed': { label: 'here' },
  'run.cancelRequested': { reason: 'asked' },
  'run.stopping': { error },
  'run.finishing': { outcome: 'failed' },
  'run.compensationStarted': {},
  'run.retried': { reason: 'again' },
  'run.succeeded': { name: 'w', output: null },
  'run.failed': { name: 'w', error },
  'run.canceled': { name: 'w', reason: 'asked' },
  'run.forked': { runId: 'run_2', from: 'run_1', at: 3 },
  'run.spawnProposed': { taskId: 'a', tasks: [] },
  'run.spawnRefused': { taskId: 'a', reason: 'no' },
  'timer.armed': { ...timer, dueAt: 4_000 },
  'timer.fired': timer,
  'timer.disarmed': timer,
  'permission.denied': { taskId: 'a', agent: 'echo', permission: 'exec' },
  'budget.reserved': { ...task, amounts: usage },
  'budget.settled': { ...task, amounts: usage },
  'budget.exhausted': { limit: 'usd', amounts: usage },
  'agent.registered': offer,
  'agent.updated': { ...offer, version: '2.0.0' },
  'agent.drained': { agent: 'echo', reason: 'asked' },
  'agent.lost': { agent: 'echo', worker: 'w1' },
  'agent.recovered': offer,
  'breaker.opened': { ...breaker, dueAt: 3_000 },
  'breaker.halfOpened': breaker,
  'breaker.closed': breaker,
  'schedule.created': scheduled,
  'schedule.changed': scheduled,
  'schedule.fired': { ...schedule, runId: 'run_1', requestId: 'schedule:s/1/t' },
  'schedule.started': { ...schedule, runId: 'run_1' },
  'schedule.startFailed': { ...schedule, error },
  'schedule.skipped': { ...schedule, reason: 'missed', from: 1_000, count: 1 },
  'schedule.queued': { ...schedule, after: 'run_1' },
  'schedule.paused': { schedule: 's', reason: 'asked' },
  'schedule.resumed': { schedule: 's' },
  'schedule.removed': { schedule: 's' },
};

/** The types above that begin with one of the prefixes. */
export function sampleEvents(...prefixes: string[]): FoldEvent[] {
  return Object.keys(data)
    .filter((type) => prefixes.some((prefix) => type.startsWith(prefix)))
    .map((type) => sampleEvent(type));
}

/** Throws when the sample does not fit the catalogue. */
export function sampleEvent(type: string, at = 1_000): FoldEvent {
  const schemaVersion = catalogue.get(type)?.schemaVersion ?? 0;
  const parsed = parseEvent({ type, schemaVersion, data: data[type] });
  return { type, at, data: parsed.data };
}
