/** Every command: help with examples, one shape of errors on bad input, a document for programs. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commandTable, type TableRow } from '../../src/cli/command-table.ts';
import { commands } from '../../src/cli/commands.ts';
import { main } from '../../src/cli/main.ts';
import { memoryTerminal } from './memory-terminal.ts';

const rows: readonly TableRow[] = await commandTable(commands);
const names = rows.map(({ name }) => name);
const rowOf = (name: string): TableRow => rows.find((row) => row.name === name) as TableRow;
const isRequired = (word: string): boolean => !word.startsWith('[');
/** Words that fit the number that a command wants. */
const wordsOf = (name: string): string[] =>
  rowOf(name)
    .command.words.filter(isRequired)
    .map((word) => (word === 'run' ? 'run_nobody' : 'x'));

let folder: string;
let runId: string;

interface Done {
  code: number;
  stdout: string;
  stderr: string;
  json(): { error?: { code: string; message: string; hint: string; details: unknown } };
}

async function troupe(
  line: readonly string[],
  environment: Record<string, string> = {},
): Promise<Done> {
  const { terminal, stdout, stderr } = memoryTerminal();
  const code = await main(line, { terminal, environment, workingDirectory: folder });
  return { code, stdout: stdout(), stderr: stderr(), json: () => JSON.parse(stdout()) };
}

