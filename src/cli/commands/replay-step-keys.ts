/**
 * Keys of a terminal as command lines of `replay --step`. Owns the raw mode of stdin while it is iterated.
 *
 * K1 However it ends, the terminal is given back as it was.
 * K2 Ctrl+C throws `cli.interrupted`; Ctrl+D and the end of the input end the iteration.
 */
import { emitKeypressEvents } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { InterruptedError } from '../errors.ts';

interface Key {
  sequence?: string;
  name?: string;
  ctrl?: boolean;
}

/** Keys that are commands as they are. */
const BY_NAME: Readonly<Record<string, string>> = {
  space: 'n',
  return: 'n',
  enter: 'n',
  right: 'n',
  down: 'n',
  left: 'p',
  up: 'p',
  home: 'g first',
  end: 'g last',
};
/** Keys that a text follows, up to enter. */
const WITH_TEXT: ReadonlySet<string> = new Set(['g', '/', 'B', 'U']);
const ALONE: ReadonlySet<string> = new Set([...'npbcrseq?h']);

/** What `keyCommands` needs of stdin. */
export type KeyInput = Pick<ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;

/** One command line after the other; `echo` shows what is being typed. */
export async function* keyCommands(
  input: KeyInput,
  echo: (text: string) => void,
): AsyncGenerator<string> {
  const keys: (Key | undefined)[] = [];
  let wake: () => void = () => undefined;
  const onKey = (_text: string | undefined, key: Key): void => {
    keys.push(key);
    wake();
  };
  const onEnd = (): void => {
    keys.push(undefined);
    wake();
  };
  const take = async (): Promise<Key | undefined> => {
    while (keys.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return keys.shift();
  };
  emitKeypressEvents(input as ReadStream);
  input.on('keypress', onKey);
  input.on('end', onEnd);
  input.setRawMode(true);
  input.resume();
  try {
    for (let key = await next(take); key !== undefined; key = await next(take)) {
      const command = await commandOf(key, take, echo);
      if (command !== undefined) yield command;
    }
  } finally {
    input.setRawMode(false);
    input.off('keypress', onKey);
    input.off('end', onEnd);
    input.pause();
  }
}

/** The next key; undefined at the end. */
async function next(take: () => Promise<Key | undefined>): Promise<Key | undefined> {
  const key = await take();
  if (key?.ctrl === true && key.name === 'c') throw new InterruptedError();
  return key?.ctrl === true && key.name === 'd' ? undefined : key;
}

async function commandOf(
  key: Key,
  take: () => Promise<Key | undefined>,
  echo: (text: string) => void,
): Promise<string | undefined> {
  const letter = key.sequence ?? '';
  const named = Object.hasOwn(BY_NAME, key.name ?? '') ? BY_NAME[key.name ?? ''] : undefined;
  if (named !== undefined) return named;
  if (ALONE.has(letter)) return letter;
  if (!WITH_TEXT.has(letter)) return undefined;
  return typedLine(letter, take, echo);
}

/** Letters up to enter; escape gives it up. */
async function typedLine(
  letter: string,
  take: () => Promise<Key | undefined>,
  echo: (text: string) => void,
): Promise<string | undefined> {
  let text = '';
  echo(`${letter} `);
  for (let key = await next(take); key !== undefined; key = await next(take)) {
    if (key.name === 'return' || key.name === 'enter') {
      echo('\n');
      return `${letter} ${text}`;
    }
    if (key.name === 'escape') break;
    if (key.name === 'backspace') {
      if (text !== '') echo('\b \b');
      text = [...text].slice(0, -1).join('');
    } else if (key.ctrl !== true && /^[^\p{Cc}]+$/u.test(key.sequence ?? '')) {
      text += key.sequence ?? '';
      echo(key.sequence ?? '');
    }
  }
  echo('\n');
  return undefined;
}
