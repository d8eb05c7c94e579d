/** The benchmark runs: each workload in its smallest size, with real processes on both brokers. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '../../bench/run.ts');
const FIELDS = [
  ...['workload', 'broker', 'steps', 'seconds', 'stepsPerSecond', 'p50Ms', 'p99Ms'],
  ...['cpuSeconds', 'peakRssMb', 'diskBytes', 'durability', 'floorRatio', 'contractFloorRatio'],
];

interface Outcome {
  code: number | null;
  lines: Record<string, unknown>[];
  errors: string;
}

function bench(...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const lines = output.split('\n').filter((line) => line !== '');
      resolve({ code, errors, lines: lines.map((line) => JSON.parse(line)) });
    });
  });
}

function dataDirectories(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('troupe-bench-'));
}

describe('the benchmark', () => {
  it('measures patterns against plain tasks', { timeout: 300_000 }, async () => {
    const { code, lines } = await bench('--workload', 'patterns', '--quick', '--json');
    expect(code).toBe(0);
    expect(lines.map((line) => line['broker'])).toEqual(['embedded', 'nats-server']);
    for (const { workload, details, steps } of lines) {
      expect(workload).toBe('patterns');
      expect(steps).toBeGreaterThan(0);
      expect(Object.keys(details as object)).toEqual(['P01', 'P02', 'P03', 'all', 'dearest']);
    }
  });

  it.each(['W1', 'W2', 'W3', 'W4', 'log'])(
    'prints one line for each broker with every field: %s',
    { timeout: 300_000 },
    async (workload) => {
      const { code, lines, errors } = await bench('--workload', workload, '--quick', '--json');
      expect(errors).toBe('');
      expect(code).toBe(0);
      expect(lines.map((line) => line['broker'])).toEqual(['embedded', 'nats-server']);
      for (const line of lines) {
        expect(Object.keys(line)).toEqual(expect.arrayContaining(FIELDS));
        expect(line).toMatchObject({ workload, durability: 'fsync' });
        for (const field of FIELDS.slice(2)) {
          if (field !== 'durability') expect(line[field], field).toBeGreaterThan(0);
        }
      }
    },
  );

  it('removes its data directories', async () => {
    const before = new Set(dataDirectories());
    await bench('--workload', 'W2', '--broker', 'embedded', '--quick', '--json');
    expect(dataDirectories().filter((name) => !before.has(name))).toEqual([]);
  });

  it('says what is wrong with its arguments and exits with 2', async () => {
    const { code, lines, errors } = await bench('--workload', 'W9');
    expect(code).toBe(2);
    expect(lines).toEqual([]);
    expect(errors).toContain('--workload W9');
  });
});
