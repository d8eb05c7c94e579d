/** Schedules over the public surface: what is answered on NATS, what is refused, and the command line. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { House, subjects } from './house.ts';
import { Folder } from './troupe.ts';

const folder = new Folder();
const request = { workflow: { name: 'w', tasks: [{ id: 'a', wait: { timer: '1h' } }] } };
const add = { type: 'add', name: 's', schedule: { cron: '30 2 * * *' }, request };
let house: House;

beforeAll(async () => {
  house = await House.open(createMemoryLog({ upcast }));
});
afterAll(async () => {
  await house.close();
  await folder.dispose();
});

async function ask(body: JsonObject): Promise<JsonObject> {
  const reply = await house.bus.request(subjects.schedule(), body, { timeoutMs: 10_000 });
  return reply.body() as JsonObject;
}

it('answers on NATS with the next times, stores nothing in a dry run, and lists by the next time', async () => {
  const dry = await ask({ ...add, dryRun: true });
  expect(dry).toMatchObject({ status: 'active', workflow: 'w', dryRun: true, streamVersion: 0 });
  expect(dry['next']).toHaveLength(5);
  await expect(ask({ type: 'get', name: 's' })).rejects.toMatchObject({
    code: 'schedule.not-found',
    status: 404,
  });
  const added = await ask({ ...add, id: 'one' });
  expect(added).toMatchObject({ status: 'active', streamVersion: 1, idempotent: true });
  expect(await ask({ ...add, id: 'one' })).toEqual(added);
  await ask({ ...add, name: 'sooner', schedule: { every: '1h' } });
  const { documents } = await house.client.query('schedules', { index: 'next', limit: 10 });
  expect(documents.map(({ key }) => key).sort()).toEqual(['s', 'sooner']);
  await ask({ type: 'remove', name: 'sooner' });
});

it.each([
  [{ ...add, schedule: { cron: '61 * * * *' } }, 'schedule.invalid', /0 to 59/],
  [{ ...add, schedule: { every: '1h', zone: 'Mars/Base' } }, 'schedule.invalid', /IANA/],
  [
    { ...add, name: 'past', schedule: { at: '2001-01-01T00:00Z' } },
    'schedule.invalid',
    /time to come/,
  ],
  [{ ...add, schedule: { every: '1h', catchup: 'all' } }, 'message.invalid', /issues/],
  [{ ...add, name: 'a.b' }, 'message.invalid', /issues/],
  [{ ...add, request: { ...request, start: false } }, 'message.invalid', /issues/],
  [{ ...add, request: {} }, 'message.invalid', /issues/],
  [{ ...add, request: { workflow: 'name: x' } }, 'workflow.invalid', /./],
  [{ ...add, schedule: { every: '2h' } }, 'schedule.conflict', /replace/],
  [{ type: 'fire', name: 's' }, 'message.invalid', /issues/],
] as [JsonObject, string, RegExp][])('refuses %j with %s', async (body, code, hint) => {
  await expect(ask(body)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) });
});

it('starts a run now, once for an id, and says why not where its overlap forbids it', async () => {
  const schedule = { every: '1h', overlap: 'skip' };
  const added = await ask({ ...add, name: 'now', schedule });
  const run = { type: 'run', name: 'now', by: 'ann', id: 'now-1' };
  const started = await ask(run);
  expect(started).toMatchObject({ lastRunId: started['runId'], next: added['next'] });
  expect((await ask(run))['runId']).toBe(started['runId']);
  expect((await house.client.report(String(started['runId']))).name).toBe('w');
  await expect(ask({ ...run, id: 'now-2' })).rejects.toMatchObject({
    ...{ code: 'schedule.overlap', status: 409 },
    details: { overlap: 'skip', runId: started['runId'] },
  });
  const { documents } = await house.client.query('schedules', { key: 'now' });
  expect(documents[0]?.document).toMatchObject({
    started: 1,
    recent: [{ outcome: 'started', runId: started['runId'], by: 'ann' }],
  });
  await house.client.command(String(started['runId']), { type: 'terminate' });
  expect((await ask({ ...run, id: 'now-2' }))['runId']).not.toBe(started['runId']);
  await ask({ type: 'pause', name: 'now' });
  await expect(ask({ ...run, id: 'now-3' })).rejects.toMatchObject({
    ...{ code: 'schedule.paused', details: { possible: ['resume', 'remove'] } },
  });
});

it('keeps its request ids to itself', async () => {
  const mine = { ...request, requestId: 'schedule:s/1/2030-01-01T00:00:00.000Z' };
  await expect(house.client.request(mine)).rejects.toMatchObject({ code: 'message.invalid' });
});

it('is a command: documents on stdout, exit codes 0, 2, 3 and 4', async () => {
  folder.write('w.json', JSON.stringify(request.workflow));
  const set = ['schedules', 'add', 'nightly', 'w.json', '--json'];
  const added = await folder.troupe([...set, '--cron', '30 2 * * *', '--zone', 'Europe/Berlin']);
  expect(added.code, added.stderr).toBe(0);
  expect(added.json()).toMatchObject({ name: 'nightly', status: 'active', workflow: 'w' });
  expect(added.stderr).toContain('Nobody serves now');
  const shown = await folder.troupe(['schedules', 'show', 'nightly', '--json']);
  expect(shown.json()).toMatchObject({ started: 0, next: added.json().next });
  const asked = ['schedules', 'run', 'nightly', '--by', 'ann', '--id', 'x1', '--json'];
  const run = (await folder.troupe(asked)).json();
  expect(run.next).toEqual(added.json().next);
  expect((await folder.troupe(asked)).json().runId).toBe(run.runId);
  const seen = await folder.troupe(['schedules', 'show', 'nightly']);
  expect(seen.stdout).toContain(`${run.runId} (asked for by ann)`);
  const bad = await folder.troupe([...set, '--cron', 'x']);
  expect([bad.code, bad.json().error.code]).toEqual([2, 'schedule.invalid']);
  const other = await folder.troupe([...set, '--every', '1h']);
  expect([other.code, other.json().error.code]).toEqual([4, 'schedule.conflict']);
  const nobody = await folder.troupe(['schedules', 'pause', 'nobody', '--json']);
  expect([nobody.code, nobody.json().error.code]).toEqual([3, 'schedule.not-found']);
});
