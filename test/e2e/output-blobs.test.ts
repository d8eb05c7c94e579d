/** Outputs that are kept as blobs: expressions see through them, files stay references, what is not stored is a failure. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { House, subjects, until } from './house.ts';

const LARGE = 700_000;
const absent = {
  $blob: `sha256:${'ab'.repeat(32)}`,
  size: 5,
  type: 'application/json',
};

let log: EventLog;
let house: House;
let worker: Worker;
const outputs: Record<string, JsonValue> = {
  large: { text: 'x'.repeat(LARGE), ok: true, list: [1, 2, 3] },
  absent,
  nested: { deep: [absent] },
  'no reference': { $blob: 'sha256:ab', note: 'has neither size nor type' },
};

beforeAll(async () => {
  log = createMemoryLog({ upcast });
  house = await House.open(log);
  const picture = new Uint8Array([137, 80, 78, 71, 0, 255]);
  outputs['picture'] = await house.client.putBlob(picture, { type: 'image/png' });
  outputs['broken'] = await house.client.putBlob(picture, { type: 'application/json' });
  const give = functionAgent<{ which: string }>({
    name: 'give',
    run: async ({ which }) => outputs[which] ?? null,
  });
  const named = Buffer.from(JSON.stringify({ deep: absent }));
  outputs['naming'] = await house.client.putBlob(named, { type: 'application/json' });
  const chained = Buffer.from(JSON.stringify(outputs['naming']));
  outputs['chained'] = await house.client.putBlob(chained, { type: 'application/json' });
  worker = await startWorker({ bus: house.bus, subjects, agents: [...builtinAgents(), give] });
  await until('the worker is known', () => house.orchestrator.agents().includes('give'));
});

afterAll(async () => {
  await worker.close();
  await house.close();
});

/** Gives the output to a task right after it, and to one a commit later. */
function give(which: string, task: Record<string, unknown>) {
  return house.client.runWorkflow({
    workflow: {
      name: 'give',
      tasks: [
        { id: 'first', agent: 'give', parameters: { which } },
        { id: 'next', agent: 'echo', dependencies: ['first'], ...task },
        { id: 'pause', agent: 'echo', dependencies: ['first'] },
        { id: 'later', agent: 'echo', dependencies: ['pause'], ...task },
      ],
    } as never,
  });
}

it('shows expressions what is in a large output, at once and later', async () => {
  const read = { ok: '${default(first.output.ok, false)}', size: '${size(first.output.list)}' };
  const outcome = await give('large', { parameters: read });
  const { tasks } = await house.client.report(outcome.runId);
  expect(tasks.next?.output).toEqual({ ok: true, size: 3 });
  expect(tasks.later?.output).toEqual({ ok: true, size: 3 });
});

it('takes the list of a foreach from a large output', async () => {
  const outcome = await give('large', {
    foreach: '${first.output.list}',
    parameters: { n: '${item}' },
  });
  const { tasks } = await house.client.report(outcome.runId);
  expect(tasks.next?.output).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

it.each(['picture', 'no reference'])('hands on %s as it is', async (which) => {
  const outcome = await give(which, { parameters: { it: '${first.output}' } });
  const { status, tasks } = await house.client.report(outcome.runId);
  expect(status).toBe('succeeded');
  expect(tasks.next?.output).toEqual({ it: outputs[which] });
  expect(tasks.later?.output).toEqual({ it: outputs[which] });
});

it.each(['absent', 'nested', 'broken', 'naming', 'chained'])(
  'fails the attempt whose output is %s',
  async (which) => {
    const outcome = await give(which, { parameters: { it: '${first.output}' } });
    const { status, tasks } = await house.client.report(outcome.runId);
    expect(status).toBe('failed');
    expect(tasks.first?.error).toMatchObject({ code: 'output.invalid' });
    expect(tasks.first?.error?.message).toContain('sha256:');
    expect(house.lines.filter(({ level }) => level === 'error')).toEqual([]);
  },
);

it('refuses a request that names a blob which is not stored', async () => {
  const echo = { id: 'a', agent: 'echo' };
  const asked = house.client.request({
    workflow: { name: 'w', inputs: { x: { type: 'any' } }, tasks: [echo] },
    input: { x: { of: absent } },
  });
  await expect(asked).rejects.toMatchObject({ code: 'blob.not-found' });
  const written = { ...echo, parameters: { x: absent } };
  await expect(
    house.client.request({ workflow: { name: 'w', tasks: [written] } }),
  ).rejects.toMatchObject({ code: 'blob.not-found' });
});

it('reads a blob once, however many chunks it is downloaded in', async () => {
  const bytes = new Uint8Array(20_000_000).fill(7);
  const reference = await house.client.putBlob(bytes);
  const reads = vi.spyOn(log.blobs, 'get');
  const read = await house.client.getBlob(reference);
  expect(Buffer.compare(read, bytes)).toBe(0);
  expect(reads).toHaveBeenCalledTimes(1);
});
