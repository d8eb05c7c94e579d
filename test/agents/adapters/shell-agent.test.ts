import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { shellAgent } from '../../../src/agents/adapters/shell-agent.ts';
import { shell } from '../../../src/agents/builtin/shell.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import {
  type Attempt,
  failureOf as failed,
  outputOf as output,
  realContext,
} from '../agent-context.ts';

const node = process.execPath;
const folder = mkdtempSync(join(tmpdir(), 'troupe-shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Output = {
  exitCode: number;
  stdout: string;
  stderr: string;
  truncated: boolean;
  durationMs: number;
};
const real = (): Attempt => ({ context: realContext() });
const outputOf = (parameters: JsonObject, options = real()) =>
  output<Output>(shell, parameters, options);
const failureOf = (parameters: JsonObject, options = real()) => failed(shell, parameters, options);
const script = (code: string, more: JsonObject = {}): JsonObject => ({
  command: node,
  args: ['-e', code],
  ...more,
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody reaps is dead as well.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves with the numbers in a file, once it has `count` lines. */
async function pidsIn(file: string, count: number): Promise<number[]> {
  for (let look = 0; look < 500; look += 1) {
    const lines = await import('node:fs/promises').then((fs) =>
      fs.readFile(file, 'utf8').catch(() => ''),
    );
    const pids = lines.split('\n').filter(Boolean).map(Number);
    if (pids.length >= count) return pids;
    await realContext().sleep(10);
  }
  throw new Error('The command did not start.');
}

/** A parent and its child, both deaf to SIGTERM; they write their pids to `file`. */
function stubbornFamily(file: string): JsonObject {
  const deaf = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
    require('node:fs').appendFileSync(${JSON.stringify(file)}, process.pid + '\\n');`;
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}], { stdio: 'inherit' }); ${deaf}`;
  return script(parent);
}

describe('what a command gives back', () => {
  it('is its exit code, both streams and the time it took', async () => {
    const result = await outputOf(script(`console.log('out'); console.error('err')`));
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    });
    expect(result.durationMs).toBeGreaterThan(0);
  });
  it('passes stdin, cwd and environment', async () => {
    const code = `process.stdin.on('data', (d) => console.log(process.cwd(), process.env.GREETING, process.env.HOME ?? 'no home', String(d)))`;
    const result = await outputOf(
      script(code, { stdin: 'hello', cwd: folder, env: { GREETING: 'hi', HOME: null } }),
    );
    expect(result.stdout).toContain(`hi no home hello`);
    expect(result.stdout).toContain(folder.split('/').pop());
  });
  it('survives a command that does not read its input', async () => {
    expect((await outputOf(script('', { stdin: 'x'.repeat(1_000_000) }))).exitCode).toBe(0);
  });
  it('replaces invalid UTF-8', async () => {
    const result = await outputOf(script(`process.stdout.write(Buffer.from([0x61, 0xff, 0x62]))`));
    expect(result.stdout).toBe('a\ufffdb');
  });
  it('is cut at max_output and flagged, never in the middle of a character, and the command is not blocked', async () => {
    const code = `process.stdout.write('é'.repeat(2_000_000), () => console.error('finished'))`;
    const result = await outputOf(script(code, { max_output: 1001 }));
    expect(result).toMatchObject({ exitCode: 0, truncated: true, stderr: 'finished\n' });
    expect(result.stdout).toBe('é'.repeat(500));
  });
});

describe('a command line', () => {
  it('never reaches a shell unless one is asked for', async () => {
    const line = `'${node}' -p "process.argv.slice(1).join('|')" a;b '$HOME' \`x\` *`;
    expect((await outputOf({ command: line })).stdout).toBe('a;b|$HOME|`x`|*\n');
  });
  it('is a script with shell: true', async () => {
    expect((await outputOf({ command: 'A=1; echo $((A+1)) | cat', shell: true })).stdout).toBe(
      '2\n',
    );
  });
  it('refuses an open quote, and args beside shell', async () => {
    expect(await failureOf({ command: 'echo "a' })).toMatchObject({
      code: 'agent.invalid-parameters',
      retryable: false,
    });
    expect(await failureOf({ command: 'echo', args: ['a'], shell: true })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
  });
});

describe('a command that fails', () => {
  it('says its exit code and the end of its standard error', async () => {
    const failure = await failureOf(
      script(`console.error('x'.repeat(5000) + 'the reason'); process.exitCode = 3`),
    );
    expect(failure).toMatchObject({ code: 'shell.exit', retryable: false });
    expect(failure.message).toMatch(/^The command exited with 3: x+the reason$/);
    expect(failure.message.length).toBeLessThan(2_100);
  });
  it('is retryable when the task says so', async () => {
    expect(await failureOf(script('process.exit(1)', { retryable: true }))).toMatchObject({
      retryable: true,
    });
  });
  it('names the signal that ended it', async () => {
    expect((await failureOf(script(`process.kill(process.pid, 'SIGKILL')`))).message).toContain(
      'SIGKILL',
    );
  });
  it('tells a missing command from a missing directory and from a file that is no program', async () => {
    expect(await failureOf({ command: 'no-such-command-here' })).toMatchObject({
      code: 'shell.not-found',
      retryable: false,
    });
    expect((await failureOf({ command: node, cwd: join(folder, 'missing') })).code).toBe(
      'shell.cwd-not-found',
    );
    expect((await failureOf({ command: folder })).code).toBe('shell.not-executable');
  });
  it('refuses unknown and wrong parameters by path', async () => {
    const failure = await failureOf({ command: 'x', timeout: 'soon', tiemout: 1 });
    expect(failure.code).toBe('agent.invalid-parameters');
    expect(failure.message).toContain('timeout: ');
    expect(failure.message).toContain('tiemout');
  });
});

describe('time and cancellation', () => {
  it('ends a command at its timeout, with what it started, deaf to SIGTERM or not', async () => {
    const file = join(folder, 'timeout.pids');
    const failure = await failureOf({ ...stubbornFamily(file), timeout: '600ms' });
    expect(failure).toMatchObject({ code: 'shell.timeout', retryable: true });
    const pids = await pidsIn(file, 2);
    expect(pids.filter(isAlive)).toEqual([]);
  });
  it('ends the whole group when the attempt is canceled', async () => {
    const file = join(folder, 'cancel.pids');
    const controller = new AbortController();
    const pending = failed(shell, stubbornFamily(file), {
      context: realContext(controller.signal),
    });
    const pids = await pidsIn(file, 2);
    expect(pids.every(isAlive)).toBe(true);
    controller.abort();
    expect(await pending).toMatchObject({ code: 'agent.canceled' });
    expect(pids.filter(isAlive)).toEqual([]);
  });
  it('leaves nothing running in the background after a command that ended well', async () => {
    const result = await outputOf({ command: 'sleep 300 & echo $!', shell: true });
    expect(isAlive(Number(result.stdout))).toBe(false);
  });
  it('starts nothing when it was canceled before', async () => {
    const context = realContext(AbortSignal.abort());
    expect(await failed(shell, script(''), { context })).toMatchObject({ code: 'agent.canceled' });
  });
});

describe('shellAgent', () => {
  it('makes an agent of a command whose defaults a task may override', async () => {
    const greeter = shellAgent({
      name: 'greeter',
      defaults: { command: node, args: ['-p', '"hi " + process.env.WHO'], env: { WHO: 'you' } },
    });
    expect((await output<Output>(greeter, {}, real())).stdout).toBe('hi you\n');
    expect((await output<Output>(greeter, { env: { WHO: 'me' } }, real())).stdout).toBe('hi me\n');
  });
});
