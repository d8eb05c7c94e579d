/** An empty project of somebody else, with the packed package installed in it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { npm, plainEnvironment } from './npm.ts';

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

const RUN_TIMEOUT_MS = 50_000;

export class Consumer {
  readonly path = mkdtempSync(join(tmpdir(), 'troupe-consumer-'));
  readonly #children = new Set<ChildProcess>();
  #runtime = process.execPath;

  /** Installs from the tarball, and other packages. Install scripts are off: nothing may need one. */
  install(tarball: string, ...more: string[]): void {
    const manifest = { private: true, type: 'module', allowScripts: { node: true } };
    this.write('package.json', JSON.stringify(manifest));
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    npm(['install', ...flags, tarball, ...more], { cwd: this.path });
  }

  /** The Node that `node` and `troupe` run on from now on; default: that of the tests. */
  use(runtime: string): void {
    this.#runtime = runtime;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** A path below the installed package. */
  installed(...names: string[]): string {
    return join(this.path, 'node_modules', 'troupe', ...names);
  }

  node(...args: string[]): Finished {
    return this.#run(this.#runtime, args);
  }

  /** The command as npm linked it, with the runtime first on the PATH. */
  troupe(...args: string[]): Finished {
    return this.#run(join(this.path, 'node_modules', '.bin', 'troupe'), args);
  }

  /** `troupe up` on a free port; resolves to its URL when it serves. */
  async up(): Promise<string> {
    const child = spawn(
      join(this.path, 'node_modules', '.bin', 'troupe'),
      ['up', '--json', '--nats-port', '0'],
      { cwd: this.path, env: this.#environment(), stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.#children.add(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return (JSON.parse(line.toString()) as { nats: string }).nats;
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(this.path, { recursive: true, force: true });
  }

  #environment(): Record<string, string | undefined> {
    const PATH = [dirname(this.#runtime), process.env['PATH']].join(delimiter);
    return { ...plainEnvironment(), PATH };
  }

  #run(command: string, args: readonly string[]): Finished {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.path,
      env: this.#environment(),
      encoding: 'utf8',
      timeout: RUN_TIMEOUT_MS,
    });
    return { code: status, stdout, stderr };
  }
}
