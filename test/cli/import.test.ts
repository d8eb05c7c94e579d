/** `troupe import wfformat`: what it prints and writes, and what it says of what it cannot read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { memoryTerminal } from './memory-terminal.ts';

const record = (name: string): string =>
  fileURLToPath(new URL(`../workflow/import/fixtures/${name}.json`, import.meta.url));
const forkJoin = record('helloworld-forkjoin-10-chameleon');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-import-'));
});
afterEach(() => {
  process.exitCode = 0; // `main` sets it for a process that runs out of work
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function troupe(...line: string[]) {
  const { terminal, stdout, stderr } = memoryTerminal();
  const code = await main(['import', 'wfformat', ...line], {
    terminal,
    environment: {},
    workingDirectory: folder,
  });
  return { code, stdout: stdout(), stderr: stderr() };
}

describe('troupe import wfformat', () => {
  it('prints a workflow as YAML, with notes on top', async () => {
    const { code, stdout, stderr } = await troupe(forkJoin, '--scale', '0.001');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      '# Made by `troupe import wfformat` from helloworld-forkjoin-10-chameleon.json, times 0.001.',
      '# 10 tasks, 16 dependencies, 8 at a time.',
      '# In sequence 1.0 s, critical path 307 ms, at least 307 ms.',
    ]);
    expect(parseWorkflow(stdout).definition?.tasks).toHaveLength(10);
    expect((await troupe(forkJoin, '--scale', '0.001', '-o', '-')).stdout).toBe(stdout);
  });

  it('writes YAML or JSON to a file, by its ending, and says what it is', async () => {
    const yaml = join(folder, 'out.yaml');
    const json = join(folder, 'out.json');
    const done = await troupe(forkJoin, '--scale', '2s', '-o', yaml);
    expect(done).toMatchObject({ code: 0, stdout: '' });
    expect(done.stderr).toBe(
      `wrote ${yaml}\n10 tasks, 16 dependencies, 8 at a time.\nIn sequence 6.7 s, critical path 2.0 s, at least 2.0 s.\n`,
    );
    expect((await troupe(forkJoin, '--scale', '2s', '-o', json)).code).toBe(0);
    const [fromYaml, fromJson] = [yaml, json].map((file) =>
      parseWorkflow(readFileSync(file, 'utf8')),
    );
    expect(fromJson?.definition).toEqual(fromYaml?.definition);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toHaveProperty('settings.max_parallel', 8);
  });

  it('gives programs the workflow, its figures and the warnings', async () => {
    const { stdout } = await troupe(forkJoin, '--max-parallel', '2', '--json');
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      workflow: { settings: { max_parallel: 2 } },
      tasks: 10,
      dependencies: 16,
      maxParallel: 2,
      factor: 1,
      workMs: 1_028_704,
      criticalPathMs: 307_360,
      lowerBoundMs: 514_352,
      warnings: [],
    });
    const file = join(folder, 'f.yaml');
    const written = JSON.parse((await troupe(forkJoin, '--json', '-o', file)).stdout);
    expect(written).toMatchObject({ file, tasks: 10 });
    expect(written).not.toHaveProperty('workflow');
  });

  it('says which concurrency a wide workflow needs', async () => {
    const { stderr } = await troupe(record('seismology-chameleon-100p-001'));
    expect(stderr).toBe('up to 100 tasks run at a time: run it with --concurrency 100\n');
  });

  it('shows warnings with their line', async () => {
    const file = join(folder, 'untimed.json');
    writeFileSync(file, '{ "workflow": { "jobs": [\n  { "name": "a" }\n] } }');
    const { code, stderr } = await troupe(file);
    expect(code).toBe(0);
    expect(stderr).toContain(`${file}:2:3 warning import.no-runtime: "a" has no recorded time`);
  });

  it('lists all that is wrong in a file, with line and column', async () => {
    const file = join(folder, 'wrong.json');
    const tasks = [
      '{ "name": "alpha", "runtime": 1, "parents": ["x"] }',
      '{ "name": "beta", "runtime": 1, "children": ["alpa"] }',
    ];
    writeFileSync(file, `{ "workflow": { "tasks": [\n${tasks.join(',\n')}\n] } }`);
    const { code, stdout, stderr } = await troupe(file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      `error: ${file} cannot be imported: "x" is no task of the file`,
      `  - ${file}:2:46 "x" is no task of the file [import.unknown-task] Add the task, or remove the name.`,
      `  - ${file}:3:46 "alpa" is no task of the file [import.unknown-task] Did you mean \`alpha\`?`,
      '  hint: Add the task, or remove the name.',
      '  code: import.invalid',
      '',
    ]);
  });

  it('names a file of a folder, which it does not read', async () => {
    const records = dirname(forkJoin);
    const { code, stderr } = await troupe(records);
    expect(code).toBe(2);
    const [first = ''] = readdirSync(records).filter((name) => name.endsWith('.json'));
    expect(stderr).toBe(
      `error: cannot read ${records}: it is a folder\n  hint: Name a file in it, such as ${join(records, first)}.\n  code: cli.file-unreadable\n`,
    );
  });

  it.each([
    [['--scale', '10x'], 'cli.usage'],
    [['--scale', '-1'], 'cli.usage'],
    [['--scale', ''], 'cli.usage'],
    [['--scale', 'Infinity'], 'cli.usage'],
    [['--scale', '1e12'], 'import.too-long'],
    [['--max-parallel', '0'], 'cli.usage'],
    [['--max-parallel', '1000000'], 'cli.usage'],
    [['-o', '/nosuch/folder/x.yaml'], 'cli.file-unwritable'],
  ])('%j is refused', async (options, expected) => {
    const { code, stdout, stderr } = await troupe(forkJoin, ...options);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`  code: ${expected}\n`);
  });
});
