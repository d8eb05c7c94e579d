/** `troupe validate` and `troupe schema` as commands: files, folders, stdin, documents, exit codes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { schemaCommand } from '../../src/cli/commands/schema.ts';
import { validateCommand } from '../../src/cli/commands/validate.ts';
import { helpOption } from '../../src/cli/common-options.ts';
import { readWorkflowFiles } from '../../src/cli/workflow-files.ts';
import { workflowJsonSchema } from '../../src/workflow/schema.ts';
import { memoryTerminal } from './memory-terminal.ts';

const GOOD = 'name: good\ninputs: {}\ntasks:\n  - { id: a, agent: echo }\n';
const OWN = GOOD.replace('echo', 'my-own');
const BAD = 'name: bad\ninputs: {}\ntasks:\n  - { id: a, agnet: echo }\n';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-validate-'));
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  for (const name of ['set', 'set/below', 'set/node_modules', 'set/.hidden', 'empty'])
    mkdirSync(join(folder, name));
  write('set/b.yaml', BAD);
  write('set/a.yml', GOOD);
  write('set/below/c.json', '{"name": "c", "tasks": [{"id": "a", "agent": "echo"}]}');
  write('set/settings.yaml', 'port: 1\n');
  write('set/node_modules/d.yaml', BAD);
  write('set/.hidden/e.yaml', BAD);
  write('own.yaml', OWN);
});

afterAll(() => rmSync(folder, { recursive: true }));

const validate = (...argv: string[]) => validateOn({}, ...argv);

async function validateOn(environment: Record<string, string>, ...argv: string[]) {
  const { terminal, stdout, stderr } = memoryTerminal({ environment });
  const { words, options } = validateCommand;
  const given = parseArguments([...argv, `--data-dir=${folder}`], {
    command: 'validate',
    words,
    options: { ...options, ...helpOption },
  });
  const code = await validateCommand.run({
    arguments: given,
    terminal,
    environment,
    workingDirectory: folder,
    commands: {},
  });
  await terminal.flush();
  return { code, stdout: stdout(), stderr: stderr() };
}

const at = (path: string) => join(folder, path);

describe('troupe validate --analyze', () => {
  beforeAll(() => {
    const tasks = [
      'a, agent: echo',
      'b, agent: echo, dependencies: [a]',
      'c, agent: echo, dependencies: [a, b]',
    ];
    writeFileSync(
      at('path.yaml'),
      `name: path\ntasks:\n${tasks.map((task) => `  - { id: ${task} }\n`).join('')}`,
    );
  });

  it('shows the analysis below the verdict', async () => {
    const { code, stdout } = await validate(at('path.yaml'), '--analyze');
    expect(code).toBe(0);
    const [verdict, ...lines] = stdout.trimEnd().split('\n');
    expect(verdict).toContain('"path" is valid, 3 tasks');
    expect(lines).toEqual([
      '  critical path  3 steps: a -> b -> c',
      '  width          1 task at once: c',
      '  steps          3 one after another; at least 3 with max_parallel 3, 3 without bound',
      '  needless       c waits for a already: a -> b -> c',
      '  proposed changes',
      '  1. remove `a` from the dependencies of `c`',
      '     nothing changes: it waits already, a -> b -> c',
      '  2. let `b` not wait for `a`, of which it uses nothing, if the order does not matter',
      '     the longest way is 2 steps in place of 3 steps',
      '  3. let `c` not wait for `b`, of which it uses nothing, if the order does not matter',
      '     the longest way is 2 steps in place of 3 steps',
    ]);
  });

  it('puts it into the document of --json, for valid files alone', async () => {
    const { stdout } = await validate(at('path.yaml'), at('set/b.yaml'), '--analyze', '--json');
    const { files } = JSON.parse(stdout);
    expect(files[0].analysis).toMatchObject({
      criticalPath: { tasks: ['a', 'b', 'c'], by: 'steps', steps: 3 },
      needless: [{ task: 'c', dependency: 'a', path: ['a', 'b', 'c'] }],
    });
    expect(files[1]).toMatchObject({ valid: false });
    expect(files[1].analysis).toBeUndefined();
  });
});

describe('troupe validate', () => {
  it('has colours where they are wanted on stdout', async () => {
    const { stdout } = await validateOn({ FORCE_COLOR: '1' }, at('set/b.yaml'));
    expect(stdout).toContain('\u001b[31merror\u001b[0m');
  });

  it('reads UTF-8 and UTF-16 with their marks; other bytes are no text', async () => {
    writeFileSync(at('mark.yaml'), `\ufeff${GOOD}`);
    writeFileSync(at('utf16.yaml'), Buffer.from(`\ufeff${GOOD}`, 'utf16le'));
    writeFileSync(at('latin1.yaml'), Buffer.from(`${GOOD}# caf\xe9\n`, 'latin1'));
    const { code, stdout } = await validate(at('mark.yaml'), at('utf16.yaml'), at('latin1.yaml'));
    expect(stdout).toContain('mark.yaml: "good" is valid');
    expect(stdout).toContain('utf16.yaml: "good" is valid');
    expect(stdout).toContain('latin1.yaml: line 5 is not UTF-8');
    expect(code).toBe(2);
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe in a folder', async () => {
    mkdirSync(at('pipes'));
    execFileSync('mkfifo', [at('pipes/a.yaml')]);
    writeFileSync(at('pipes/b.yaml'), GOOD);
    expect((await validate(at('pipes'))).code).toBe(0);
  });

  it('takes files and folders, and passes over what is no workflow', async () => {
    const { code, stdout, stderr } = await validate(at('own.yaml'), at('set'));
    expect(code).toBe(2);
    expect(stdout).toContain(`${at('set/b.yaml')}:4:14 error workflow.unknown-field`);
    expect(stdout).toContain('  4 |   - { id: a, agnet: echo }\n    |              ^^^^^\n');
    expect(stdout).toContain('"good" is valid, 1 task\n');
    expect(stdout).toContain(`${at('set/b.yaml')}: 2 errors\n`);
    expect(stdout).toContain('4 files, 3 valid\n');
    expect(stdout).not.toMatch(/node_modules|hidden/);
    expect(stderr).toBe('1 file without tasks passed over\n');
  });

  it('prints one document with totals, files and problems', async () => {
    const { code, stdout } = await validate(at('set'), at('nothing.yaml'), '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      errors: 3,
      warnings: 0,
      files: [
        { file: at('set/a.yml'), valid: true, name: 'good', tasks: 1, errors: 0, warnings: 0 },
        { file: at('set/b.yaml'), valid: false, errors: 2, warnings: 0 },
        { file: at('set/below/c.json'), valid: true },
        { file: at('nothing.yaml'), valid: false, errors: 1 },
      ],
      problems: [
        { file: at('set/b.yaml'), code: 'workflow.task-kind', line: 4 },
        {
          file: at('set/b.yaml'),
          code: 'workflow.unknown-field',
          severity: 'error',
          line: 4,
          column: 14,
          endColumn: 19,
          path: 'tasks[0].agnet',
          text: 'agnet',
          suggestion: 'agent',
        },
        { code: 'cli.file-unreadable', line: 0 },
      ],
    });
  });

  it('has the entry of a single file at the top too', async () => {
    const { stdout } = await validate(at('set/a.yml'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, name: 'good', tasks: 1, problems: [] });
  });

  it('warns of an agent that nobody is known to offer; --agent names it, --strict fails', async () => {
    const warned = await validate(at('own.yaml'));
    expect(warned.code).toBe(0);
    expect(warned.stdout).toContain('warning workflow.unknown-agent: there is no agent `my-own`');
    expect(warned.stdout).toContain('"good" is valid, 1 task, 1 warning');
    expect((await validate(at('own.yaml'), '--strict')).code).toBe(2);
    const named = await validate(at('own.yaml'), '--strict', '--agent', 'my-own');
    expect(named).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints SARIF', async () => {
    const { code, stdout } = await validate(at('set/b.yaml'), '--sarif');
    expect(code).toBe(2);
    const [run] = JSON.parse(stdout).runs;
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'workflow.task-kind',
      'workflow.unknown-field',
    ]);
    expect(run.artifacts).toEqual([{ location: { uri: 'set/b.yaml', uriBaseId: '%SRCROOT%' } }]);
  });

  it('goes on without an orchestrator that does not answer, and says so', async () => {
    const { code, stderr } = await validate(at('set/a.yml'), '--nats-url=nats://127.0.0.1:9');
    expect(code).toBe(0);
    expect(stderr).toContain('agents are not checked against an orchestrator');
  });

  it('refuses what makes no sense', async () => {
    await expect(validate(at('empty'))).rejects.toMatchObject({ code: 'cli.usage' });
    await expect(validate('x', '--json', '--sarif')).rejects.toMatchObject({ code: 'cli.usage' });
    await expect(validate()).rejects.toMatchObject({ code: 'cli.usage' });
  });
});

describe('files on the command line', () => {
  async function* stdin() {
    // A letter of two bytes, in two chunks.
    yield Buffer.from([0x6e, 0xc3]);
    yield Buffer.from([0xa4]);
  }

  it('can be stdin, once', async () => {
    const { files } = await readWorkflowFiles(['-', '-'], {
      stdin: stdin(),
      workingDirectory: '.',
    });
    expect(files).toEqual([{ file: '<stdin>', source: 'nä' }]);
  });
});

describe('troupe schema', () => {
  it.each([
    [[], '{\n  "title": "Troupe workflow",'],
    [['--yaml'], 'title: Troupe workflow\n'],
  ])('prints the schema: %j', async (argv, start) => {
    const { terminal, stdout } = memoryTerminal();
    const { words, options } = schemaCommand;
    const given = parseArguments(argv, { command: 'schema', words, options });
    const code = await schemaCommand.run({
      arguments: given,
      terminal,
      environment: {},
      workingDirectory: folder,
      commands: {},
    });
    await terminal.flush();
    expect(code).toBe(0);
    expect(stdout().startsWith(start)).toBe(true);
    if (argv.length === 0) expect(JSON.parse(stdout())).toEqual(workflowJsonSchema());
  });
});
