/**
 * Checks the shape of msgpack bytes before they are decoded: one complete value, nothing behind it, lengths within the
 * bytes, at most `maxDepth` levels, valid UTF-8, text keys. So a short message cannot make the decoder allocate much,
 * recurse deep, or produce what is no value. Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { isUtf8 } from 'node:buffer';

/** What is wrong with the bytes; undefined when they hold one value. `too-deep`, `bytes`, `extension` and `proto-key` are well-formed but no values. */
export type MsgpackProblem =
  | 'truncated'
  | 'trailing-bytes'
  | 'invalid-utf8'
  | 'invalid-key'
  | 'reserved'
  | 'too-deep'
  | 'bytes'
  | 'extension'
  | 'proto-key';

/** Scans without recursion and without allocation beyond `maxDepth` counters. */
export function findMsgpackProblem(
  bytes: Uint8Array,
  maxDepth: number,
): MsgpackProblem | undefined {
  return new MsgpackScan(bytes, maxDepth).run();
}

const KEY_EVERY_SECOND = 2;
const PROTO_KEY = Buffer.from('__proto__');

class MsgpackScan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxDepth: number;
  /** Items still expected in each open list or map; a map counts keys and values. */
  readonly #open: number[] = [];
  readonly #isMap: boolean[] = [];
  #position = 0;
  #problem: MsgpackProblem | undefined;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
  }

  run(): MsgpackProblem | undefined {
    do {
      const level = this.#open.length - 1;
      const left = this.#open[level];
      const isKey =
        this.#isMap[level] === true && left !== undefined && left % KEY_EVERY_SECOND === 0;
      if (left !== undefined) this.#open[level] = left - 1;
      this.#item(isKey);
      while (this.#open.length > 0 && this.#open.at(-1) === 0) {
        this.#open.pop();
        this.#isMap.pop();
      }
    } while (this.#problem === undefined && this.#open.length > 0);
    if (this.#problem === undefined && this.#position < this.#bytes.length) return 'trailing-bytes';
    return this.#problem;
  }

  #item(isKey: boolean): void {
    const tag = this.#bytes[this.#position];
    if (tag === undefined) {
      this.#problem = 'truncated';
      return;
    }
    this.#position += 1;
    const textSize = this.#textSize(tag);
    if (textSize !== undefined) this.#text(textSize, isKey);
    else if (isKey) this.#problem = 'invalid-key';
    else if (tag >= 0x80 && tag <= 0x8f) this.#enter((tag & 0x0f) * 2, true);
    else if (tag >= 0x90 && tag <= 0x9f) this.#enter(tag & 0x0f, false);
    else if (tag >= 0xc0 && tag <= 0xdf) this.#tagged(tag);
    // 0x00 to 0x7f and 0xe0 to 0xff are small integers.
  }

  #textSize(tag: number): number | undefined {
    if (tag >= 0xa0 && tag <= 0xbf) return tag & 0x1f;
    if (tag === 0xd9) return this.#length(1);
    if (tag === 0xda) return this.#length(2);
    if (tag === 0xdb) return this.#length(4);
    return undefined;
  }

  #tagged(tag: number): void {
    if (tag === 0xc1) this.#problem = 'reserved';
    else if (tag >= 0xc4 && tag <= 0xc6) this.#problem = 'bytes';
    else if ((tag >= 0xc7 && tag <= 0xc9) || (tag >= 0xd4 && tag <= 0xd8))
      this.#problem = 'extension';
    else if (tag === 0xca) this.#skip(4);
    else if (tag === 0xcb) this.#skip(8);
    else if (tag >= 0xcc && tag <= 0xcf) this.#skip(1 << (tag - 0xcc));
    else if (tag >= 0xd0 && tag <= 0xd3) this.#skip(1 << (tag - 0xd0));
    else if (tag === 0xdc) this.#enter(this.#length(2), false);
    else if (tag === 0xdd) this.#enter(this.#length(4), false);
    else if (tag === 0xde) this.#enter(this.#length(2) * 2, true);
    else if (tag === 0xdf) this.#enter(this.#length(4) * 2, true);
    // What is left is nil, false, true.
  }

  /** An unsigned length of 1, 2 or 4 bytes; 0 with a problem when it is not all there. */
  #length(size: number): number {
    const at = this.#position;
    this.#skip(size);
    if (this.#problem !== undefined) return 0;
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #skip(size: number): void {
    this.#position += size;
    if (this.#position > this.#bytes.length) this.#problem = 'truncated';
  }

  #text(size: number, isKey: boolean): void {
    const from = this.#position;
    this.#skip(size);
    if (this.#problem !== undefined) return;
    const text = this.#bytes.subarray(from, from + size);
    if (!isUtf8(text)) this.#problem = 'invalid-utf8';
    // The decoder would rename this key without a word.
    else if (isKey && size === PROTO_KEY.length && PROTO_KEY.equals(text))
      this.#problem = 'proto-key';
  }

  #enter(items: number, isMap: boolean): void {
    if (this.#problem !== undefined) return;
    // Every item has at least one byte, so a count beyond what is left is a lie.
    if (items > this.#bytes.length - this.#position) this.#problem = 'truncated';
    else if (this.#open.length >= this.#maxDepth) this.#problem = 'too-deep';
    else {
      this.#open.push(items);
      this.#isMap.push(isMap);
    }
  }
}
