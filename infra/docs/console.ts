/**
 * Runs the console blocks of a document, one document in one folder that looks like a checkout.
 *
 * S1 Blocks run in the order of the document. A block with `title=` is a file and is written first.
 * S2 Ports and run ids of the document stand for those of this run: the second id that is shown is the second that
 *    was made. The folder is shown as `~/troupe`.
 * S3 A command that ends with ` &` stays until the document ends. The next one starts when it has printed as many lines
 *    as the document shows; where that shows none, after 3 s at most.
 * S4 Every process that was started is ended with its whole group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePorts } from '../../test/support/free-ports.ts';
import { blocksOf, type Step, stepsOf } from './blocks.ts';

const root = join(import.meta.dirname, '..', '..');
/** What documents write; in place of each stands a free port. */
const PORTS = ['4222', '4333'];
/** Where package managers put servers, which is not always on the PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const RUN_ID = /\brun_[0-9a-z]+/g;
const SILENCE_MS = 3_000;
/** How long a background command may take for the lines that the document shows. */
const LINES_MS = 30_000;
const LOOK_MS = 20;
const SETTLE_MS = 150;
const COMMAND_MS = 60_000;

/** A step of the document, and what it printed now. */
export interface RanStep extends Step {
  line: number;
  /** As the document would show it. */
  printed: string;
  /** The command with the run ids of this run. */
  commandNow: string;
}

/** All console steps of a document, run. Rejects when a command does not end within a minute. */
export async function runDocument(text: string): Promise<RanStep[]> {
  const session = await Session.open(text);
  try {
    const ran: RanStep[] = [];
    for (const block of blocksOf(text)) {
      const title = block.attributes.get('title');
      if (title !== undefined) session.write(title, block.body);
      if (block.language !== 'console') continue;
      for (const step of stepsOf(block.body))
        ran.push({ ...step, line: block.line, ...(await session.run(step)) });
    }
    return ran;
  } finally {
    await session.close();
  }
}

class Session {
  private readonly folder = mkdtempSync(join(tmpdir(), 'troupe-docs-'));
  private readonly background: ChildProcess[] = [];
  private readonly ports = new Map<string, string>();
  /** Ids in the order in which the document shows them, and in which this run made them. */
  private readonly shownIds: string[];
  private readonly madeIds: string[] = [];

  private constructor(text: string) {
    const shown = blocksOf(text).filter(({ language }) => language === 'console');
    this.shownIds = [...new Set(shown.flatMap(({ body }) => body.match(RUN_ID) ?? []))];
  }

  static async open(text: string): Promise<Session> {
    const session = new Session(text);
    const free = await freePorts(PORTS.length);
    for (const [index, port] of PORTS.entries()) session.ports.set(port, String(free[index]));
    for (const name of ['bin', 'node_modules', 'package.json', 'src', 'infra'])
      symlinkSync(join(root, name), join(session.folder, name));
    cpSync(join(root, 'examples'), join(session.folder, 'examples'), { recursive: true });
    mkdirSync(join(session.folder, 'workflows'));
    for (const name of readdirSync(join(root, 'workflows')))
      symlinkSync(join(root, 'workflows', name), join(session.folder, 'workflows', name));
    return session;
  }

  write(path: string, body: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), this.withRealPorts(body));
  }

  async run(step: Step): Promise<{ printed: string; commandNow: string }> {
    const own = this.withMadeIds(step.command);
    const isBackground = own.endsWith(' &');
    const child = this.spawn(this.withRealPorts(isBackground ? own.slice(0, -2) : own));
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output.text += chunk.toString();
      });
    if (isBackground) {
      this.background.push(child);
      await spoken(child, { wanted: linesOf(step.output), printed: () => linesOf(output.text) });
    } else await ended(child, own);
    const printed = this.asShown(output.text);
    for (const id of printed.match(RUN_ID) ?? [])
      if (!this.madeIds.includes(id)) this.madeIds.push(id);
    return { printed, commandNow: own };
  }

  async close(): Promise<void> {
    for (const child of this.background) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      endGroup(child);
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private spawn(command: string): ChildProcess {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TROUPE_'));
    return spawn('bash', ['-c', `exec 2>&1; ${command}`], {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(inherited),
        NO_COLOR: '1',
        TZ: 'UTC',
        PYTHONUNBUFFERED: '1',
        TROUPE_NATS_PORT: this.ports.get('4222') ?? '0',
        PATH: [join(root, 'node_modules', '.bin'), process.env['PATH'], ...SERVER_FOLDERS].join(
          delimiter,
        ),
      },
    });
  }

  /** `run_1`, `run_2` are the first and second made; any other id stands for the one shown at its place. */
  private withMadeIds(command: string): string {
    return command.replaceAll(RUN_ID, (id) => {
      const index = /^run_\d{1,2}$/.test(id) ? Number(id.slice(4)) - 1 : this.shownIds.indexOf(id);
      return this.madeIds[index] ?? id;
    });
  }

  private withRealPorts(command: string): string {
    let text = command;
    for (const [shown, real] of this.ports)
      text = text.replaceAll(new RegExp(`\\b${shown}\\b`, 'g'), real);
    return text;
  }

  private asShown(text: string): string {
    let shown = text.replaceAll(this.folder, '~/troupe');
    for (const [port, real] of this.ports)
      shown = shown.replaceAll(new RegExp(`\\b${real}\\b`, 'g'), port);
    return shown.replaceAll(/[ \t]+$/gm, '').replace(/\n+$/, '');
  }
}

/** Resolves when the child has printed enough and then a moment has passed, has ended, or has been silent for long. */
async function spoken(
  child: ChildProcess,
  lines: { wanted: number; printed: () => number },
): Promise<void> {
  const patience = lines.wanted === 0 ? SILENCE_MS : LINES_MS;
  const deadline = performance.now() + patience;
  const isEnough = (): boolean => lines.printed() >= Math.max(1, lines.wanted);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!isEnough() && !hasEnded() && performance.now() < deadline) await pause(LOOK_MS);
  await pause(SETTLE_MS);
}

function linesOf(text: string): number {
  return text.split('\n').filter((line) => line !== '').length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function ended(child: ChildProcess, command: string): Promise<void> {
  const timer = setTimeout(() => endGroup(child), COMMAND_MS);
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') throw new Error(`\`${command}\` did not end within ${COMMAND_MS} ms`);
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
