/** Approvals over the public surface: groups, answers handed on, reminders, by command line and by NATS. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects } from './house.ts';
import { Folder } from './troupe.ts';

const folder = new Folder();
const approval = { group: 'leads', quorum: 2, message: 'Publish?' };
const workflow = (more: JsonObject = {}): JsonObject => ({
  name: 'release',
  settings: { groups: { leads: ['ann', 'bob'] } },
  tasks: [{ id: 'sign', wait: { approval: { ...approval, ...more } } }],
  outputs: { by: '${sign.output.by}' },
});
let house: House;

beforeAll(async () => {
  house = await House.open(createMemoryLog({ upcast }));
});
afterAll(async () => {
  await house.close();
  await folder.dispose();
});

/** A command as a program without our client sends it. */
async function command(runId: string, body: JsonObject): Promise<JsonObject> {
  const subject = subjects.runCommand(runId);
  const reply = await house.bus.request(subject, body, { timeoutMs: 10_000 });
  return reply.body() as JsonObject;
}

async function waiting(more: JsonObject = {}): Promise<string> {
  const { runId } = await house.client.request({ workflow: workflow(more) });
  return runId;
}

const says = (type: string, by: string, rest: JsonObject = {}): JsonObject => ({
  ...{ type, task: 'sign', by },
  ...rest,
});

it('takes one of two who decide at once; the other one hears how it is', async () => {
  const runId = await waiting({ quorum: 1 });
  const answers = await Promise.allSettled([
    command(runId, says('approve', 'ann')),
    command(runId, says('reject', 'bob')),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(refused.reason).toMatchObject({ code: 'run.conflict', details: { possible: [] } });
});

it('says it once for an id, and refuses who is not of the group', async () => {
  const runId = await waiting();
  const handed = says('delegate', 'ann', { to: 'eve', id: 'd-1' });
  const first = await command(runId, handed);
  expect(await command(runId, handed)).toEqual(first);
  await expect(command(runId, says('approve', 'mallory'))).rejects.toMatchObject({
    ...{ code: 'permission.denied', status: 403 },
    details: { task: 'sign', by: 'mallory', voters: ['bob', 'eve'] },
  });
  const [item] = await house.client.inbox({ runId });
  expect(item).toMatchObject({
    members: ['ann', 'bob'],
    delegations: [{ from: 'ann', to: 'eve', comment: null }],
  });
  await house.client.approve(runId, 'sign', { by: 'eve', id: 'a-1' });
  await house.client.approve(runId, 'sign', { by: 'eve', id: 'a-1' });
  await house.client.approve(runId, 'sign', { by: 'bob' });
  const { output } = await house.client.report(runId);
  expect(output).toEqual({ by: ['eve', 'bob'] });
});

it('reminds on the feed of the run, and counts it in the inbox', async () => {
  const runId = await waiting({ remind: { every: 0.05, max: 2 } });
  const events: string[] = [];
  for await (const event of house.client.events(runId)) {
    if (event.type !== 'timer.fired') continue;
    events.push(`${(event.data as JsonObject)['kind']} ${(event.data as JsonObject)['count']}`);
    if (events.length === 2) break;
  }
  expect(events).toEqual(['reminder 1', 'reminder 2']);
  const position = (await command(runId, { type: 'checkpoint', name: 'reminded' }))['position'];
  const { documents } = await house.client.query('inbox', {
    key: `${runId}/sign`,
    after: Number(position),
  });
  expect(documents[0]?.document).toMatchObject({ reminders: 2, nextReminderAt: null });
});

it('is a command: inbox, delegate, approve, and exit codes', async () => {
  folder.write('release.json', JSON.stringify(workflow({ remind: '1h' })));
  const { runId } = (await folder.troupe(['run', 'release.json', '--json'])).json();
  const runs = (...words: string[]) => folder.troupe(['runs', ...words, '--json']);
  const handed = await runs('delegate', runId, 'sign', 'eve', '--by', 'ann');
  expect([handed.code, handed.json().status]).toEqual([0, 'running']);
  const inbox = await folder.troupe(['inbox']);
  expect(inbox.stdout).toContain('  asked: ann, bob\n  handed on by ann to eve\n');
  const outside = await runs('approve', runId, 'sign', '--by', 'mallory');
  expect([outside.code, outside.json().error.code]).toEqual([4, 'permission.denied']);
  const again = await runs('delegate', runId, 'sign', 'eve', '--by', 'bob');
  expect([again.code, again.json().error.code]).toEqual([4, 'run.conflict']);
  const nobody = await runs('delegate', runId, 'sign', '--by', 'bob');
  expect(nobody.code).toBe(2);
  const shown = await runs('show', runId);
  expect(shown.json().tasks.sign.waitsFor).toMatchObject({
    delegations: [{ from: 'ann', to: 'eve' }],
    reminders: { count: 0 },
  });
  await runs('approve', runId, 'sign', '--by', 'eve', '--id', 'once');
  const done = await runs('approve', runId, 'sign', '--by', 'bob');
  expect(done.json().status).toBe('succeeded');
  const late = await runs('delegate', runId, 'sign', 'zoe', '--by', 'ann');
  expect([late.code, late.json().error.details.possible]).toEqual([4, []]);
});