/** What, what to do, and the code; the same as a document. */
function expectError(done: Done, code: string): void {
  const { error } = done.json();
  expect(error).toMatchObject({ code, message: expect.stringMatching(/\S/) });
  expect(error?.hint).toMatch(/\S/);
  expect(done.stderr).toMatch(/^error: .+\n(?: {2}- .+\n)*(?: {2}hint: .+\n) {2}code: \S+\n$/);
  expect(done.stderr).not.toContain('    at ');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-commands-'));
  const flow = 'name: flow\ntasks: [{ id: a, agent: echo, parameters: { n: 1 } }]\n';
  writeFileSync(join(folder, 'flow.yaml'), flow);
  const done = await troupe(['run', join(folder, 'flow.yaml'), '--json']);
  expect(done.code, done.stderr).toBe(0);
  runId = (done.json() as unknown as { runId: string }).runId;
});
afterEach(() => {
  process.exitCode = 0; // `main` sets it for a process that runs out of work
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(names)('troupe %s', (name) => {
  const words = name.split(' ');

  it('has help with an example, by --help and by `help`', async () => {
    const { command } = rowOf(name);
    const asked = await troupe([...words, '--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain(`Usage: troupe ${name}`);
    expect(asked.stdout).toContain(command.summary);
    for (const [line] of command.examples) {
      expect(asked.stdout).toContain(line);
      expect(line).toContain(`troupe ${name}`);
    }
    expect(command.examples.length).toBeGreaterThan(0);
    for (const option of Object.keys(rowOf(name).options))
      expect(asked.stdout).toContain(`--${option}`);
    expect((await troupe(['help', ...words])).stdout).toBe(asked.stdout);
  });

  it('has a form for programs', () => {
    expect(Object.keys(rowOf(name).options)).toContain('json');
  });

  it('refuses an unknown option, and says which was meant', async () => {
    const done = await troupe([...words, ...wordsOf(name), '--jsno', '--json']);
    expect(done.code).toBe(2);
    expectError(done, 'cli.usage');
    expect(done.json().error?.hint).toBe('Did you mean `--json`?');
  });

  it('refuses too many words, missing ones, and options without a value', async () => {
    const { command, options } = rowOf(name);
    const most = command.words.length;
    if (command.words.at(-1)?.endsWith('...') !== true) {
      const done = await troupe([...words, ...Array<string>(most + 1).fill('x'), '--json']);
      expect(done.code).toBe(2);
      expectError(done, 'cli.usage');
    }
    if (command.words.some(isRequired)) {
      const done = await troupe([...words, '--json']);
      expect(done.code).toBe(2);
      expectError(done, 'cli.usage');
    }
    const texts = Object.entries(options).filter(([, { type }]) => type === 'string');
    for (const [option] of texts) {
      const done = await troupe([...words, ...wordsOf(name), '--json', `--${option}`]);
      expect(done.code, option).toBe(2);
      expectError(done, 'cli.usage');
    }
  });

  it('refuses settings that do not fit, from a flag and from the environment', async () => {
    const { command, options } = rowOf(name);
    // a file is read first, doctor reports them, and release asks first for a run or --all
    const isOther =
      command.words.some((word) => word.includes('file')) ||
      ['doctor', 'runs release'].includes(name);
    if (!('store' in options) || isOther) return;
    for (const done of [
      await troupe([...words, ...wordsOf(name), '--json', '--store', 'disk']),
      await troupe([...words, ...wordsOf(name), '--json'], { TROUPE_NATS_PORT: 'many' }),
    ]) {
      expect(done.code).toBe(2);
      expectError(done, 'settings.invalid');
    }
  });

  it('says that a run is not there, and that a named folder has no log', async () => {
    const { command } = rowOf(name);
    if (command.words[0] !== 'run') return;
    const given = [...words, 'run_nobody', ...command.words.slice(1).map(() => 'something')];
    const done = await troupe([...given, '--json']);
    expect(done.code, done.stderr).toBe(3);
    expectError(done, 'run.not-found');
    const other = await troupe([...given, '--json', '--data-dir', 'typo']);
    expect(other.code).toBe(3);
    expectError(other, 'log.not-found');
  });

  it('says that a file cannot be read', async () => {
    const [word] = rowOf(name).command.words;
    if (word === undefined || !word.startsWith('file')) return;
    const done = await troupe([...words, join(folder, 'nosuch.yaml'), '--json']);
    expect(done.code).toBe(2);
    // `validate` reports it among the problems of its files
    if (name === 'validate')
      expect(done.json()).toMatchObject({ problems: [{ code: 'cli.file-unreadable' }] });
    else expectError(done, 'cli.file-unreadable');
  });
});

it.each(['run', 'graph', 'import wfformat', 'log import'])(
  'troupe %s says of a folder that it is one',
  async (name) => {
    const done = await troupe([...name.split(' '), folder, '--json']);
    expect(done.code).toBe(2);
    expectError(done, 'cli.file-unreadable');
    expect(done.json().error?.message).toBe(`cannot read ${folder}: it is a folder`);
    expect(done.json().error?.hint).toMatch(/^Name (a|the) file/);
  },
);

it.each([
  ['nosuch/export.json', 'there is no such file', 'Check that the folder exists'],
  ['.', 'it is a folder', 'Move the folder of this name away'],
])('troupe log export to %s says what is wrong with the name', async (name, reason, hint) => {
  const file = join(folder, name);
  const done = await troupe(['log', 'export', file, '--json']);
  expect(done.code).toBe(2);
  expectError(done, 'cli.file-unwritable');
  expect(done.json().error?.message).toBe(`cannot write ${file}: ${reason}`);
  expect(done.json().error?.hint).toContain(hint);
});

it('troupe projections rebuild names what it has made again', async () => {
  expect((await troupe(['projections', 'rebuild', 'runs'])).stdout).toMatch(
    /^runs: at position \d+\n$/,
  );
});

/** Lines that work on the log of this test, and what their document has. */
const documents: readonly [line: string, keys: string[]][] = [
  ['runs list', ['runs']],
  ['runs show RUN', ['runId', 'tasks']],
  ['runs watch RUN', ['runId', 'tasks']],
  ['replay RUN', ['runId', 'events', 'state']],
  ['replay RUN --verify', ['runId', 'ok', 'checks']],
  ['log verify', ['ok', 'commits', 'problems']],
  ['log stats', ['logId', 'commits']],
  ['log export FOLDER/export.json', ['file', 'logId']],
  ['log import FOLDER/export.json --data-dir FOLDER/restored', ['commits', 'events']],
  ['projections list', ['projections']],
  ['projections rebuild', ['projections']],
  ['agents', ['agents']],
  ['doctor', ['ok', 'findings', 'settings']],
  ['completion bash', ['shell', 'script']],
  ['completion words -- runs', ['candidates']],
  ['validate FOLDER/flow.yaml', ['valid', 'problems']],
  ['schema', ['properties']],
  ['help', ['commands']],
  ['--version', ['version']],
];

it.each(documents)('troupe %s --json prints one document and nothing else', async (line, keys) => {
  const [head = '', tail] = line.split(' -- ');
  const words = head.split(' ').map((word) => word.replace('RUN', runId).replace('FOLDER', folder));
  const rest = tail === undefined ? [] : ['--', ...tail.split(' ')];
  const done = await troupe([...words, '--json', ...rest]);
  expect(done.code, done.stderr).toBe(0);
  expect(done.stdout.trimEnd().split('\n').length === 1 || line === 'schema').toBe(true);
  expect(Object.keys(done.json())).toEqual(expect.arrayContaining(keys));
});

it.each(['runs list', 'agents', 'replay RUN', 'runs watch RUN', 'log tail'])(
  'troupe %s --jsonl prints a document a line',
  async (line) => {
    const words = line.split(' ').map((word) => word.replace('RUN', runId));
    const done = await troupe([...words, '--jsonl']);
    expect(done.code).toBe(0);
    const lines = done.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const text of lines) expect(JSON.parse(text)).toBeTypeOf('object');
  },
);

describe('unknown commands', () => {
  it.each([
    ['rnu', '`run`'],
    ['list', '`runs list`'],
    ['verify', '`log verify`'],
    ['--hlep', '`--help`'],
    ['hepl', '`help`'],
  ])('%s: did you mean %s', async (word, meant) => {
    const done = await troupe([word, '--json']);
    expect(done.code).toBe(2);
    expectError(done, 'cli.usage');
    expect(done.json().error?.hint).toBe(`Did you mean ${meant}?`);
  });
});

it('a group without its command says which there are', async () => {
  const done = await troupe(['runs', '--json']);
  expect(done.code).toBe(2);
  expectError(done, 'cli.usage');
  expect(done.json().error?.hint).toMatch(/^Commands are list, show, report, watch/);
  expect(await troupe(['runs'])).toMatchObject({ code: 2, stdout: '' });
});

it('a folder that cannot be made is an error at once', async () => {
  writeFileSync(join(folder, 'file'), '');
  // in /proc the file system's own recursive mkdir never returns
  const places = existsSync('/proc/self') ? ['/proc/troupe-test/x'] : [];
  for (const path of [...places, join(folder, 'file', 'below')]) {
    const done = await troupe(['run', join(folder, 'flow.yaml'), '--json', '--data-dir', path]);
    expect(done.code).toBe(1);
    expectError(done, 'log.io');
  }
}, 10_000);
