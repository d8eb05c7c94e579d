// Size: one test for each projection and event.
import { describe, expect, it } from 'vitest';
import { type AnyEvent, event, parseEvent } from '../../src/events/catalogue.ts';
import { type Commit, envelopeOf } from '../../src/events/envelope.ts';
import { type AgentRecord, agents } from '../../src/projections/agents.ts';
import { bucketOf, emptyHistogram, observe, quantile } from '../../src/projections/histogram.ts';
import { MemoryDocuments } from '../../src/projections/memory-documents.ts';
import { type MetricsRecord, metrics } from '../../src/projections/metrics.ts';
import { type Projection, projectedEvent } from '../../src/projections/projection.ts';
import { projectionHash, projections } from '../../src/projections/registry.ts';
import { runEventKey, runEventOf } from '../../src/projections/run-events.ts';
import { type RunRecord, runs } from '../../src/projections/runs.ts';
import { attemptKey, type StepAttempt, stepAttempts } from '../../src/projections/step-attempts.ts';
import { createdEvent, plannedHistory } from './histories.ts';
import { scheduleHistory } from './schedule-history.ts';

const RUN = 'run_1';

/** One commit an event, ten milliseconds apart. */
function commitsOf(events: readonly AnyEvent[], stream = RUN): Commit[] {
  return events.map((each, index) => ({
    position: index + 1,
    stream,
    firstVersion: index + 1,
    at: 1_000 + index * 10,
    correlationId: 'c',
    causationId: 'm',
    actor: { kind: 'system' },
    events: [parseEvent(each)],
  }));
}

function folded<Document>(
  projection: { name: string },
  events: readonly AnyEvent[],
  key: string,
  stream = RUN,
) {
  const documents = new MemoryDocuments(projection as unknown as Projection);
  for (const commit of commitsOf(events, stream)) documents.fold(projectedEvent(commit, 0));
  return documents.query({ key, limit: 1, reverse: false }).documents[0]?.document as
    | Document
    | undefined;
}

const run = (...events: AnyEvent[]): RunRecord =>
  folded<RunRecord>(runs, [createdEvent(RUN), ...events], RUN) as RunRecord;
const attempt = (number: number, ...events: AnyEvent[]): StepAttempt | undefined =>
  folded<StepAttempt>(stepAttempts, events, attemptKey(RUN, 'find', number));

const failure = { code: 'agent.error', message: 'no', retryable: true };
const task = { taskId: 'find', attempt: 1 };
const byAgent = { ...task, agent: 'echo', worker: 'w1', startedAt: 1_000 };
const started = event('task.started', { ...task, agent: 'echo', rule: 'named', parameters: {} });
const attemptFailed = event('task.attemptFailed', { ...byAgent, error: failure });
const taskFailed = event('task.failed', { ...byAgent, error: failure });
const end = { name: 'review', startedAt: 1_010 };

describe('runs', () => {
  it('counts the tasks of the definition; of hooks their attempts alone', () => {
    const hook = { taskId: 'lock', attempt: 1, hook: 'on_start' };
    const record = run(
      event('task.scheduled', hook),
      event('task.started', { ...hook, agent: 'echo', rule: 'named', parameters: {} }),
      event('task.succeeded', { ...hook, output: null }),
      event('task.scheduled', task),
      started,
      event('task.succeeded', { ...byAgent, output: null }),
    );
    expect(record).toMatchObject({ tasks: { scheduled: 1, succeeded: 1, failed: 0 }, attempts: 2 });
  });

  it('tells when a run began and ended, how long it took, and at which version it is', () => {
    const record = run(event('run.started', {}), event('run.succeeded', { ...end, output: {} }));
    expect(record).toMatchObject({
      status: 'succeeded',
      startedAt: 1_010,
      endedAt: 1_020,
      durationMs: 10,
      streamVersion: 3,
    });
  });

  it('counts the ends of tasks by outcome; a skipped failure is no failure and a round is no end', () => {
    const record = run(
      started,
      event('task.succeeded', { ...byAgent, output: 1, repeats: true }),
      event('task.succeeded', { ...byAgent, taskId: 'find@2', output: 1 }),
      taskFailed,
      event('task.skipped', { taskId: 'find', reason: 'on_failure' }),
    );
    expect(record.tasks).toMatchObject({ succeeded: 1, failed: 0, skipped: 1 });
    expect(record.attempts).toBe(1);
  });

  it('reads quarantined while a quarantine lies over the run, and what lies under it afterwards', () => {
    const quarantined = event('run.quarantined', {
      error: { code: 'defect', message: 'x' },
      streamVersion: 2,
    });
    const held = run(event('run.started', {}), quarantined, event('run.paused', { reason: 'p' }));
    expect(held).toMatchObject({ status: 'quarantined', state: 'paused' });
    expect(
      run(event('run.started', {}), quarantined, event('run.released', { reason: 'r' })).status,
    ).toBe('running');
    expect(run(quarantined, event('run.canceled', { ...end, reason: 'terminated' })).status).toBe(
      'canceled',
    );
  });

  it('is in the index of live runs exactly as long as it has not ended', () => {
    const live = runs.indexes.live as (record: RunRecord, key: string) => string | undefined;
    expect(live(run(event('run.started', {})), RUN)).toBe('000000000001000');
    expect(live(run(event('run.failed', { ...end, error: failure })), RUN)).toBeUndefined();
    expect(
      live(
        run(event('run.failed', { ...end, error: failure }), event('run.retried', { reason: 'r' })),
        RUN,
      ),
    ).toBeDefined();
  });

  it('makes no document of a stream without a beginning', () => {
    expect(folded(runs, [event('run.started', {})], RUN)).toBeUndefined();
  });

  it('counts the own events of a fork only', () => {
    const forked = event('run.forked', { runId: RUN, from: 'run_0', at: 7 });
    expect(folded<RunRecord>(runs, [forked], RUN)).toMatchObject({
      status: 'running',
      forkedFrom: { run: 'run_0', at: 7 },
    });
  });
});

