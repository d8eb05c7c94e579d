/** `troupe run` says that it waits for an agent that nobody offers; no event of the run does. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { startWorker } from '../../src/agents/worker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { Folder, type Loose } from './troupe.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

it('names the agent, and goes on when it comes', async () => {
  folder.write(
    'visit.yaml',
    'name: visit\ntasks: [{ id: each, agent: visitor, foreach: "${[1, 2]}" }]\noutputs: { all: "${each.output}" }\n',
  );
  const up = await folder.up();
  const bus = await connectBus({ url: up.nats, name: 'visitor' });
  const agent = functionAgent({ name: 'visitor', description: 'Comes and goes.', run: () => 'hi' });
  const offer = () => startWorker({ bus, subjects: createSubjects(), agents: [agent] });
  const known = async (state: string): Promise<boolean> => {
    const { agents } = (await folder.troupe(['agents', '--json'])).json();
    return agents.some((one: Loose) => one.agent === 'visitor' && one.state === state);
  };
  const first = await offer();
  while (!(await known('available')));
  await first.close();
  while (!(await known('offline')));

  const child = folder.start(['run', 'visit.yaml', '--json']);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  const ended = once(child, 'close');
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      output.stderr += chunk.toString();
      if (output.stderr.includes('waiting    for agent visitor: nobody offers it now')) resolve();
    });
  });
  const second = await offer();
  expect(await ended).toEqual([0, null]);
  expect(JSON.parse(output.stdout)).toMatchObject({
    status: 'succeeded',
    output: { all: ['hi', 'hi'] },
  });
  expect(output.stderr.split('nobody offers it now')).toHaveLength(2);
  await second.close();
  await bus.close();
});
