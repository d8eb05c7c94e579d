/** A run that waits for a month costs a timer, also after a restart: it leaves memory, and nothing happens meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../crash/child.ts';
import type { WaitingLine, WaitingProcessSettings } from '../crash/waiting-process.ts';

const RUNS = 10_000;
/** 200 MB for 100,000 of them. */
const MAX_BYTES_EACH = 2_000;

async function play(settings: WaitingProcessSettings): Promise<WaitingLine> {
  const child = startChild('waiting-process.ts', settings, { flags: ['--expose-gc'] });
  try {
    const line = (await child.first) as unknown as WaitingLine;
    process.stderr.write(`waiting: ${JSON.stringify(line)}\n`);
    return line;
  } finally {
    await child.kill9();
  }
}

test('10,000 runs that wait for a month cost less than 20 MB of heap, before and after a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-waiting-'));
  try {
    for (const restart of [false, true]) {
      const line = await play({ directory, runs: RUNS, restart });
      expect(line.activeRuns).toBe(0);
      expect((line.heapAfter - line.heapBefore) / RUNS).toBeLessThan(MAX_BYTES_EACH);
      // a tenth of one processor would be a lot for doing nothing
      expect(line.idleCpuMs).toBeLessThan(1_000);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
