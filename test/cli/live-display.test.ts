/** Drawing again and again on a terminal: what stays, how often, and that the cursor comes back. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveDisplay } from '../../src/cli/live-display.ts';
import { RunView } from '../../src/cli/render/run-view.ts';
import { memoryTerminal } from './memory-terminal.ts';

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
const ERASE = '\u001b[J';
const framesIn = (text: string): number => text.split('demo running').length - 1;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function display(terminalOptions: Parameters<typeof memoryTerminal>[0] = {}) {
  const memory = memoryTerminal({
    isTTY: true,
    environment: { NO_COLOR: '1' },
    ...terminalOptions,
  });
  const view = new RunView();
  const definition = { name: 'demo', tasks: [{ id: 'a', dependencies: [] }] };
  view.take({ type: 'run.created', data: { name: 'demo', definition }, at: 0 });
  view.take({ type: 'run.started', data: {}, at: 0 });
  return { ...memory, view, shown: new LiveDisplay({ ...memory, view, runId: 'run_1' }) };
}

describe('the live display', () => {
  it('draws at most ten frames a second however much happens, and once a second when nothing does', () => {
    const { shown, stderr } = display();
    for (let at = 0; at < 1_000; at += 5) {
      shown.update();
      vi.advanceTimersByTime(5);
    }
    expect(framesIn(stderr())).toBeGreaterThanOrEqual(9);
    expect(framesIn(stderr())).toBeLessThanOrEqual(11);
    const before = framesIn(stderr());
    vi.advanceTimersByTime(3_000);
    expect(framesIn(stderr()) - before).toBeLessThanOrEqual(4);
    expect(framesIn(stderr()) - before).toBeGreaterThanOrEqual(2);
    shown.end();
  });

  it('hides the cursor once and shows it at the end; the last frame stays', () => {
    const { shown, stderr, terminal } = display();
    shown.update();
    vi.advanceTimersByTime(200);
    shown.end();
    shown.end();
    terminal.tell('error: interrupted');
    expect(stderr().split(HIDE)).toHaveLength(2);
    expect(stderr().split(SHOW)).toHaveLength(2);
    expect(stderr().endsWith(`${SHOW}error: interrupted\n`)).toBe(true);
  });

  it('shows the cursor when the process exits in between, and listens no more after its end', () => {
    const before = process.listenerCount('exit');
    const { shown, stderr } = display();
    shown.update();
    vi.advanceTimersByTime(200);
    const own = process.listeners('exit').at(-1) as (code: number) => void;
    own(130);
    expect(stderr().endsWith(SHOW)).toBe(true);
    shown.end();
    expect(process.listenerCount('exit')).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the block below', () => {
  it('is replaced, and what is told appears above it', () => {
    const { terminal, stderr } = memoryTerminal({ isTTY: true });
    terminal.drawBelow(['one', 'two']);
    terminal.tell('a warning');
    expect(stderr()).toBe(`${HIDE}one\ntwo\n\u001b[2A\r${ERASE}a warning\none\ntwo\n`);
    terminal.endBelow({ keep: false });
    expect(stderr().endsWith(`\u001b[2A\r${ERASE}${SHOW}`)).toBe(true);
  });

  it('moves out of the way of results only where both streams are the same screen', () => {
    const { terminal, stdout, stderr } = memoryTerminal({ isTTY: true });
    terminal.drawBelow(['one']);
    terminal.print('result');
    expect(stdout()).toBe('result\n');
    expect(stderr()).toContain(`\u001b[1A\r${ERASE}`);
  });

  it('is erased whole when a narrower window has wrapped its lines', () => {
    const { terminal, stderr, streams } = memoryTerminal({ isTTY: true, columns: 80 });
    terminal.drawBelow(['x'.repeat(75), '\u001b[31m'.concat('y'.repeat(30), '\u001b[0m')]);
    streams.stderr.columns = 40;
    terminal.drawBelow(['short']);
    expect(stderr()).toContain(`\u001b[3A\r${ERASE}short`);
  });
});

describe('what a terminal can do', () => {
  const of = (environment: Record<string, string>, isTTY = true, platform = 'linux') =>
    memoryTerminal({ isTTY, environment, platform }).terminal;

  it('is drawn on only where lines can be drawn again', () => {
    expect(of({ TERM: 'xterm' }).isLive).toBe(true);
    expect(of({ TERM: 'dumb' }).isLive).toBe(false);
    expect(of({ CI: 'true' }).isLive).toBe(false);
    expect(of({ CI: 'false' }).isLive).toBe(true);
    expect(of({}, false).isLive).toBe(false);
  });

  it('follows NO_COLOR and FORCE_COLOR, the latter before all', () => {
    expect(of({}).hasColor).toBe(true);
    expect(of({ TERM: 'dumb' }).hasColor).toBe(false);
    expect(of({ NO_COLOR: '1' }).hasColor).toBe(false);
    expect(of({ NO_COLOR: '1', FORCE_COLOR: '1' }).hasColor).toBe(true);
    expect(of({ FORCE_COLOR: '1' }, false)).toMatchObject({ hasColor: true, hasOutputColor: true });
    expect(of({ FORCE_COLOR: '0' }).hasColor).toBe(false);
  });

  it('is asked for more than ASCII only where it is known to show it', () => {
    expect(of({ LANG: 'en_GB.UTF-8' }).hasUnicode).toBe(true);
    expect(of({ LANG: 'C' }).hasUnicode).toBe(false);
    expect(of({ LANG: 'en_GB.UTF-8', TERM: 'linux' }).hasUnicode).toBe(false);
    expect(of({}, true, 'win32').hasUnicode).toBe(false);
    expect(of({ WT_SESSION: 'x' }, true, 'win32').hasUnicode).toBe(true);
  });
});
