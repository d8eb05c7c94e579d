/**
 * Tries a template before anybody pays for an answer: agents that say what stands here, a person who agrees, everything
 * in this process and nothing on disk.
 *
 *     node_modules/.bin/node examples/try-template.ts workflows/release-notes.yaml
 */
import { readFileSync } from 'node:fs';
import { functionAgent } from '../src/index.ts';
import { startTestTroupe } from '../src/testing.ts';

const sorter = functionAgent<{ change: string }>({
  name: 'sorter',
  description: 'Tells repairs from features.',
  run({ change }) {
    if (change === '') throw new Error('there is nothing to sort');
    return { text: change, kind: change.startsWith('Fix') ? 'repair' : 'feature' };
  },
});

const writer = functionAgent<{ features: string[]; repairs: string[] }>({
  name: 'writer',
  description: 'Writes the notes.',
  run: ({ features, repairs }) => ({
    text: `${features.length} new, ${repairs.length} repaired`,
  }),
});

await using troupe = await startTestTroupe({ agents: [sorter, writer] });
const { client } = troupe;
const { runId } = await client.request({
  workflow: readFileSync(process.argv[2] ?? 'workflows/release-notes.yaml', 'utf8'),
  input: { version: '2.0', changes: ['Add a search', 'Fix the login', '', 'Add colors'] },
});
for await (const { type, data } of client.events(runId)) {
  const { taskId = '' } = data as { taskId?: string };
  if (/succeeded|failed|waiting/.test(type)) process.stdout.write(`${type} ${taskId}\n`);
  if (type === 'task.waiting') await client.approve(runId, taskId, { by: 'ann' });
}
const { status, output } = await client.waitForRun(runId);
process.stdout.write(`${JSON.stringify({ status, output })}\n`);
