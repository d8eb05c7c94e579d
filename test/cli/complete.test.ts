/** What a shell is told may come next, from the same table as the help. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { commands } from '../../src/cli/commands.ts';
import { complete } from '../../src/cli/complete.ts';
import { main } from '../../src/cli/main.ts';
import { memoryTerminal } from './memory-terminal.ts';

async function next(...words: string[]): Promise<string[]> {
  const candidates = await complete(words, commands);
  return candidates.map((found) => ('ask' in found ? `:${found.ask}` : found.word));
}

// Length: a line a case.
describe('completion', () => {
  it('offers every command, and those of a group', async () => {
    expect(await next('')).toEqual([...Object.keys(commands), 'help']);
    expect(await next('ru')).toEqual(['run', 'runs']);
    expect(await next('runs', 'ca')).toEqual(['cancel']);
    expect(await next('help', 'wor')).toEqual(['worker']);
    expect(await next('--v')).toEqual(['--version']);
  });

  it('offers every option of every command', async () => {
    for (const { name, options } of await commandTable(commands)) {
      const wanted = Object.keys(options).map((option) => `--${option}`);
      expect(await next(...name.split(' '), '--'), name).toEqual(wanted);
    }
  });

  it.each([
    [['runs', 'show', ''], [':runs']],
    [['replay', '--verify', ''], [':runs']],
    [['runs', 'show', 'run_1', ''], []],
    [
      ['run', 'bug'],
      ['bug-fix', ':files'],
    ],
    [
      ['graph', 'an'],
      ['analyze-repository', ':files'],
    ],
    [['templates', 'code'], ['code-review']],
    [['validate', 'x'], [':files']],
    [['graph', '--format', 'm'], ['mermaid']],
    [['run', '--input-file', ''], [':files']],
    [['run', '--data-dir', ''], [':folders']],
    [['run', '--data-dir', 'x', 'z'], [':files']],
    [['run', '-i', ''], []],
    [['runs', 'list', '--status', 'fa'], ['failed']],
    [['runs', 'list', '--status=fa'], ['--status=failed']],
    [['runs', 'list', '--status', '=', 'fa'], ['failed']],
    [
      ['run', '--store', ''],
      ['level', 'memory'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'powershell'],
    ],
    [['nosuch', ''], []],
    [['runs', 'nosuch', ''], []],
  ])('after %j it offers %j', async (words, wanted) => {
    expect(await next(...words)).toEqual(wanted);
  });
});

describe('troupe completion', () => {
  const printed = async (...line: string[]) => {
    const { terminal, stdout, stderr } = memoryTerminal();
    const host = { terminal, environment: {}, workingDirectory: process.cwd() };
    const code = await main(['completion', ...line], host);
    process.exitCode = 0; // `main` sets it for a process that runs out of work
    return { code, stdout: stdout(), stderr: stderr() };
  };

  it.each(['bash', 'zsh', 'fish', 'powershell'])('has a script for %s', async (shell) => {
    const { code, stdout } = await printed(shell);
    expect(code).toBe(0);
    expect(stdout).toContain('completion words');
    expect(stdout).toContain('runs list --ids');
    // a shell that is here must at least be able to read it
    const read = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
    if (read.error === undefined && shell !== 'powershell') expect(read.stderr).toBe('');
  });

  it('prints candidates with what they do, one a line', async () => {
    expect((await printed('words', '--', 'wor')).stdout).toBe(
      'worker\tStart one more worker for a running orchestrator\n',
    );
    expect((await printed('words', '--', 'runs', 'show', '""')).stdout).toBe(':runs\n');
  });

  it('knows four shells', async () => {
    const done = await printed('bsh');
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('Did you mean `bash`?');
  });
});
