/**
 * Draws a run again and again on a terminal while it goes on. What is drawn is `render/live-tree.ts`.
 *
 * D1 At most ten frames a second, also when the window is resized; a clock ticks once a second in between.
 * D2 However the process ends, the cursor is visible afterwards.
 */
import { now } from './clock.ts';
import { liveTree } from './render/live-tree.ts';
import type { RunView } from './render/run-view.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds between two frames. */
const FRAME_MS = 100;
/** How often elapsed times and countdowns move when nothing happens. */
const TICK_MS = 1_000;

export interface DisplayOptions {
  terminal: Terminal;
  view: RunView;
  runId: string;
  /** The command that says how to answer what waits for somebody. */
  inbox?: string;
}

export class LiveDisplay {
  /** Shown beside the run's state. */
  note: string | undefined;
  readonly #options: DisplayOptions;
  readonly #tick: NodeJS.Timeout;
  readonly #stops: (() => void)[] = [];
  #frame: NodeJS.Timeout | undefined;
  #lastFrameAt = Number.NEGATIVE_INFINITY;
  #isEnded = false;

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.#tick = setInterval(() => this.update(), TICK_MS);
    const showCursor = (): void => options.terminal.endBelow({ keep: true });
    this.#listen('exit', showCursor);
    this.#listen('SIGWINCH', () => this.update());
    if (process.platform === 'win32') return;
    this.#listen('SIGCONT', () => this.update());
    // Ctrl+Z: the shell gets a visible cursor; whoever listens must stop the process itself
    this.#listen('SIGTSTP', () => {
      showCursor();
      process.kill(process.pid, 'SIGSTOP');
    });
  }

  /** The view has changed: there is a new frame soon (D1). */
  update(): void {
    if (this.#isEnded || this.#frame !== undefined) return;
    const waitMs = Math.max(0, this.#lastFrameAt + FRAME_MS - performance.now());
    this.#frame = setTimeout(() => {
      this.#frame = undefined;
      this.#draw();
    }, waitMs);
  }

  /** The last frame stays. Calling it again does nothing. */
  end(): void {
    if (this.#isEnded) return;
    clearTimeout(this.#frame);
    clearInterval(this.#tick);
    this.#draw();
    this.#isEnded = true;
    for (const stop of this.#stops) stop();
    this.#options.terminal.endBelow({ keep: true });
  }

  #draw(): void {
    const { terminal, view, runId, inbox } = this.#options;
    this.#lastFrameAt = performance.now();
    const { columns, rows } = terminal.size();
    // one column and one row stay free: terminals wrap and scroll at the last ones
    const lines = liveTree(view, {
      runId,
      now: now(),
      columns: Math.max(1, columns - 1),
      rows: Math.max(2, rows - 1),
      hasColor: terminal.hasColor,
      hasUnicode: terminal.hasUnicode,
      note: this.note,
      ...(inbox === undefined ? {} : { inbox }),
    });
    terminal.drawBelow(lines);
  }

  #listen(event: 'exit' | 'SIGCONT' | 'SIGWINCH' | 'SIGTSTP', listener: () => void): void {
    process.on(event, listener);
    this.#stops.push(() => process.off(event, listener));
  }
}
