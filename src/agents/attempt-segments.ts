/**
 * The files of the attempt cache: `attempts-<number>.jsonl`, written one after the other, only ever appended to.
 *
 * S1 A process writes only to segments that it began, so a line torn by a kill is never continued.
 * S2 What `append` returned from has been handed to the operating system whole: it survives the death of the process.
 * S3 Segments are deleted from the oldest on, so an acknowledgement never disappears before the result it concerns.
 */
import {
  closeSync,
  fdatasync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type CacheRecord, decodeLine } from './attempt-record.ts';

/** A segment that has grown to this many bytes is followed by another. */
export const SEGMENT_BYTES = 2 * 1024 * 1024;
const NUMBER_WIDTH = 9;
const FILE_NAME = /^attempts-(\d{9})\.jsonl$/;
const NEWLINE = 10;

/** The append-only files in one directory. */
export class AttemptSegments {
  readonly #directory: string;
  /** Oldest first; the last one is open for writing once something was appended. */
  #numbers: number[];
  #descriptor: number | undefined;
  #bytes = 0;
  /** A failed write may have left half a line. */
  #isTorn = false;

  /** Reads nothing but the names. The directory exists. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#numbers = readdirSync(directory)
      .map((name) => Number(FILE_NAME.exec(name)?.[1]))
      .filter((number) => !Number.isNaN(number))
      .sort((left, right) => left - right);
  }

  /** Oldest first. */
  get numbers(): readonly number[] {
    return this.#numbers;
  }

  /** Every readable record of one segment in order, and how many lines were none. */
  read(
    number: number,
    onRecord: (record: CacheRecord, bytes: number) => void,
  ): { skippedLines: number } {
    const content = readFileSync(this.#path(number));
    let skippedLines = 0;
    let start = 0;
    while (start < content.length) {
      const newline = content.indexOf(NEWLINE, start);
      const end = newline === -1 ? content.length : newline;
      if (end > start) {
        const record = decodeLine(content.toString('utf8', start, end));
        if (record === undefined) skippedLines += 1;
        else onRecord(record, end - start);
      }
      start = end + 1;
    }
    return { skippedLines };
  }

  /** Writes lines in one go and returns the number of the segment that has them. Throws what `node:fs` throws. */
  append(lines: readonly string[]): number {
    if (this.#descriptor === undefined || this.#bytes >= SEGMENT_BYTES) this.#begin();
    const buffer = Buffer.from(`${this.#isTorn ? '\n' : ''}${lines.join('\n')}\n`);
    this.#isTorn = true;
    for (let written = 0; written < buffer.length; ) {
      written += writeSync(this.#descriptor as number, buffer, written);
    }
    this.#isTorn = false;
    this.#bytes += buffer.length;
    return this.#numbers.at(-1) as number;
  }

  /** Calls back when what was appended so far is on the disk itself. */
  sync(onSynced: (error: Error | null) => void): void {
    if (this.#descriptor === undefined) onSynced(null);
    else fdatasync(this.#descriptor, onSynced);
  }

  /** Deletes the oldest segment; the one being written stays. */
  removeOldest(): void {
    if (
      this.#numbers.length === 0 ||
      (this.#numbers.length === 1 && this.#descriptor !== undefined)
    )
      return;
    unlinkSync(this.#path(this.#numbers[0] as number));
    this.#numbers.shift();
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #begin(): void {
    const number = (this.#numbers.at(-1) ?? 0) + 1;
    const descriptor = openSync(this.#path(number), 'ax');
    this.close();
    this.#descriptor = descriptor;
    this.#numbers.push(number);
    this.#bytes = 0;
    this.#isTorn = false;
  }

  #path(number: number): string {
    return join(this.#directory, `attempts-${String(number).padStart(NUMBER_WIDTH, '0')}.jsonl`);
  }
}
