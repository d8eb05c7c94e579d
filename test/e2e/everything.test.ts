/**
 * The definition that has every field of the language runs: through a real broker, with signals and approvals that the
 * test answers, also where the orchestrator crashes in the middle; and its history replays to the same state.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { checkWithChildren } from '../../src/cli/child-files.ts';
import { verifyRun } from '../../src/cli/verify-run.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects } from './house.ts';
import { approve, expectOrder, readerOf, signal, storyOf } from './stage.ts';

const FILE = 'examples/everything.yaml';

/** The file with all that it runs, as `troupe run` sends it. */
async function everything(): Promise<string | JsonObject> {
  const root = new URL('../../', import.meta.url);
  const workingDirectory = decodeURIComponent(root.pathname);
  const source = readFileSync(new URL(FILE, root), 'utf8');
  const { workflow } = await checkWithChildren({ file: FILE, source }, { workingDirectory });
  return workflow;
}

/** A house with a worker, whose orchestrator may crash. */
class Theatre {
  log: MemoryLog = createMemoryLog({ upcast });
  house!: House;
  readonly #closing: (() => Promise<void>)[] = [];

  async open(): Promise<void> {
    this.house = await House.open(this.log);
    const bus = await connectBus({ url: this.house.broker.url, name: 'worker' });
    const worker = await startWorker({ bus, subjects, agents: builtinAgents(), concurrency: 16 });
    this.#closing.push(
      () => worker.close(),
      () => bus.close(),
      () => this.house.close(),
    );
  }

  /** What was durable is all that is left. */
  async crash(): Promise<void> {
    await this.house.cutOff();
    this.log = this.log.crash();
    await this.house.serve(this.log);
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
    await this.log.close();
  }
}

let theatre: Theatre;
afterEach(() => theatre.close());

/** Who does what, when what has happened. */
const answers: Readonly<Record<string, readonly ReturnType<typeof signal>[]>> = {
  'expanded collect': [signal('parts', 'legal')],
  'waiting paid': [signal('payment', { amount: 10 })],
  'waiting sign-off': [approve('sign-off'), approve('sign-off', 'bob')],
};

/** Runs it to its end, with a crash after each of these events; gives its events. */
async function run(
  crashAfter: readonly string[],
): Promise<{ runId: string; events: JsonEnvelope[] }> {
  theatre = new Theatre();
  await theatre.open();
  const { client } = theatre.house;
  const { runId } = await client.request({ workflow: await everything() });
  const events: JsonEnvelope[] = [];
  for await (const event of client.events(runId)) {
    events.push(event);
    const what = storyOf({ events: [event] })[0] ?? '';
    if (crashAfter.includes(what)) await theatre.crash();
    for (const answer of answers[what] ?? []) await answer(client, runId);
  }
  return { runId, events };
}

/** The runs that it started, and itself. */
async function family(runId: string): Promise<string[]> {
  const { documents } = await theatre.house.client.query('runs', {});
  const others = documents.map(({ key }) => key).filter((key) => key !== runId);
  return [runId, ...others];
}

const CRASHES = [
  'started greet',
  'expanded collect',
  'attemptFailed flaky',
  'waiting order',
  'waiting sign-off',
  'succeeded stamp',
  'canceled train',
  'succeeded close',
  'succeeded thank',
];

/** It and the runs that it started fold to what was served. */
async function expectReplays(runId: string, events: readonly JsonEnvelope[]): Promise<void> {
  const { client } = theatre.house;
  // What is read is as new as the last event that was seen.
  const position = events.at(-1)?.position ?? 0;
  await client.query('runs', { key: runId, after: position });
  const runs = await family(runId);
  expect(runs).toHaveLength(5);
  for (const each of runs) {
    const { ok, checks } = await verifyRun(readerOf(theatre.log, client), each);
    expect(ok, JSON.stringify(checks)).toBe(true);
  }
}

describe(FILE, () => {
  it.each([
    ['without a crash', []],
    ['with crashes everywhere', CRASHES],
  ])('runs and replays %s', async (_, crashAfter) => {
    const { runId, events } = await run(crashAfter);
    const { client } = theatre.house;
    const report = await client.waitForRun(runId);
    expect(report).toMatchObject({
      status: 'succeeded',
      output: {
        parts: ['api', 'ui', 'docs', 'legal'],
        rounds: 3,
        choices: 14,
        ordered: 'the other shop',
        polled: ['good'],
        event: 'payment',
      },
    });
    const story = storyOf({ events });
    expect(crashAfter.filter((each) => !story.includes(each))).toEqual([]);
    expectOrder(
      { events },
      'succeeded greet',
      'succeeded open',
      'succeeded close',
      'succeeded thank',
      'succeeded lights-off',
      'run succeeded',
    );
    expectOrder(
      { events },
      'waiting sign-off',
      'succeeded sign-off',
      'started print',
      'succeeded stamp@3',
      'started bind',
    );
    expect(story).not.toContain('started apologize');
    await expectReplays(runId, events);
  });
});
