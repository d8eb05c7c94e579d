/** How late many schedules are, and what they cost to keep. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../crash/child.ts';
import type { SchedulesLine, SchedulesProcessSettings } from '../crash/schedules-process.ts';

test('10,000 schedules whose times come within a minute are not late, and cost little to keep', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-schedules-'));
  const settings: SchedulesProcessSettings = { directory, schedules: 10_000, spreadMs: 60_000 };
  try {
    const added = startChild('schedules-process.ts', { ...settings, isFirst: true });
    await added.first;
    await added.exited;
    const child = startChild('schedules-process.ts', settings, { flags: ['--expose-gc'] });
    const line = (await child.first) as unknown as SchedulesLine;
    await child.kill9();
    process.stderr.write(`schedules: ${JSON.stringify(line)}\n`);
    expect(line.fired).toBe(10_000);
    expect(line.early).toBe(0);
    expect(line.lateP50Ms).toBeLessThan(100);
    expect(line.heapBytes).toBeLessThan(20_000_000);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
