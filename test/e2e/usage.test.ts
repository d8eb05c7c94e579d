/** What a person meets before anything runs: help, mistakes, validation. */
import { afterAll, describe, expect, it } from 'vitest';
import { isGroup } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { Folder } from './troupe.ts';

const folder = new Folder();
afterAll(() => folder.dispose());

describe('usage', () => {
  it('--version prints the version alone', async () => {
    expect(await folder.troupe(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });

  it('--help of every command has examples', async () => {
    for (const [name, entry] of Object.entries(commands)) {
      const loaded = await entry.load();
      const all = isGroup(loaded)
        ? Object.keys(loaded.commands).map((sub) => [name, sub])
        : [[name]];
      for (const command of isGroup(loaded) ? Object.values(loaded.commands) : [loaded])
        expect(command.examples.length).toBeGreaterThan(0);
      const done = await folder.troupe([...(all[0] ?? []), '--help']);
      expect(done).toMatchObject({ code: 0, stderr: '' });
      expect(done.stdout).toContain('Examples');
    }
  }, 360_000);

  it.each([
    [['rnu'], 'run'],
    [['run', 'x.yaml', '--jsno'], '--json'],
    [['runs', 'lsit'], 'list'],
  ])('%j exits with 2 and suggests %s', async (argv, meant) => {
    const done = await folder.troupe(argv);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain(`Did you mean \`${meant}\`?`);
  });

  it('invalid settings exit with 2 and their code', async () => {
    const done = await folder.troupe(['runs', 'list', '--json'], { TROUPE_STORE: 'disk' });
    expect(done.code).toBe(2);
    expect(done.json().error).toMatchObject({
      code: 'settings.invalid',
      details: { problems: [{ source: 'TROUPE_STORE' }] },
    });
  });

  it('validate reports every problem with line, column and code', async () => {
    folder.write(
      'bad.yaml',
      'name: bad\ntasks:\n  - { id: a, agent: echo, dependencies: [b] }\n  - { id: a, agnet: echo }\n',
    );
    const done = await folder.troupe(['validate', 'bad.yaml', '--json']);
    expect(done.code).toBe(2);
    const { problems } = done.json();
    expect(problems.length).toBeGreaterThan(2);
    for (const problem of problems)
      expect(problem).toMatchObject({
        file: 'bad.yaml',
        line: expect.any(Number),
        column: expect.any(Number),
        code: expect.any(String),
      });
    const run = await folder.troupe(['run', 'bad.yaml']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('code: workflow.invalid');
    expect(run.stderr).toContain('    |              ^^^^^\n  hint: Did you mean `agent`?');
    expect(run.stderr).toContain('bad.yaml');
  });

  it('a wrong input exits with 2', async () => {
    folder.write(
      'typed.yaml',
      'name: typed\ninputs: { n: { type: integer } }\ntasks: [{ id: a, agent: echo }]\n',
    );
    expect((await folder.troupe(['run', 'typed.yaml', '-i', 'n=many'])).code).toBe(2);
    expect((await folder.troupe(['run', 'typed.yaml'])).code).toBe(2);
    const unknown = await folder.troupe(['run', 'typed.yaml', '-i', 'n=1', '-i', 'm=1']);
    expect(unknown.stderr).toContain('  - inputs.m there is no input `m`');
  });

  it('a text is answered with the typed error of a planner that is not there', async () => {
    const done = await folder.troupe(['run', 'make it better', '--json']);
    expect(done.code).toBe(2);
    expect(done.json().error).toMatchObject({
      code: 'planning.unavailable',
      hint: expect.any(String),
    });
  });

  it('schema prints a JSON Schema, also as YAML', async () => {
    expect((await folder.troupe(['schema'])).json()).toMatchObject({
      properties: { tasks: expect.anything() },
    });
    expect((await folder.troupe(['schema', '--yaml'])).stdout).toMatch(/^\$schema: |^type: /m);
  });

  it('a reader that leaves early is no error', async () => {
    const child = folder.start(['schema']);
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(stderr).toBe('');
  });

  it('refuses a status that no run has, with the one that was meant', async () => {
    const done = await folder.troupe(['runs', 'list', '--status', 'suceeded']);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('Did you mean `succeeded`?');
  });

  it('verifies a whole run only', async () => {
    const done = await folder.troupe(['replay', 'run_0', '--verify', '--at', '4']);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('--verify looks at the whole run');
  });
});