describe('step_attempts', () => {
  it('holds who worked on an attempt, by which rule, since when and how it ended', () => {
    expect(attempt(1, started)).toMatchObject({
      status: 'running',
      agent: 'echo',
      rule: 'named',
      startedAt: 1_000,
    });
    expect(attempt(1, started, attemptFailed, taskFailed)).toMatchObject({
      status: 'failed',
      worker: 'w1',
      endedAt: 1_010,
      durationMs: 10,
      error: failure,
    });
  });

  it('tells a lost attempt from a failed one, and takes its late success', () => {
    const lost = event('task.attemptFailed', {
      ...byAgent,
      error: { ...failure, code: 'worker.lost' },
    });
    expect(attempt(1, started, lost)?.status).toBe('lost');
    const success = event('task.succeeded', { ...byAgent, output: 1 });
    expect(attempt(1, started, lost, success)).toMatchObject({ status: 'succeeded', error: null });
  });

  it('has no document for what no agent worked on', () => {
    expect(
      attempt(1, event('task.scheduled', task), event('task.canceled', { ...task, reason: 'r' })),
    ).toBeUndefined();
  });

  it('makes a document from the end alone where the start is in another stream', () => {
    expect(attempt(1, event('task.canceled', { ...byAgent, reason: 'stop' }))).toMatchObject({
      status: 'canceled',
      agent: 'echo',
      cancelReason: 'stop',
    });
  });
});

describe('agents', () => {
  const echo = (...events: AnyEvent[]) =>
    folded<AgentRecord>(agents, events, 'echo') as AgentRecord;

  it('counts a failed attempt once although its task fails too', () => {
    const record = echo(attemptFailed, taskFailed);
    expect(record).toMatchObject({
      attempts: 1,
      failuresByCode: { 'agent.error': 1 },
      lastWorker: 'w1',
    });
    expect(echo(taskFailed).attempts).toBe(1);
  });

  it('averages durations and leaves reused results out of them', () => {
    const record = echo(
      event('task.succeeded', { ...byAgent, startedAt: 980, output: 1 }),
      event('task.reused', { ...byAgent, attempt: 2, output: 1, cacheKey: 'k' }),
      event('task.succeeded', { ...byAgent, attempt: 3, output: 1 }),
    );
    expect(record).toMatchObject({
      attempts: 2,
      timed: 2,
      averageDurationMs: 20,
      lastDurationMs: 20,
    });
    expect(record.outcomes).toMatchObject({ succeeded: 2, reused: 1 });
  });

  it('follows registration, drain, loss and the breaker', () => {
    const registered = event('agent.registered', {
      agent: 'echo',
      version: '1',
      capabilities: ['a'],
      worker: 'w',
    });
    const opened = event('breaker.opened', { agent: 'echo', successes: 0, failures: 5, dueAt: 9 });
    expect(echo(registered, opened)).toMatchObject({
      state: 'available',
      breaker: 'open',
      breakerDueAt: 9,
    });
    expect(echo(registered, event('agent.lost', { agent: 'echo', worker: 'w' })).state).toBe(
      'offline',
    );
  });

  it('bounds the number of codes that it counts apart', () => {
    const many = Array.from({ length: 80 }, (_, index) =>
      event('task.attemptFailed', {
        ...byAgent,
        attempt: index + 1,
        error: { ...failure, code: `c${index}` },
      }),
    );
    const { failuresByCode } = echo(...many);
    expect(Object.keys(failuresByCode)).toHaveLength(51);
    expect(failuresByCode.other).toBe(30);
  });
});

