/** What 100,000 runs that wait for a month cost an `up`, in memory of its own: while it lives, and after it was started again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectClient, type RequestInput } from '../../src/client/client.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { memoryAtRest, startUp } from './live-up.ts';

const RUNS = 100_000;
const MAX_MB = 200;
const IN_FLIGHT = 200;
/** Runs leave memory after a minute; what they leave behind is given back after eighty quiet seconds. */
const LIVING_REST_SECONDS = 130;
const REST_SECONDS = 30;

const waits: Record<string, RequestInput> = {
  timer: { workflow: waitFor({ timer: '30d' }) },
  signal: { workflow: waitFor({ signal: 'go' }) },
  approval: { workflow: waitFor({ approval: {} }) },
  startAt: { workflow: waitFor({ timer: 1 }), startAt: Date.now() + 30 * 86_400_000 },
};

function waitFor(wait: JsonObject): JsonObject {
  const tasks = [{ id: 'wait', wait }];
  return { name: 'month', settings: { timeout: '60d' }, tasks };
}

async function request(url: string): Promise<void> {
  const client = await connectClient({ url });
  const kinds = Object.values(waits);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < RUNS) {
      next += 1;
      await client.request({ ...kinds[next % kinds.length], requestId: `w-${next}` });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  await client.close();
}

test('100,000 runs that wait cost less than 200 MB, while it lives and after it was started again', async () => {
  const root = mkdtempSync(join(tmpdir(), 'troupe-waiting-cost-'));
  const directories = { empty: join(root, 'empty'), full: join(root, 'full') };
  try {
    let up = await startUp({ dataDir: directories.empty });
    const empty = await memoryAtRest(up, REST_SECONDS);
    await up.stop();
    up = await startUp({ dataDir: directories.full });
    await request(up.url);
    const living = await memoryAtRest(up, LIVING_REST_SECONDS);
    const createdCpuMs = up.cpuMs() / RUNS;
    await up.stop();
    up = await startUp({ dataDir: directories.full });
    const restarted = await memoryAtRest(up, REST_SECONDS);
    const restartCpuMs = up.cpuMs() / RUNS;
    const { readySeconds } = up;
    await up.stop();
    const line = { empty, living, restarted, readySeconds, createdCpuMs, restartCpuMs };
    process.stderr.write(`waiting cost: ${JSON.stringify(line)}\n`);
    expect(living.ownMb - empty.ownMb).toBeLessThan(MAX_MB);
    expect(restarted.ownMb - empty.ownMb).toBeLessThan(MAX_MB);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
