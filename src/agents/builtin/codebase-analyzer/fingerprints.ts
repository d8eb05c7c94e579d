/**
 * Duplicates without keeping texts: winnowing (Schleimer, Wilkerson, Aiken 2003) over tokens. Comments, white space and
 * imports are left out; names and literals count as written.
 *
 * F1 A fingerprint stands for GRAM tokens. Of every WINDOW neighbours the least is kept, of equals the one that is kept
 *    already, else the rightmost; so a run of like tokens gives the same fingerprints wherever it stands.
 * F2 Encoded as base64, 10 bytes each: hash (5), tokens since the one before (2), lines since the one before (2), lines
 *    spanned less one (1, at most 255).
 */
import type { FlatTree } from '../syntax/flat-tree.ts';
import type { SyntaxNode } from '../syntax/grammar.ts';

export const GRAM = 40;
export const WINDOW = 25;
const BYTES = 10;
/** In one file; what is beyond takes no part in the search. */
const MAX_FINGERPRINTS = 5_000;
const BASE_LOW = 0x01000193;
const BASE_HIGH = 0x85ebca6b;
const MAX_STEP = 0xffff;

/** Tokens and lines count from 0 and 1; `token` and `line` are the first ones, `endLine` the last. */
export interface Fingerprint {
  hash: number;
  token: number;
  line: number;
  endLine: number;
}

interface Tokens {
  hashes: number[];
  lines: number[];
  /** Positions before which something was left out; no fingerprint spans one. */
  breaks: number[];
}

/** See F1 and F2. `ignored` are comments and imports, in document order. */
export function fingerprintsOf(tree: FlatTree, ignored: readonly SyntaxNode[]): string {
  const tokens = tokensOf(tree, ignored);
  const kept: Fingerprint[] = [];
  for (let part = 0; part <= tokens.breaks.length; part += 1) {
    const from = part === 0 ? 0 : (tokens.breaks[part - 1] ?? 0);
    winnow(tokens, { from, to: tokens.breaks[part] ?? tokens.hashes.length }, kept);
  }
  return encode(kept.slice(0, MAX_FINGERPRINTS));
}

function tokensOf(tree: FlatTree, ignored: readonly SyntaxNode[]): Tokens {
  const tokens: Tokens = { hashes: [], lines: [], breaks: [] };
  let next = 0;
  for (let index = 0; index < tree.size; index += 1) {
    while (next < ignored.length && (ignored[next]?.end ?? 0) <= tree.start(index)) next += 1;
    const skipped = ignored[next];
    if (skipped?.syntax.index === index) {
      if (!skipped.kind.includes('comment')) tokens.breaks.push(tokens.hashes.length);
      index = (tree.after[index] ?? index + 1) - 1;
    } else if (tree.isLeaf(index) && tree.end(index) > tree.start(index)) {
      tokens.hashes.push(hashOf(tree.text, tree.start(index), tree.end(index)));
      tokens.lines.push(tree.placeOf(tree.start(index)).line);
    }
  }
  return tokens;
}

function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), BASE_LOW);
  return hash;
}

/** Rolling hashes of all grams, then the least of each window. */
function winnow(
  { hashes, lines }: Tokens,
  { from, to }: { from: number; to: number },
  kept: Fingerprint[],
): void {
  const count = to - from - GRAM + 1;
  if (count <= 0) return;
  const grams = gramsOf(hashes, from, count);
  let last = -1;
  for (let at = 0; at < Math.max(1, count - WINDOW + 1); at += 1) {
    let least = at;
    if (last >= at) {
      const added = Math.min(count - 1, at + WINDOW - 1);
      if ((grams[added] ?? 0) >= (grams[last] ?? 0)) continue;
      least = added;
    } else {
      for (let one = at; one < Math.min(count, at + WINDOW); one += 1)
        if ((grams[one] ?? 0) <= (grams[least] ?? 0)) least = one;
    }
    if (least === last) continue;
    last = least;
    const token = from + least;
    kept.push({
      hash: grams[least] ?? 0,
      token,
      line: lines[token] ?? 1,
      endLine: lines[token + GRAM - 1] ?? 1,
    });
  }
}

/** Two sums modulo 2^32, of which 40 bits are kept. */
function gramsOf(hashes: readonly number[], from: number, count: number): Float64Array {
  const grams = new Float64Array(count);
  const [dropLow, dropHigh] = [power(BASE_LOW, GRAM - 1), power(BASE_HIGH, GRAM - 1)];
  let low = 0;
  let high = 0;
  for (let at = 0; at < count + GRAM - 1; at += 1) {
    const added = hashes[from + at] ?? 0;
    if (at >= GRAM) {
      const dropped = hashes[from + at - GRAM] ?? 0;
      low = (low - Math.imul(dropped, dropLow)) | 0;
      high = (high - Math.imul(dropped, dropHigh)) | 0;
    }
    low = (Math.imul(low, BASE_LOW) + added) | 0;
    high = (Math.imul(high, BASE_HIGH) + added) | 0;
    if (at >= GRAM - 1) grams[at - GRAM + 1] = (low >>> 0) * 256 + (high >>> 24);
  }
  return grams;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step += 1) result = Math.imul(result, base);
  return result;
}

function encode(kept: readonly Fingerprint[]): string {
  const bytes = Buffer.alloc(kept.length * BYTES);
  let token = 0;
  let line = 1;
  for (const [index, one] of kept.entries()) {
    const at = index * BYTES;
    bytes.writeUIntBE(one.hash, at, 5);
    bytes.writeUInt16BE(Math.min(MAX_STEP, one.token - token), at + 5);
    bytes.writeUInt16BE(Math.min(MAX_STEP, Math.max(0, one.line - line)), at + 7);
    bytes.writeUInt8(Math.min(255, Math.max(0, one.endLine - one.line)), at + 9);
    token += Math.min(MAX_STEP, one.token - token);
    line += Math.min(MAX_STEP, Math.max(0, one.line - line));
  }
  return bytes.toString('base64');
}

/** The reverse of F2; text that is no encoding gives what can be read of it. */
export function decodeFingerprints(text: string): Fingerprint[] {
  const bytes = Buffer.from(text, 'base64');
  const found: Fingerprint[] = [];
  let token = 0;
  let line = 1;
  for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
    token += bytes.readUInt16BE(at + 5);
    line += bytes.readUInt16BE(at + 7);
    const hash = bytes.readUIntBE(at, 5);
    found.push({ hash, token, line, endLine: line + bytes.readUInt8(at + 9) });
  }
  return found;
}