describe('metrics', () => {
  it('counts as retries what was decided after a failure, and no delay that is over', () => {
    const again = { ...task, rule: 'r', dueAt: 5 };
    const record = folded<MetricsRecord>(
      metrics,
      [
        event('task.retryScheduled', again),
        event('task.retryScheduled', { ...again, isDelayOver: true }),
      ],
      'all',
    );
    expect(record?.retries).toBe(1);
  });

  it('counts runs by workflow, attempts by agent, and both for all', () => {
    const events = [
      createdEvent(RUN),
      attemptFailed,
      taskFailed,
      event('run.failed', { ...end, error: failure }),
    ];
    const read = (key: string) => folded<MetricsRecord>(metrics, events, key);
    expect(read('all')).toMatchObject({ runs: { created: 1, failed: 1 }, attempts: { failed: 1 } });
    expect(read('workflow/review')).toMatchObject({
      runs: { failed: 1 },
      runDurations: { count: 1, sumMs: 20 },
    });
    expect(read('agent/echo')).toMatchObject({
      attempts: { failed: 1 },
      attemptDurations: { count: 1, sumMs: 10 },
    });
  });

  it('counts the names beyond its bound together', () => {
    const documents = new MemoryDocuments(metrics as unknown as Projection);
    const events = Array.from({ length: 2_500 }, (_, index) =>
      createdEvent(`run_${index}`, `w${index}`),
    );
    for (const commit of commitsOf(events)) documents.fold(projectedEvent(commit, 0));
    expect(documents.size).toBe(2_001);
    const rest = documents.query({ key: 'workflow/*', limit: 1, reverse: false }).documents[0]
      ?.document;
    expect(rest).toMatchObject({ runs: { created: 501 } });
  });

  it('puts a duration into the first bucket that is not below it, and reads quantiles within the seen range', () => {
    expect([0, 1, 2, 3, 1e9].map(bucketOf)).toEqual([0, 0, 1, 2, 22]);
    const histogram = [10, 20, 30, 40, 1_000].reduce(observe, emptyHistogram);
    expect(quantile(histogram, 0)).toBe(10);
    expect(quantile(histogram, 0.5)).toBeLessThanOrEqual(50);
    expect(quantile(histogram, 1)).toBe(1_000);
    expect(quantile(emptyHistogram, 0.5)).toBeUndefined();
  });
});

describe('every projection', () => {
  it('changes no document in place and stays JSON', () => {
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
      Object.freeze(value);
      for (const part of Object.values(value)) freeze(part);
    };
    for (const projection of projections) {
      const documents = new Map<string, never>();
      const history = [...plannedHistory({ runs: 30, troubles: 0.3 }), ...scheduleHistory];
      for (const [index, planned] of history.entries()) {
        for (const each of planned.events) {
          const seen = {
            ...each,
            stream: planned.stream,
            at: planned.at,
            position: index + 1,
            streamVersion: 1,
          };
          if (!projection.handles.has(each.type)) continue;
          for (const key of projection.keys(seen)) {
            const document = projection.fold(documents.get(key), seen, key);
            freeze(document);
            expect(JSON.parse(JSON.stringify(document ?? null))).toEqual(document ?? null);
            documents.set(key, document as never);
          }
        }
      }
      expect(documents.size).toBeGreaterThan(0);
    }
  });

  it('has a name and a hash of its shape', () => {
    expect(new Set(projections.map((each) => each.name)).size).toBe(projections.length);
    expect(projectionHash(runs as unknown as Projection)).toBe(
      'f1:v4:forkedFrom,job_agent,job_run,job_state,live,name,parent,session,status',
    );
  });
});

describe('run_events', () => {
  it('maps an event of a run, and of no other stream', () => {
    const [commit] = commitsOf([started]) as [Commit];
    expect(runEventOf(envelopeOf(commit, 0))).toMatchObject({
      runId: RUN,
      taskId: 'find',
      attempt: 1,
      agent: 'echo',
    });
    expect(runEventOf({ ...envelopeOf(commit, 0), stream: 'agent_echo' })).toBeUndefined();
    expect(runEventKey(RUN, 7)).toBe('run_1/000000000007');
  });
});
