/**
 * The two streams of the process. Owns how output reaches them; what is printed is decided elsewhere.
 *
 * T1 Results go to stdout, everything else to stderr.
 * T2 A closed pipe on stdout (EPIPE) ends output silently; it is no error of the command.
 * T3 Colour is for terminals; NO_COLOR and TERM=dumb switch it off, FORCE_COLOR switches it on (0: off) over both.
 * T4 `flush` resolves when everything written so far has left the process, so an exit cuts nothing off.
 * T5 Below what is printed on a terminal there may be a block of lines that is drawn again (`drawBelow`). Whatever is
 *    printed appears above it; nothing of it stays behind, also when the window was made narrower.
 * T6 On a terminal nothing that people or agents wrote acts: of control characters only line ends, tabs and colours
 *    are left. What is piped has every byte.
 */
import type { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { widthOf } from './render/painted.ts';

type Stream = Writable & { isTTY?: boolean; columns?: number; rows?: number };

export interface Terminal {
  readonly isInputTerminal: boolean;
  /** Colours on stderr are wanted. */
  readonly hasColor: boolean;
  /** Colours on stdout are wanted. */
  readonly hasOutputColor: boolean;
  /** Letters beyond ASCII can be shown. */
  readonly hasUnicode: boolean;
  /** Stderr is a terminal. */
  readonly isInteractive: boolean;
  /** Stderr is a terminal on which lines can be drawn again: not dumb, no CI. */
  readonly isLive: boolean;
  /** Stdout is a terminal. */
  readonly isOutputTerminal: boolean;
  /** Of the terminal on stderr, in letters. */
  size(): { columns: number; rows: number };
  /** A line for stdout. */
  print(line: string): void;
  /** JSON on one line of stdout. */
  printJson(value: unknown): void;
  /** A line for stderr. */
  tell(line: string): void;
  /** Replaces the block of lines below everything else (T5); only where `isLive`. No line may be wider than the terminal. */
  drawBelow(lines: readonly string[]): void;
  /** Takes the block away, or leaves it as it stands, and shows the cursor again. */
  endBelow(options: { keep: boolean }): void;
  /** Resolves once stdout can take more; for streams of lines. */
  drained(): Promise<void>;
  /** True after the reader of stdout went away. */
  readonly isClosed: boolean;
  /** True when stdout could not be written for another reason, such as a full disk: what was printed is lost. */
  readonly hasLostOutput: boolean;
  flush(): Promise<void>;
}

export interface TerminalStreams {
  stdout: Stream;
  stderr: Stream;
  stdin: { isTTY?: boolean };
  environment: Readonly<Record<string, string | undefined>>;
  /** `process.platform`; tests give another. */
  platform?: string;
}

const DEFAULT_SIZE = { columns: 80, rows: 24 };
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_DOWN = '\u001b[J';

/** A terminal over the given streams; `process` in `main`, memory streams in tests. */
export function createTerminal(streams: TerminalStreams): Terminal {
  return new StreamTerminal(streams);
}

class StreamTerminal implements Terminal {
  readonly isInputTerminal: boolean;
  readonly hasColor: boolean;
  readonly hasOutputColor: boolean;
  readonly hasUnicode: boolean;
  readonly isInteractive: boolean;
  readonly isLive: boolean;
  readonly isOutputTerminal: boolean;
  isClosed = false;
  hasLostOutput = false;
  private readonly streams: TerminalStreams;
  /** The block as it stands on the screen. */
  private below: readonly string[] = [];
  private isCursorHidden = false;

  constructor(streams: TerminalStreams) {
    const { environment } = streams;
    const isDumb = environment['TERM'] === 'dumb';
    this.streams = streams;
    this.isInputTerminal = streams.stdin.isTTY === true;
    this.isOutputTerminal = streams.stdout.isTTY === true;
    this.isInteractive = streams.stderr.isTTY === true;
    this.isLive = this.isInteractive && !isDumb && !isSet(environment['CI']);
    this.hasColor = wantsColor(environment, this.isInteractive && !isDumb);
    this.hasOutputColor = wantsColor(environment, this.isOutputTerminal && !isDumb);
    this.hasUnicode = knowsUnicode(environment, streams.platform ?? process.platform);
    streams.stdout.on('error', (error: NodeJS.ErrnoException) => this.onOutputError(error));
    streams.stderr.on('error', () => undefined);
  }

  size(): { columns: number; rows: number } {
    const { columns, rows } = this.streams.stderr;
    return {
      columns: columns === undefined || columns < 1 ? DEFAULT_SIZE.columns : columns,
      rows: rows === undefined || rows < 1 ? DEFAULT_SIZE.rows : rows,
    };
  }

  print(line: string): void {
    if (this.isClosed) return;
    const text = this.isOutputTerminal ? `${harmless(line)}\n` : `${line}\n`;
    if (this.below.length === 0 || !this.isOutputTerminal) this.streams.stdout.write(text);
    else this.aboveBlock(() => this.streams.stdout.write(text));
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  tell(line: string): void {
    const text = this.isInteractive ? `${harmless(line)}\n` : `${line}\n`;
    if (this.below.length === 0) this.streams.stderr.write(text);
    else this.aboveBlock(() => this.streams.stderr.write(text));
  }

  drawBelow(lines: readonly string[]): void {
    const { stderr } = this.streams;
    const hide = this.isCursorHidden ? '' : HIDE_CURSOR;
    this.isCursorHidden = true;
    stderr.write(`${hide}${this.eraser()}${lines.map((line) => `${line}\n`).join('')}`);
    this.below = [...lines];
  }

  endBelow({ keep }: { keep: boolean }): void {
    const erase = keep ? '' : this.eraser();
    const show = this.isCursorHidden ? SHOW_CURSOR : '';
    if (erase + show !== '') this.streams.stderr.write(erase + show);
    this.isCursorHidden = false;
    this.below = [];
  }

  /** Both streams are the same screen here. */
  private aboveBlock(write: () => void): void {
    const block = this.below;
    this.streams.stderr.write(this.eraser());
    this.below = [];
    write();
    this.drawBelow(block);
  }

  /** Goes to the first line of the block and erases from there. Lines that a narrower window has wrapped count more. */
  private eraser(): string {
    const { columns } = this.size();
    let rows = 0;
    for (const line of this.below)
      rows += Math.max(1, Math.ceil(widthOf(withoutStyle(line)) / columns));
    return rows === 0 ? '' : `\u001b[${rows}A\r${ERASE_DOWN}`;
  }

  async drained(): Promise<void> {
    const { stdout } = this.streams;
    if (this.isClosed || !stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdout.off('drain', done);
        stdout.off('close', done);
        stdout.off('error', done);
        resolve();
      };
      stdout.on('drain', done);
      stdout.on('close', done);
      stdout.on('error', done);
    });
  }

  async flush(): Promise<void> {
    const { stdout, stderr } = this.streams;
    await Promise.all([written(stdout), written(stderr)]);
    // The event of a failed write comes a moment after it.
    if (stdout.errored && !this.isClosed) await new Promise((resolve) => setImmediate(resolve));
  }

  private onOutputError(error: NodeJS.ErrnoException): void {
    this.isClosed = true;
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
    this.hasLostOutput = true;
    this.tell(`cannot write to stdout: ${error.message}`);
  }
}

function written(stream: Stream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

/** https://force-color.org and https://no-color.org; the former wins. */
function wantsColor(environment: TerminalStreams['environment'], isCapable: boolean): boolean {
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return isSet(forced);
  return isCapable && !environment['NO_COLOR'];
}

/** Consoles of Windows outside Windows Terminal and editors may not; elsewhere the locale says it. */
function knowsUnicode(environment: TerminalStreams['environment'], platform: string): boolean {
  if (platform === 'win32')
    return environment['WT_SESSION'] !== undefined || environment['TERM_PROGRAM'] === 'vscode';
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'];
  return environment['TERM'] !== 'linux' && (platform === 'darwin' || /utf-?8/i.test(locale ?? ''));
}

/** Colours first, so that they are found whole; then every other control character and marks that turn the writing. */
const ACTING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\[[0-9;]*m|\r\n|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text without what a terminal would act on, colours apart; each such character is shown as one mark. */
function harmless(text: string): string {
  return text.replace(ACTING, (found) => (found.length > 1 ? found : '\ufffd'));
}

function withoutStyle(line: string): string {
  return line.includes('\u001b') ? stripVTControlCharacters(line) : line;
}
