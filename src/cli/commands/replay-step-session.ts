/**
 * The commands of `replay --step`, as keys and as lines: what each does to the walker, and what is printed.
 * Results go to stdout; what only a person at the keyboard needs goes to stderr.
 */
import type { Envelope } from '../../events/envelope.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import { UsageError } from '../errors.ts';
import type { HistoryWalker } from '../history-walker.ts';
import { stateObject } from '../render/state-view.ts';
import { changeLines, eventLine } from '../render/step-text.ts';
import type { Terminal } from '../terminal.ts';
import { versionAt } from '../version-at.ts';
import { type Breakpoint, parseBreakpoint } from './replay-step-breakpoints.ts';

export const stepHelp = [
  'n, space, enter [COUNT]   next event            p, b [COUNT]   back one event',
  'c                         on to a breakpoint    r              back to a breakpoint',
  'g POINT                   go to a version, an ISO time, first, last, +10 or -10',
  '/ TEXT                    next event with this text; / alone looks on',
  's [PATH]                  the state here; under a path as tasks.build',
  'e                         the event here, as JSON',
  'B POINT                   set a breakpoint: task.failed, task.*, task:build; B alone lists them',
  'U [POINT]                 take a breakpoint away; U alone all of them',
  '?                         this help             q              quit',
];

type Words = Readonly<Record<string, string>>;
const COMMANDS: Words = {
  n: 'next',
  p: 'previous',
  b: 'previous',
  back: 'previous',
  c: 'continue',
  r: 'reverse',
  g: 'go',
  goto: 'go',
  '/': 'search',
  s: 'state',
  e: 'event',
  B: 'break',
  U: 'unbreak',
  '?': 'help',
  h: 'help',
  q: 'quit',
};
const NAMES = [...new Set(Object.values(COMMANDS))];

export class StepSession {
  readonly #walker: HistoryWalker;
  readonly #terminal: Terminal;
  readonly #taskIds: readonly string[];
  #breakpoints: Breakpoint[];
  #wanted = '';

  constructor(parts: {
    walker: HistoryWalker;
    terminal: Terminal;
    taskIds: readonly string[];
    breakpoints: readonly Breakpoint[];
  }) {
    this.#walker = parts.walker;
    this.#terminal = parts.terminal;
    this.#taskIds = parts.taskIds;
    this.#breakpoints = [...parts.breakpoints];
  }

