/** A Node process under test: started from a file of this folder, killed by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** The first line that a process prints. */
export type FirstLine = Record<string, unknown>;

export interface Child {
  readonly pid: number;
  readonly isRunning: boolean;
  /** What it said on stderr, the last 20,000 characters. */
  readonly stderr: string;
  /** Its first line; rejects when it ends without one. */
  readonly first: Promise<FirstLine>;
  /** Resolves to the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
}

const KEPT_STDERR = 20_000;

/**
 * Starts `node [flags] test/crash/<script> <settings as JSON>`. `shellPrefix` runs it under bash after these
 * commands, for limits such as `ulimit -f`.
 */
export function startChild(
  script: string,
  settings: object,
  options: { flags?: readonly string[]; shellPrefix?: string } = {},
): Child {
  const args = [
    ...(options.flags ?? []),
    join(import.meta.dirname, script),
    JSON.stringify(settings),
  ];
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child =
    options.shellPrefix === undefined
      ? spawn(process.execPath, args, { stdio })
      : spawn(
          'bash',
          ['-c', `${options.shellPrefix}; exec "$@"`, 'bash', process.execPath, ...args],
          { stdio },
        );
  return wrap(child, script);
}

function wrap(child: ChildProcess, script: string): Child {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(-KEPT_STDERR);
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const first = firstLineOf(child, () => `${script} ended before it said anything: ${stderr}`);
  first.catch(() => undefined); // whoever waits for it has the error
  return {
    pid: child.pid as number,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    get stderr() {
      return stderr;
    },
    first,
    exited,
    kill9: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

function firstLineOf(child: ChildProcess, explain: () => string): Promise<FirstLine> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end !== -1) resolve(JSON.parse(text.slice(0, end)) as FirstLine);
    });
    child.once('close', () => reject(new Error(explain())));
  });
}
