import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startChild } from './child.ts';
import type { MemoryLine, MemoryProcessSettings } from './memory-process.ts';
import type { TimingLine, TimingProcessSettings } from './timing-process.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-resources-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('10,000 runs leave the heap within 10 % of where it was after the first 1,000', async () => {
  const settings: MemoryProcessSettings = { directory, first: 1_000, total: 10_000 };
  const child = startChild('memory-process.ts', settings, { flags: ['--expose-gc'] });
  try {
    const line = (await child.first) as unknown as MemoryLine;
    process.stderr.write(`memory: ${JSON.stringify(line)}\n`);
    expect(line.activeRuns).toBe(0);
    expect(line.heapAfterAll / line.heapAfterFirst).toBeLessThanOrEqual(1.1);
  } finally {
    await child.kill9();
  }
});

test('equal tasks of 200 ms run side by side: two finish 1.95 times faster than in sequence, eight 7.5 times', async () => {
  const settings: TimingProcessSettings = { directory, taskMs: 200, counts: [2, 8], rounds: 8 };
  const child = startChild('timing-process.ts', settings);
  try {
    const { results } = (await child.first) as unknown as TimingLine;
    const gains = results.map(({ chainedMs, parallelMs }) => chainedMs / parallelMs);
    process.stderr.write(`timing: ${JSON.stringify(results)}, ${gains.join(' and ')} times\n`);
    expect(gains[0]).toBeGreaterThanOrEqual(1.95);
    expect(gains[1]).toBeGreaterThanOrEqual(7.5);
  } finally {
    await child.kill9();
  }
});
