/** What was sent before a lost connection is offered again once everybody who has something could say so. */
import { beforeEach, expect, it, vi } from 'vitest';
import { Dispatcher } from '../../src/actors/effects/dispatcher.ts';
import { Attempts } from '../../src/actors/services/attempts.ts';
import { Directory } from '../../src/actors/services/directory.ts';
import { event } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { ManualClock } from '../e2e/shifted-clock.ts';

const START = 1_000_000;
const SECOND = 1_000;

let clock: ManualClock;
let attempts: Attempts;
let dispatcher: Dispatcher;
let published: string[];

beforeEach(async () => {
  clock = new ManualClock(START);
  published = [];
  const directory = new Directory(() => {});
  attempts = new Attempts(directory);
  const bus = {
    publish: (_subject: string, body: { key: string }) => published.push(body.key),
  } as unknown as Bus;
  const log = createMemoryLog();
  const started = event('task.started', {
    ...{ taskId: 'lost', attempt: 1, agent: 'echo', rule: 'named' },
    parameters: {},
  });
  log.append({
    stream: 'run_1',
    expectedVersion: 0,
    events: [started],
    at: START,
    correlationId: 'c',
    causationId: 'c',
    actor: { kind: 'system' },
  });
  await log.flush();
  dispatcher = new Dispatcher({
    ...{ bus, clock, directory, attempts, listenedMs: () => clock.now() },
    subjects: createSubjects(),
    log,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    secrets: { resolve: () => ({}) },
    fail: () => {},
    inboxId: 'test',
  });
  dispatcher.endHold();
});

function start(activation: string): void {
  dispatcher.start({
    ...{ activation, attempt: 1, agent: 'echo' },
    context: {
      ...{ runId: 'run_1', workflow: 'w', correlationId: 'c', trace: undefined },
      ...{
        parameters: {},
        secrets: undefined,
        startedVersion: 1,
        losses: 0,
        isCounted: false,
        definitionTaskId: activation,
      },
      ...{ description: undefined, deadline: undefined, reason: undefined, origin: undefined },
    },
  });
}

it('offers again only what nobody has claimed by then and was sent before', async () => {
  start('lost');
  start('claimed');
  const claimed = { runId: 'run_1', activation: 'claimed', attempt: 1 };
  await clock.advance(SECOND, SECOND);
  dispatcher.reconnected();
  attempts.seen(claimed, 'worker_1', clock.now());
  await clock.advance(SECOND / 2, SECOND / 2);
  start('new');
  expect(published).toEqual(['run_1/lost/1', 'run_1/claimed/1', 'run_1/new/1']);
  published.length = 0;
  // 1 s after the connection was back; the parameters are read from the log once more.
  await clock.advance(SECOND / 2, SECOND / 2);
  await vi.waitFor(() => expect(published).toEqual(['run_1/lost/1']), { timeout: 20_000 });
  await clock.advance(SECOND, SECOND);
  expect(published).toEqual(['run_1/lost/1']);
});
