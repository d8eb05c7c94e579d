/** What waits for somebody: `troupe inbox`, narrowed by run and group, and what answers it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Folder } from './troupe.ts';

const folder = new Folder();
const runs: string[] = [];

beforeAll(async () => {
  const approval = (id: string, group: string): object => ({ id, wait: { approval: { group } } });
  folder.write(
    'asks.json',
    JSON.stringify({ name: 'asks', tasks: [approval('ship', 'leads'), approval('pay', 'money')] }),
  );
  for (let count = 0; count < 2; count += 1) {
    const ran = await folder.troupe(['run', 'asks.json', '--json']);
    runs.push(ran.json().runId);
  }
});
afterAll(() => folder.dispose());

async function inbox(...options: string[]): Promise<string[]> {
  const { inbox: entries } = (await folder.troupe(['inbox', ...options, '--json'])).json();
  return entries.map(({ runId, taskId }: Record<string, string>) => `${runId} ${taskId}`);
}

it('lists all, or those of a run, of a group, or of a group in a run, whatever the limit leaves out', async () => {
  const [first, second] = runs;
  expect((await inbox()).sort()).toEqual(
    [`${first} pay`, `${first} ship`, `${second} pay`, `${second} ship`].sort(),
  );
  expect((await inbox('--run', second ?? '')).sort()).toEqual([`${second} pay`, `${second} ship`]);
  expect(await inbox('--group', 'leads')).toEqual([`${first} ship`, `${second} ship`]);
  for (const run of runs)
    expect(await inbox('--group', 'leads', '--run', run, '--limit', '1')).toEqual([`${run} ship`]);
  expect(await inbox('--group', 'lea')).toEqual([]);
});

it('reads a payload as every file is read: a device is refused as one', async () => {
  const [run = ''] = runs;
  const sent = await folder.troupe(['runs', 'signal', run, 'go', '--payload-file', '/dev/null']);
  expect([sent.code, sent.stderr]).toEqual([2, expect.stringContaining('it is a device')]);
});
