/** The real command as child processes, each in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

// A test of the command starts up to ten processes, one after the other. How long that takes is the machine's affair: on
// two cores with twenty other busy processes each needs seven seconds.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const BINARY = fileURLToPath(new URL('../../bin/troupe', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: tests look field by field into JSON documents of many shapes
export type Loose = any;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Stdout as JSON. */
  json(): Loose;
}

export interface Up {
  nats: string;
  pid: number;
  dataDir: string;
  stdout(): string;
  /** Ends it with a signal; resolves to its exit code (null when the signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A folder under the system's temporary one, with what was started in it. `dispose` ends and removes all of it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'troupe-e2e-'));
  private readonly children = new Set<ChildProcess>();

  write(name: string, text: string): string {
    writeFileSync(join(this.path, name), text);
    return name;
  }

  start(
    argv: readonly string[],
    environment: Record<string, string> = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    const { TROUPE_NATS_URL: _url, TROUPE_DATA_DIR: _dir, ...inherited } = process.env;
    const child = spawn(process.execPath, [BINARY, ...argv], {
      cwd: this.path,
      env: { ...inherited, ...environment },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  async troupe(
    argv: readonly string[],
    environment: Record<string, string> = {},
    input?: string,
  ): Promise<Finished> {
    const child = this.start(argv, environment, input === undefined ? 'ignore' : 'pipe');
    child.stdin?.end(input);
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...output, json: () => JSON.parse(output.stdout) };
  }

  /** `troupe up --json` on a free port; resolves when it can serve. */
  async up(...argv: string[]): Promise<Up> {
    const child = this.start(['up', '--json', '--nats-port', '0', ...argv]);
    const lines: string[] = [];
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    if (child.stdout === null) throw new Error('no stdout');
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    await Promise.race([once(reader, 'line'), once(child, 'exit')]);
    const [first] = lines;
    if (first === undefined) throw new Error(`up ended: ${stderr}`);
    const { nats, pid, dataDir } = JSON.parse(first) as {
      nats: string;
      pid: number;
      dataDir: string;
    };
    return {
      nats,
      pid,
      dataDir,
      stdout: () => lines.join('\n'),
      end: async (signal) => {
        const ended = once(child, 'exit');
        process.kill(pid, signal);
        return ((await ended) as [number | null])[0];
      },
    };
  }

  async dispose(): Promise<void> {
    for (const child of this.children) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const chain = `
name: chain
inputs: { who: { type: string, default: world } }
tasks:
  - { id: hello, agent: echo, parameters: { text: "hello \${inputs.who}" } }
  - { id: rest, agent: sleep, dependencies: [hello], parameters: { ms: 20, then: [1, 2, 3] } }
  - { id: each, agent: echo, dependencies: [rest], foreach: "\${rest.output}", as: n, parameters: { n: "\${n}" } }
outputs: { greeting: "\${hello.output.text}", all: "\${each.output}" }
`;

export const failing = `
name: failing
tasks:
  - { id: good, agent: echo, parameters: { n: 1 } }
  - { id: bad, agent: fail, dependencies: [good], parameters: { code: odd, retryable: false } }
`;
