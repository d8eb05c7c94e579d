/**
 * Text of files that people wrote: UTF-8 with or without a mark, UTF-16 with one. Bytes that are neither are an error,
 * with their line: read in another way they would become other letters, and nobody would be told.
 *
 * F1 Reading ends: devices, sockets and named pipes are refused before they are opened, and whatever is opened is read
 *    up to `MAX_BYTES`.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { UnfitFileError } from './errors.ts';

const LF = 10;
const MARKS = [
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
] as const;

const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** The pipes that a shell makes for `<(command)` and `|`: somebody writes to them. */
const SHELL_PIPE = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/;

/** Throws what the file system throws, and `UnfitFileError` for what is no file, is too large, or is no text. */
export function readTextFile(path: string): string {
  assertFile(path, statSync(path));
  const descriptor = openSync(path, 'r');
  try {
    const file = new BoundedBytes();
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(descriptor, chunk);
      if (count === 0) return textOf(file.whole());
      file.add(chunk.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** All bytes of a stream, up to the bound. Throws `UnfitFileError`. */
export async function readTextStream(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const file = new BoundedBytes();
  for await (const chunk of stream) file.add(Buffer.from(chunk));
  return textOf(file.whole());
}

class BoundedBytes {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= MAX_BYTES) return;
    throw new UnfitFileError(
      `it has more than ${MAX_BYTES / 1024 / 1024} MiB`,
      'Split the workflow, or pass data as inputs.',
    );
  }

  whole(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function assertFile(path: string, stats: Stats): void {
  if (stats.isDirectory())
    throw new UnfitFileError('it is a folder', `Name a file in it${exampleIn(path)}.`);
  if (stats.isFile() || (stats.isFIFO() && SHELL_PIPE.test(path))) return;
  const kind = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new UnfitFileError(
    `it is ${kind}, not a file`,
    'Give a file, or `-` and the text on stdin where the command takes that.',
  );
}

/** `, such as <the first YAML or JSON file>`; empty where there is none. */
function exampleIn(folder: string): string {
  const [first] = readdirSync(folder)
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .sort();
  return first === undefined ? '' : `, such as ${join(folder, first)}`;
}

/** The text that bytes are. Throws `UnfitFileError` for bytes that are none. */
function textOf(bytes: Buffer): string {
  for (const [encoding, first, second] of MARKS)
    if (bytes[0] === first && bytes[1] === second) return new TextDecoder(encoding).decode(bytes);
  if (!isUtf8(bytes))
    throw new UnfitFileError(
      `line ${badLineOf(bytes)} is not UTF-8`,
      'Save the file as UTF-8, or as UTF-16 with a byte order mark.',
    );
  return new TextDecoder().decode(bytes);
}

function badLineOf(bytes: Buffer): number {
  let line = 1;
  let from = 0;
  for (let to = bytes.indexOf(LF); to !== -1; to = bytes.indexOf(LF, from)) {
    if (!isUtf8(bytes.subarray(from, to))) break;
    line += 1;
    from = to + 1;
  }
  return line;
}
