import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, startChild } from './child.ts';
import type { OrchestratorProcessSettings } from './orchestrator-process.ts';

let directory: string;
let children: Child[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-second-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) await child.kill9();
  rmSync(directory, { recursive: true, force: true });
});

function start(settings: OrchestratorProcessSettings): Child {
  const child = startChild('orchestrator-process.ts', settings);
  children.push(child);
  return child;
}

test('a second orchestrator on the same NATS says orchestrator.duplicate and ends; the first goes on', async () => {
  const first = start({ directory: join(directory, 'one') });
  const { url } = await first.first;
  const second = start({ directory: join(directory, 'two'), natsUrl: url as string });
  expect(await second.first).toMatchObject({
    code: 'orchestrator.duplicate',
    hint: expect.stringContaining('TROUPE_PREFIX'),
  });
  expect(await second.exited).toBe(1);
  expect(first.isRunning).toBe(true);
});

test('a second orchestrator on the same data directory says log.locked and ends; after kill -9 of the first the directory is free', async () => {
  const first = start({ directory });
  await first.first;
  const second = start({ directory });
  expect(await second.first).toMatchObject({
    code: 'log.locked',
    hint: expect.stringContaining('TROUPE_DATA_DIR'),
  });
  expect(await second.exited).toBe(1);
  await first.kill9();
  expect(await start({ directory }).first).toMatchObject({ ready: true });
});
