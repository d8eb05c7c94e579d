/**
 * Text of files that people wrote: UTF-8 with or without a mark, UTF-16 with one. Bytes that are neither are an error,
 * with their line: read in another way they would become other letters, and nobody would be told.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

const LF = 10;
const MARKS = [
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
] as const;

/** Throws what the file system throws, and an error for bytes that are no text. */
export function readTextFile(path: string): string {
  return textOf(readFileSync(path));
}

/** The text that bytes are. Throws for bytes that are none. */
export function textOf(bytes: Buffer): string {
  for (const [encoding, first, second] of MARKS)
    if (bytes[0] === first && bytes[1] === second) return new TextDecoder(encoding).decode(bytes);
  if (!isUtf8(bytes))
    throw new Error(`line ${badLineOf(bytes)} is not UTF-8; save the file as UTF-8`);
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
