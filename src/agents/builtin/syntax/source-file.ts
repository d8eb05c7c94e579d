/** Reading source files: inside a root only, text only, bounded. */
import { realpath } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { AgentFailure } from '../../errors.ts';
import { invalidParameters } from '../../run-agent.ts';
import { openAtOnce } from '../regular-file.ts';

/** Larger files are generated or data; parsing them helps nobody. */
export const MAX_SOURCE_BYTES = 2 * 1024 * 1024;
/** A NUL within so many characters means that a file is no text. */
const SNIFFED = 8_192;
/** Tab, line feed, vertical tab, form feed, carriage return. */
const FIRST_SPACE = 9;
const LAST_SPACE = 13;
const FIRST_PRINTED = 32;
const MARKS = [
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
] as const;
const MINIFIED_CHARS = 10_000;
const MINIFIED_LINE = 20_000;
const MINIFIED_MEAN = 500;

/**
 * The path from `root` to `file` in POSIX form, and where it really is. Throws `agent.invalid-parameters` when it is
 * outside `root`, also by a symbolic link, and `file.not-found`.
 */
export async function locateInside(
  root: string,
  file: string,
): Promise<{ path: string; realPath: string }> {
  const base = resolve(root);
  const path = inside(base, resolve(base, file));
  if (path === undefined) throw outside(root, file);
  const realBase = await realpath(base).catch((error) => fail(error, root));
  const realPath = await realpath(resolve(base, file)).catch((error) => fail(error, file));
  if (inside(realBase, realPath) === undefined) throw outside(root, file);
  return { path, realPath };
}

/** The text of a file and, where it is not UTF-8, how it was read. */
export interface SourceText {
  text: string;
  encoding?: string;
}

/**
 * UTF-8, UTF-16 with a byte order mark, else Windows-1252, in which every byte means something. Throws
 * `file.not-found`, `file.unreadable`, `file.not-a-file`, `file.too-large`, `file.binary`; none is retryable.
 */
export async function readSource(realPath: string, shownPath: string): Promise<SourceText> {
  const handle = await openAtOnce(realPath).catch((error) => fail(error, shownPath));
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw failure('file.not-a-file', `${shownPath} is no regular file.`);
    if (facts.size > MAX_SOURCE_BYTES) {
      throw failure(
        'file.too-large',
        `${shownPath} has ${facts.size} bytes; the limit is ${MAX_SOURCE_BYTES}.`,
      );
    }
    const source = decode(await handle.readFile());
    if (isBinary(source)) throw failure('file.binary', `${shownPath} is no text.`);
    return source;
  } catch (error) {
    if (error instanceof AgentFailure) throw error;
    return fail(error, shownPath);
  } finally {
    await handle.close();
  }
}

/** No text has a NUL, and what is neither UTF-8 nor free of control characters is none either. */
function isBinary({ text, encoding }: SourceText): boolean {
  const start = text.slice(0, SNIFFED);
  if (start.includes('\0')) return true;
  if (encoding !== 'windows-1252') return false;
  for (let at = 0; at < start.length; at += 1) {
    const unit = start.charCodeAt(at);
    const isSpace = unit >= FIRST_SPACE && unit <= LAST_SPACE;
    if (unit < FIRST_PRINTED && !isSpace) return true;
  }
  return false;
}

function decode(bytes: Buffer): SourceText {
  for (const [encoding, first, second] of MARKS)
    if (bytes[0] === first && bytes[1] === second)
      return { text: new TextDecoder(encoding).decode(bytes), encoding };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    // Old sources of no declared encoding: every byte is a letter in this one.
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' };
  }
}

/**
 * True for text that a program wrote to be short: no person reads it, and its figures would only hide others. Lines of
 * 500 characters on average over 10 KB, or one of 20,000.
 */
export function isMinified(text: string): boolean {
  if (text.length < MINIFIED_CHARS) return false;
  let lines = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
    if (at - start > MINIFIED_LINE) return true;
    lines += 1;
    start = at + 1;
  }
  return text.length - start > MINIFIED_LINE || text.length / lines > MINIFIED_MEAN;
}

/** A failure that concerns one file and that no other attempt would change. */
export function failure(code: string, message: string): AgentFailure {
  return new AgentFailure({ code, message, retryable: false });
}

function inside(base: string, path: string): string | undefined {
  const way = relative(base, path);
  const leaves = way === '..' || way.startsWith(`..${sep}`) || resolve(base, way) !== path;
  return leaves ? undefined : way.split(sep).join('/');
}

function outside(root: string, file: string): AgentFailure {
  return invalidParameters(`file: ${file} is outside of ${root}.`, { root, file });
}

function fail(error: unknown, path: string): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    throw failure('file.not-found', `${path} does not exist.`);
  throw failure('file.unreadable', `${path} cannot be read (${code ?? String(error)}).`);
}
