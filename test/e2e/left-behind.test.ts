/** What is left behind and what is missing: the directory of a worker, its connection, a blob that is gone. */
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Folder } from './troupe.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

it('a worker without --cache-dir leaves no directory behind', async () => {
  const up = await folder.up();
  const temporary = join(folder.path, 'temporary');
  mkdirSync(temporary);
  const worker = folder.start(['worker', '--json'], { TMPDIR: temporary, TEMP: temporary });
  await new Promise((resolve) => worker.stdout?.once('data', resolve));
  expect(readdirSync(temporary)).toHaveLength(1);
  worker.kill('SIGTERM');
  await once(worker, 'close');
  expect(readdirSync(temporary)).toEqual([]);
  await up.end('SIGTERM');
});

it('a worker on the cache directory of another one says so and ends', async () => {
  const up = await folder.up();
  const first = folder.start(['worker', '--cache-dir', 'kept', '--json']);
  await new Promise((resolve) => first.stdout?.once('data', resolve));
  const second = folder.start(['worker', '--cache-dir', 'kept', '--json']);
  const [code] = await once(second, 'close');
  expect(code).toBe(4);
  first.kill('SIGTERM');
  await once(first, 'close');
  await up.end('SIGTERM');
});

it('a worker in a folder where nobody serves says what to start', async () => {
  const worker = folder.start(['worker']);
  let said = '';
  worker.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(worker, 'close');
  expect(code).toBe(1);
  expect(said).toContain('orchestrator.unreachable');
  expect(said).toMatch(/Start `.*troupe up` there first/);
});

it('replay shows a run whose blob is gone, with and without an orchestrator', async () => {
  folder.write(
    'large.yaml',
    `name: large\ntasks:\n  - { id: a, agent: shell, parameters: { command: node, args: ["-p", "'x'.repeat(100000)"] } }\n`,
  );
  const up = await folder.up();
  const done = await folder.troupe(['run', 'large.yaml', '--json']);
  const { runId } = done.json();
  rmSync(join(up.dataDir, 'blobs'), { recursive: true });
  const served = await folder.troupe(['replay', runId]);
  expect(served).toMatchObject({ code: 0, stderr: '' });
  expect(served.stdout).toContain('output of 100');
  await up.end('SIGTERM');
  expect(await folder.troupe(['replay', runId])).toMatchObject({ code: 0, stdout: served.stdout });
});