  /** The event where the walker stands. */
  show(): void {
    const { changes } = this.#walker;
    this.#print(this.#walker.envelope);
    if (this.#isUnfolded()) return;
    for (const line of changeLines(changes, { start: this.#start, direction: 'forwards' }))
      this.#terminal.print(line);
  }

  /** Does one command line; false after the last one. Throws `cli.usage` for what it does not understand. */
  async take(line: string): Promise<boolean> {
    const trimmed = line.trim();
    const isSearch = trimmed.startsWith('/');
    const [word = 'next', ...rest] = isSearch ? ['/', trimmed.slice(1)] : trimmed.split(/\s+/);
    const name = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : word || 'next';
    const argument = rest.join(' ').trim();
    switch (name) {
      case 'next':
        await this.#step(countOf(argument));
        return true;
      case 'previous':
        await this.#step(-countOf(argument));
        return true;
      case 'continue':
      case 'reverse':
        await this.#continue(name);
        return true;
      case 'go':
        await this.#go(argument);
        return true;
      case 'search':
        await this.#search(argument);
        return true;
      case 'quit':
        return false;
      default:
        this.#tell(name ?? '', argument);
        return true;
    }
  }

  /** Commands that do not move. */
  #tell(name: string, argument: string): void {
    switch (name) {
      case 'state':
        this.#showState(argument);
        break;
      case 'event':
        this.#terminal.printJson(this.#walker.envelope);
        break;
      case 'break':
        this.#break(argument);
        break;
      case 'unbreak':
        this.#unbreak(argument);
        break;
      case 'help':
        for (const help of stepHelp) this.#terminal.print(help);
        break;
      default:
        throw new UsageError(
          `unknown command "${name}"`,
          didYouMean(name, NAMES, 'Write ? for the commands.'),
        );
    }
  }

  get #start(): number {
    return this.#walker.envelopes[0]?.at ?? 0;
  }

  #print(envelope: Envelope): void {
    const { last } = this.#walker;
    this.#terminal.print(eventLine(envelope, { last, start: this.#start }));
  }

  /** W2 of the walker: says so, once a step. */
  #isUnfolded(): boolean {
    const { broken, version } = this.#walker;
    if (broken === undefined || version < broken.version) return false;
    this.#terminal.print(
      `  (no state: event ${broken.version} cannot be folded: ${broken.reason})`,
    );
    return true;
  }

  async #step(by: number): Promise<void> {
    const { version, last } = this.#walker;
    const target = Math.max(1, Math.min(last, version + by));
    if (target === version) {
      this.#terminal.tell(by > 0 ? 'at the last event' : 'at the first event');
      return;
    }
    if (by === -1) await this.#undo();
    else await this.#walker.goTo(target);
    this.show();
  }

  /** A single step back shows what it takes away, then where it leads. */
  async #undo(): Promise<void> {
    const { changes, version, broken } = this.#walker;
    if (broken === undefined || version < broken.version) {
      this.#terminal.print(`undone ${version}`);
      for (const line of changeLines(changes, { start: this.#start, direction: 'backwards' }))
        this.#terminal.print(line);
    }
    await this.#walker.goTo(version - 1);
  }

  async #continue(name: 'continue' | 'reverse'): Promise<void> {
    const direction = name === 'continue' ? 'forwards' : 'backwards';
    const found = this.#walker.find(
      (envelope) => this.#breakpoints.some((point) => point.matches(envelope)),
      direction,
    );
    if (found === undefined) this.#terminal.tell('no breakpoint on the way');
    await this.#walker.goTo(found ?? (direction === 'forwards' ? this.#walker.last : 1));
    this.show();
  }

  async #go(point: string): Promise<void> {
    const { version, last } = this.#walker;
    if (point === '') throw new UsageError('go needs a point', 'Write g 12, g last or g +10.');
    const named: Readonly<Record<string, number>> = { first: 1, last };
    const relative = /^[+-]\d+$/.test(point) ? version + Number(point) : undefined;
    await this.#walker.goTo(named[point] ?? relative ?? versionAt(this.#walker.envelopes, point));
    this.show();
  }

  async #search(text: string): Promise<void> {
    this.#wanted = text === '' ? this.#wanted : text.toLowerCase();
    const wanted = this.#wanted;
    if (wanted === '') throw new UsageError('search needs a text', 'Write / and the text.');
    const found = this.#walker.find(
      ({ type, data }) => `${type} ${JSON.stringify(data)}`.toLowerCase().includes(wanted),
      'forwards',
    );
    if (found === undefined) {
      this.#terminal.tell(`no event after this one has "${wanted}"`);
      return;
    }
    await this.#walker.goTo(found);
    this.show();
  }

  #showState(path: string): void {
    const state = stateObject(this.#walker.view, path);
    if (Object.keys(state).length === 0) {
      const names = [...this.#walker.view.keys()];
      const otherwise = 'Write s for all of it.';
      throw new UsageError(`nothing is under ${path}`, didYouMean(path, names, otherwise));
    }
    this.#terminal.print(JSON.stringify(state, null, 2));
  }

  #break(text: string): void {
    if (text !== '') this.#breakpoints.push(parseBreakpoint(text, this.#taskIds));
    const texts = this.#breakpoints.map((point) => point.text);
    this.#terminal.print(`breakpoints: ${texts.join(', ') || 'none'}`);
  }

  #unbreak(text: string): void {
    const kept = text === '' ? [] : this.#breakpoints.filter((point) => point.text !== text);
    if (text !== '' && kept.length === this.#breakpoints.length)
      throw new UsageError(
        `there is no breakpoint ${text}`,
        `Set are: ${this.#breakpoints.map((point) => point.text).join(', ') || 'none'}.`,
      );
    this.#breakpoints = kept;
    this.#break('');
  }
}

function countOf(text: string): number {
  if (text === '') return 1;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new UsageError(`"${text}" is no number of events`, 'Write n 10 for ten events.');
}
