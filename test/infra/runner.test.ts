/** The test runner (infra/test.mjs): T1 to T3, with stand-ins for the tools it runs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'troupe-runner-'));
  mkdirSync(join(checkout, 'infra'));
  mkdirSync(join(checkout, 'node_modules', '.bin'), { recursive: true });
  cpSync(join(root, 'infra', 'test.mjs'), join(checkout, 'infra', 'test.mjs'));
  for (const name of ['biome', 'oxlint', 'tsc', 'knip']) tool(name, 'exit 0');
  suites({ fast: [3, 0], integration: [2, 0], package: [0, 0], crash: [1, 0], simulation: [0, 0] });
});

afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

function tool(name: string, script: string): void {
  const path = join(checkout, 'node_modules', '.bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** A vitest that reports these numbers of passed and failed tests for each project. */
function suites(counts: Record<string, [number, number]>, testResults: unknown[] = []): void {
  const cases = Object.entries(counts).map(([name, [passed, failed]]) => {
    const report = { numPassedTests: passed, numFailedTests: failed, testResults };
    const code = failed > 0 || testResults.length > 0 ? 1 : 0;
    return `${name}) echo '${JSON.stringify(report)}' > "$file"; exit ${code};;`;
  });
  const findFile =
    'for argument; do case "$argument" in --outputFile*) file=$(echo "$argument" | cut -d= -f2);; esac; done';
  tool('vitest', `${findFile}\ncase "$3" in\n${cases.join('\n')}\nesac`);
}

function run(...args: string[]) {
  const command = [join(checkout, 'infra', 'test.mjs'), ...args];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { code: status, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

describe('npm test', () => {
  it('adds up the suites and says so in its last line', () => {
    expect(run()).toEqual({ code: 0, lastLine: '6 passed, 0 failed' });
  });

  it('runs everything although something failed, and ends with 1', () => {
    suites({
      fast: [3, 2],
      integration: [2, 1],
      package: [0, 0],
      crash: [1, 0],
      simulation: [4, 0],
    });
    expect(run()).toEqual({ code: 1, lastLine: '10 passed, 3 failed' });
  });

  it('counts a check that fails as one failed (T1)', () => {
    tool('knip', 'exit 1');
    expect(run()).toEqual({ code: 1, lastLine: '6 passed, 1 failed' });
  });

  it('counts a tool that is not there as one failed (T1)', () => {
    rmSync(join(checkout, 'node_modules', '.bin', 'tsc'));
    expect(run()).toEqual({ code: 1, lastLine: '6 passed, 1 failed' });
  });

  it('counts a suite without a report as one failed (T2)', () => {
    tool('vitest', 'exit 0');
    expect(run('--only', 'fast')).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
  });

  it('counts a file that could not be loaded as one failed (T2)', () => {
    suites({ fast: [3, 0] }, [{ status: 'failed', assertionResults: [] }]);
    expect(run('--only', 'fast')).toEqual({ code: 1, lastLine: '3 passed, 1 failed' });
  });

  it('counts a suite that was killed as one failed (T2)', () => {
    tool('vitest', 'kill -9 $$');
    expect(run('--only', 'fast')).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
  });

  it('fails when no test ran at all (T3)', () => {
    suites({ fast: [0, 0] });
    expect(run('--only', 'fast')).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
  });

  it('passes checks alone', () => {
    expect(run('--only', 'format,lint')).toEqual({ code: 0, lastLine: '0 passed, 0 failed' });
  });
});
