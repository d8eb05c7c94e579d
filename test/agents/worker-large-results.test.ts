/** What is too large to travel: usage is left out, a result becomes a failure that says so, and nothing is done twice. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import type { Agent, AgentLogger } from '../../src/agents/agent.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { MAX_USAGE_BYTES } from '../../src/agents/worker-usage.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { PayloadTooLargeError } from '../../src/messaging/errors.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { FakeOrchestrator, subjects } from './fake-orchestrator.ts';

const SMALL_SERVER_BYTES = 64 * 1024;

let broker: Broker;
let bus: Bus;
let workerBus: Bus;
let worker: Worker | undefined;
let orchestrator: FakeOrchestrator;
let warnings: string[];
let logger: AgentLogger;
let executions: number;

beforeEach(async () => {
  broker = await startBroker({ port: 0 });
  bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  workerBus = await connectBus({ url: broker.url, name: 'worker', onError: () => {} });
  orchestrator = new FakeOrchestrator(bus);
  warnings = [];
  executions = 0;
  const warn = (message: string): void => void warnings.push(message);
  logger = { debug() {}, info() {}, warn, error: warn };
});

afterEach(async () => {
  await worker?.close();
  await workerBus.close();
  await bus.close();
  await broker.close();
});

async function run(agent: Agent, through: Bus = workerBus): Promise<JsonObject> {
  worker = await startWorker({ bus: through, subjects, agents: [agent], heartbeatMs: 50, logger });
  await orchestrator.dispatch('run_a', agent.name);
  const result = await orchestrator.resultOf('run_a');
  await worker.drain();
  expect([executions, orchestrator.countOf('run_a'), worker.inHand()]).toEqual([1, 1, []]);
  return result as JsonObject;
}

/** A bus on a server that takes smaller messages than ours. */
function onSmallServer(target: Bus): Bus {
  const request: Bus['request'] = (subject, body, options) => {
    const size = options.bytes?.length ?? Buffer.byteLength(JSON.stringify(body));
    if (size > SMALL_SERVER_BYTES)
      return Promise.reject(new PayloadTooLargeError({ size, limit: SMALL_SERVER_BYTES }));
    return target.request(subject, body, options);
  };
  return new Proxy(target, {
    get(_, name) {
      if (name === 'request') return request;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

test.each<[string, () => unknown]>([
  ['too large', () => ({ trace: 'x'.repeat(1_200_000) })],
  ['a little too large', () => ({ trace: 'ä'.repeat(MAX_USAGE_BYTES / 2) })],
  ['no JSON value', () => ({ at: new Date(0) })],
  ['no object', () => 7],
])('usage that is %s is left out, of progress and result, and logged once', async (_, usage) => {
  const agent = functionAgent({
    name: 'talker',
    run: async (_parameters, context) => {
      executions += 1;
      context.progress({ percent: 10, usage: usage() as JsonObject });
      await context.sleep(250);
      context.progress({ percent: 20, message: 'on', usage: usage() as JsonObject });
      return { ok: 1 };
    },
  });
  const result = await run(agent);
  expect(result).toMatchObject({ status: 'succeeded', output: { ok: 1 } });
  expect(result).not.toHaveProperty('usage');
  const ref = { attempt: 1, worker: worker?.id };
  expect(orchestrator.progress).toEqual([
    { ...ref, percent: 10 },
    { ...ref, percent: 20, message: 'on' },
  ]);
  expect(warnings).toEqual(['usage left out']);
});

test('usage up to the bound goes with progress and result', async () => {
  const usage = { trace: 'x'.repeat(MAX_USAGE_BYTES - '{"trace":""}'.length) };
  const agent = functionAgent({
    name: 'talker',
    run: (_, context) => {
      executions += 1;
      context.progress({ usage });
      return null;
    },
  });
  expect(await run(agent)).toMatchObject({ status: 'succeeded', usage });
  expect(orchestrator.progress).toMatchObject([{ usage }]);
  expect(warnings).toEqual([]);
});

test.each([
  ['whole', 100_000],
  ['as a blob', 700_000],
])(
  'a result that cannot be sent %s is told as a failure that is not retried',
  async (_, length) => {
    const agent = functionAgent({
      name: 'writer',
      run: () => {
        executions += 1;
        return 'x'.repeat(length);
      },
    });
    expect(await run(agent, onSmallServer(workerBus))).toMatchObject({
      attempt: 1,
      worker: worker?.id,
      logId: 'log_test',
      status: 'failed',
      error: { code: 'payload.too-large', retryable: false },
    });
  },
);
