/**
 * The two streams of the process. Owns how output reaches them; what is printed is decided elsewhere.
 *
 * T1 Results go to stdout, everything else to stderr.
 * T2 A closed pipe on stdout (EPIPE) ends output silently; it is no error of the command.
 * T3 No colour where NO_COLOR is set or the stream is no terminal.
 * T4 `flush` resolves when everything written so far has left the process, so an exit cuts nothing off.
 */
import type { Writable } from 'node:stream';

type Stream = Writable & { isTTY?: boolean; columns?: number };

export interface Terminal {
  readonly isInputTerminal: boolean;
  /** Colours on stderr are wanted. */
  readonly hasColor: boolean;
  /** Stderr is a terminal. */
  readonly isInteractive: boolean;
  /** A line for stdout. */
  print(line: string): void;
  /** JSON on one line of stdout. */
  printJson(value: unknown): void;
  /** A line for stderr. */
  tell(line: string): void;
  /** Resolves once stdout can take more; for streams of lines. */
  drained(): Promise<void>;
  /** True after the reader of stdout went away. */
  readonly isClosed: boolean;
  flush(): Promise<void>;
}

export interface TerminalStreams {
  stdout: Stream;
  stderr: Stream;
  stdin: { isTTY?: boolean };
  environment: Readonly<Record<string, string | undefined>>;
}

/** A terminal over the given streams; `process` in `main`, memory streams in tests. */
export function createTerminal(streams: TerminalStreams): Terminal {
  return new StreamTerminal(streams);
}

class StreamTerminal implements Terminal {
  readonly isInputTerminal: boolean;
  readonly hasColor: boolean;
  readonly isInteractive: boolean;
  isClosed = false;
  private readonly streams: TerminalStreams;

  constructor(streams: TerminalStreams) {
    this.streams = streams;
    this.isInputTerminal = streams.stdin.isTTY === true;
    this.isInteractive = streams.stderr.isTTY === true;
    this.hasColor =
      this.isInteractive &&
      !streams.environment['NO_COLOR'] &&
      streams.environment['TERM'] !== 'dumb';
    streams.stdout.on('error', (error: NodeJS.ErrnoException) => this.onOutputError(error));
    streams.stderr.on('error', () => undefined);
  }

  print(line: string): void {
    if (!this.isClosed) this.streams.stdout.write(`${line}\n`);
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  tell(line: string): void {
    this.streams.stderr.write(`${line}\n`);
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
    await Promise.all([written(this.streams.stdout), written(this.streams.stderr)]);
  }

  private onOutputError(error: NodeJS.ErrnoException): void {
    this.isClosed = true;
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED')
      this.tell(`cannot write to stdout: ${error.message}`);
  }
}

function written(stream: Stream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => stream.write('', () => resolve()));
}
