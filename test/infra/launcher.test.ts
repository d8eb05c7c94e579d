/** The command's launcher (bin/troupe): B1 to B3, with real processes and an older Node where there is one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const olderNode = (process.env.PATH ?? '')
  .split(delimiter)
  .concat('/usr/bin', '/usr/local/bin')
  .map((folder) => join(folder, 'node'))
  .find((path) => {
    if (!existsSync(path)) return false;
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
    const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
    return major >= 18 && major < 24;
  });

/** Stands for the command: prints what a test asks about, then does what its argument says. */
const FAKE_MAIN = `
export async function main(argv: string[]): Promise<number> {
  const [act, value] = argv;
  process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(7); });
  console.log(JSON.stringify({ pid: process.pid, node: process.version, wrapped: process.env.TROUPE_WRAPPED, argv }));
  if (act === 'throw') throw new Error('a defect');
  if (act === 'kill') process.kill(process.pid, 'SIGKILL');
  if (act === 'wait') await new Promise((resolve) => setTimeout(resolve, 30_000));
  return Number(value ?? 0);
}
`;

let checkout: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'troupe-launcher-'));
  cpSync(join(root, 'bin'), join(checkout, 'bin'), { recursive: true });
  mkdirSync(join(checkout, 'src', 'cli'), { recursive: true });
  writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');
  writeFileSync(join(checkout, 'src', 'cli', 'main.ts'), FAKE_MAIN);
  mkdirSync(join(checkout, 'node_modules'));
  symlinkSync(join(root, 'node_modules', 'node'), join(checkout, 'node_modules', 'node'));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(checkout, { recursive: true, force: true });
});

function launch(node: string, ...args: string[]): ChildProcess {
  return launchAt(checkout, node, ...args);
}

function launchAt(folder: string, node: string, ...args: string[]): ChildProcess {
  const command = [join(folder, 'bin', 'troupe'), ...args];
  const child = spawn(node, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

async function end(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

/** Waits until the command speaks: it runs, and listens to signals. */
async function firstLine(child: ChildProcess): Promise<void> {
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
}

describe('troupe on a runtime that is new enough', () => {
  it('runs in this process, passes arguments, and prints no warning', async () => {
    const child = launch(process.execPath, 'end', '5');
    const { code, stdout, stderr } = await end(child);
    expect({ code, stderr }).toEqual({ code: 5, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ pid: child.pid, argv: ['end', '5'] });
  });

  it('ends with 1 and the evidence when main throws', async () => {
    const { code, stderr } = await end(launch(process.execPath, 'throw'));
    expect(code).toBe(1);
    expect(stderr).toContain('a defect');
  });
});

describe.runIf(olderNode)('troupe on an older Node', () => {
  const older = olderNode ?? '';

  it('runs on the pinned runtime and keeps the exit code (B1)', async () => {
    const { code, stdout } = await end(launch(older, 'end', '124'));
    expect(code).toBe(124);
    expect(JSON.parse(stdout)).toMatchObject({ wrapped: '1' });
    expect(JSON.parse(stdout).node).toMatch(/^v2[4-9]\./);
  });

  it('dies of the signal its child died of (B1)', async () => {
    expect(await end(launch(older, 'kill'))).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('passes a signal on (B2)', async () => {
    const child = launch(older, 'wait');
    await firstLine(child);
    child.kill('SIGTERM');
    expect(await end(child)).toMatchObject({ code: 7, stdout: 'SIGTERM\n' });
  });

  it('leaves no child behind when it is killed (B3)', async () => {
    const child = launch(older, 'wait');
    await firstLine(child);
    child.kill('SIGKILL');
    // The pipe closes when the last process that holds it, the child, has ended.
    expect(await end(child)).toMatchObject({ signal: 'SIGKILL', stdout: 'SIGTERM\n' });
  });

  it('says what to do when the runtime is not there', async () => {
    rmSync(join(checkout, 'node_modules', 'node'));
    const { code, stderr } = await end(launch(older));
    expect(code).toBe(1);
    expect(stderr).toContain('npm ci');
  });
});

describe('troupe where it was installed', () => {
  let modules: string;
  let installed: string;

  beforeEach(() => {
    modules = join(checkout, 'project', 'node_modules');
    installed = join(modules, 'troupe');
    mkdirSync(join(installed, 'dist', 'cli'), { recursive: true });
    cpSync(join(root, 'bin'), join(installed, 'bin'), { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{"type":"module"}');
    const plain = FAKE_MAIN.replace('argv: string[]', 'argv').replace('): Promise<number>', ')');
    writeFileSync(join(installed, 'dist', 'cli', 'main.js'), plain);
  });

  it('runs dist and keeps compiled code beside the packages', async () => {
    const { code, stderr } = await end(launchAt(installed, process.execPath, 'end', '5'));
    expect({ code, stderr }).toEqual({ code: 5, stderr: '' });
    expect(readdirSync(join(modules, '.cache', 'troupe'))).not.toEqual([]);
  });

  it.runIf(olderNode)('says what to do on an older Node', async () => {
    const { code, stderr } = await end(launchAt(installed, olderNode ?? ''));
    expect(code).toBe(1);
    expect(stderr).toContain('needs Node 24 or later');
    expect(stderr).toContain('npm install node@24');
    expect(stderr).not.toContain('checkout');
  });

  it.runIf(olderNode)('runs on the runtime of the project, if it has one', async () => {
    symlinkSync(join(root, 'node_modules', 'node'), join(modules, 'node'));
    const { code, stdout } = await end(launchAt(installed, olderNode ?? '', 'end', '3'));
    expect(code).toBe(3);
    expect(JSON.parse(stdout).node).toMatch(/^v2[4-9]\./);
  });
});
