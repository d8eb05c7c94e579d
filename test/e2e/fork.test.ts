/** Forks through the public surface: commands, a plain socket, kill -9 right after the answer, export and import. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { RawNats } from './raw-nats.ts';
import { Folder } from './troupe.ts';

const flow = `
name: talk
inputs: {topic: {type: string, default: tea}}
tasks:
  - {id: plan, agent: echo, parameters: {about: "\${inputs.topic}", text: "${'long '.repeat(2_000)}"}}
  - {id: write, agent: echo, dependencies: [plan], parameters: {said: "On \${plan.output.about}", tone: warm}}
  - {id: pause, agent: sleep, dependencies: [write], parameters: {ms: 300, then: 1}}
  - {id: review, agent: echo, dependencies: [pause], parameters: {seen: "\${write.output.said}", size: "\${size(plan.output.text)}"}}
outputs: {text: "\${review.output.seen}", tone: "\${write.output.tone}", size: "\${review.output.size}"}
`;
const SIZE = 10_000;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
  folder.write('talk.yaml', flow);
});
afterEach(() => folder.dispose());

it('a fork is made, followed, shown, replayed, verified and compared by commands alone', async () => {
  const origin = (await folder.troupe(['run', 'talk.yaml', '--json'])).json();
  const set = ['--set', 'tasks.write.parameters.tone=dry', '--set', 'inputs.topic=milk'];
  const fork = ['runs', 'fork', origin.runId, '--at', 'write', ...set];
  const report = (await folder.troupe([...fork, '--watch', '--json'])).json();
  expect(report).toMatchObject({
    status: 'succeeded',
    output: { text: 'On tea', tone: 'dry', size: SIZE },
    forkedFrom: { run: origin.runId, at: 5 },
  });
  expect((await folder.troupe(['runs', 'show', report.runId])).stdout).toContain(
    `forked from ${origin.runId} after its version 5`,
  );
  const replay = (await folder.troupe(['replay', report.runId, '--json'])).json();
  const places = replay.events.map((event: { stream: string; streamVersion: number }) => [
    event.stream,
    event.streamVersion,
  ]);
  expect(places.slice(0, 7)).toEqual([
    ...[1, 2, 3, 4, 5].map((version) => [origin.runId, version]),
    [report.runId, 1],
    [report.runId, 2],
  ]);
  expect((await folder.troupe(['replay', report.runId, '--verify'])).code).toBe(0);
  expect((await folder.troupe(['replay', report.runId, '--step', '--jsonl'])).code).toBe(0);
  expect((await folder.troupe(['runs', 'report', report.runId])).code).toBe(0);
  expect((await folder.troupe(['log', 'verify'])).code).toBe(0);
  const list = await folder.troupe(['runs', 'list', '--forks-of', origin.runId, '--ids']);
  expect(list.stdout.trim()).toBe(report.runId);
  const difference = (await folder.troupe(['diff', origin.runId, report.runId, '--json'])).json();
  expect(difference).toMatchObject({ common: 5, left: { status: 'succeeded' } });
  expect(difference.values).toContainEqual({ path: 'output.tone', left: 'warm', right: 'dry' });
  expect(difference.values).not.toContainEqual(expect.objectContaining({ path: 'output.text' }));
  const text = await folder.troupe(['diff', origin.runId, report.runId]);
  expect(text.stdout).toMatch(/output\.tone +"warm" +-> +"dry"/);
});

it('what cannot be is refused with what can be', async () => {
  const up = await folder.up();
  const client = await connectClient({ url: up.nats });
  try {
    const { runId } = await client.request({ workflow: flow });
    await client.waitForRun(runId);
    const refusals = [
      ['run_nobody', {}, 'run.not-found'],
      [runId, { at: 99 }, 'fork.not-found'],
      [runId, { at: 'writ' }, 'fork.not-found'],
      [runId, { set: { plan: 1 } }, 'fork.invalid'],
      [runId, { set: { 'tasks.plan.agent': 1 } }, 'fork.invalid'],
      [runId, { set: { 'tasks.plan.parameters.about': 1 } }, 'fork.invalid'],
      [runId, { at: 2, set: { 'tasks.plan.output': 1 } }, 'fork.invalid'],
      [runId, { set: { 'inputs.topic': 1 } }, 'fork.invalid'],
      [runId, { set: { 'inputs.nobody': 1 } }, 'fork.invalid'],
    ] as const;
    for (const [run, asked, code] of refusals) {
      const refusal = await client.fork(run, asked).catch((error: unknown) => error);
      expect(refusal, JSON.stringify(asked)).toMatchObject({
        code,
        hint: expect.stringMatching(/./),
      });
    }
    const input = { fork: { run: runId }, input: { topic: 'x' } };
    await expect(client.request(input)).rejects.toMatchObject({ code: 'message.invalid' });
    const done = await folder.troupe(['runs', 'fork', runId, '--at', 'writ', '--json']);
    expect([done.code, done.json().error]).toMatchObject([3, { hint: 'Did you mean `write`?' }]);
  } finally {
    await client.close();
  }
});

// Length: one story.
it('by a plain socket, of a live run, a fork of that fork, and killed right after the answer', async () => {
  const up = await folder.up();
  const raw = await RawNats.open(up.nats);
  const client = await connectClient({ url: up.nats });
  const { runId } = await client.request({ workflow: flow });
  const run = { run: runId, set: { 'tasks.review.parameters.more': 'forked' } };
  raw.subscribe('my.inbox', 1);
  raw.publish('troupe.v1.request', { requestId: 'f-1', fork: run }, 'my.inbox');
  const { body } = await raw.until(({ subject }) => subject === 'my.inbox');
  expect(body).toMatchObject({ forkedFrom: { run: runId }, workflow: 'talk', idempotent: true });
  const again = await client.fork(body.runId, { at: 1, sandbox: 'reuse', requestId: 'f-2' });
  await up.end('SIGKILL');
  raw.close();
  await client.close();

  const next = await folder.up();
  const after = await connectClient({ url: next.nats });
  try {
    expect((await after.request({ requestId: 'f-1', fork: run })).runId).toBe(body.runId);
    await expect(after.request({ requestId: 'f-1', fork: { run: runId } })).rejects.toMatchObject({
      code: 'run.conflict',
    });
    await expect(after.request({ requestId: 'f-1', workflow: flow })).rejects.toMatchObject({
      code: 'run.conflict',
    });
    for (const id of [runId, body.runId, again.runId])
      expect(await after.waitForRun(id), id).toMatchObject({
        status: 'succeeded',
        output: { text: 'On tea', tone: 'warm', size: SIZE },
      });
    const page = await after.history(again.runId);
    expect(page.forkedFrom).toEqual({ run: body.runId, at: 1 });
    expect(page.events[0]).toMatchObject({ streamVersion: 1, type: 'run.forked' });
    for (const id of [body.runId, again.runId])
      expect((await folder.troupe(['replay', id, '--verify'])).code, id).toBe(0);
    const shown = (await folder.troupe(['runs', 'show', again.runId, '--json'])).json();
    expect(shown.tasks.review.output.more).toBe('forked');
  } finally {
    await after.close();
    await next.end('SIGTERM');
  }
  expect((await folder.troupe(['log', 'verify'])).code).toBe(0);
});

it('a log with forks is exported and read again', async () => {
  const origin = (await folder.troupe(['run', 'talk.yaml', '--json'])).json();
  const set = ['--set', 'tasks.plan.output.about=milk'];
  const done = await folder.troupe(['runs', 'fork', origin.runId, ...set, '--watch', '--json']);
  const fork = done.json();
  expect(fork).toMatchObject({ status: 'succeeded', output: { text: 'On milk', size: SIZE } });
  const file = join(folder.path, 'all.jsonl');
  folder.write('all.jsonl', (await folder.troupe(['log', 'export'])).stdout);
  expect((await folder.troupe(['log', 'import', file, '--data-dir', 'copy'])).code).toBe(0);
  const copy = ['--data-dir', 'copy'];
  expect((await folder.troupe(['runs', 'show', fork.runId, '--json', ...copy])).json()).toEqual(
    fork,
  );
  expect((await folder.troupe(['replay', fork.runId, '--verify', ...copy])).code).toBe(0);
});
