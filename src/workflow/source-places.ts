/**
 * From a finding to its line and columns. What a text means and how it is written differ (quotes, escapes, indented
 * blocks), so an offset in the meaning is carried back to one in the source.
 *
 * P1 A place is always inside the text, whatever the finding says.
 * P2 A place never goes beyond the end of its line.
 */
import type { Finding, Locate, Path, Place } from './problems.ts';

/** Offsets in a source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where the value at a path stands (its key with `atKey`), or the nearest one on the way to it. */
export type Spans = (path: Path, atKey: boolean) => Span;

const EXCERPT = 200;

/** Places of findings in a text. */
export function locatorOf(source: string, spans: Spans): Locate {
  let lines: readonly number[] | undefined;
  return (finding) => {
    lines ??= lineStarts(source);
    return placeOf(spanOf(finding, { source, spans }), { source, lines });
  };
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1))
    starts.push(at + 1);
  return starts;
}

function placeOf(
  span: Span,
  { source, lines }: { source: string; lines: readonly number[] },
): Place {
  const start = Math.max(0, Math.min(span.start, source.length));
  const line = lineOf(start, lines);
  const lineStart = lines[line] ?? 0;
  const lineEnd = lineStart + lineLength(source, lineStart);
  const end = Math.max(start, Math.min(span.end, lineEnd));
  const length = source.slice(start, end).trimEnd().length;
  const column = start - lineStart + 1;
  return {
    line: line + 1,
    column,
    // Blanks are wrong only where nothing else is.
    endColumn: column + (length === 0 ? end - start : length),
    text: source.slice(start, Math.min(end, start + EXCERPT)).trim(),
  };
}

/** The last line that begins at or before an offset, from 0. */
function lineOf(offset: number, lines: readonly number[]): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function lineLength(source: string, start: number): number {
  const end = source.indexOf('\n', start);
  const length = (end === -1 ? source.length : end) - start;
  return length > 0 && source[start + length - 1] === '\r' ? length - 1 : length;
}

function spanOf(finding: Finding, { source, spans }: { source: string; spans: Spans }): Span {
  if (finding.position !== undefined) return finding.position;
  const { path, atKey = false, text, offset = 0, length } = finding;
  const span = spans(path, atKey);
  if (text === undefined || atKey) return span;
  if (text === '') return { start: span.start, end: span.start };
  const raw = source.slice(span.start, span.end);
  const from = offsetInside(raw, text, offset);
  if (from === undefined) return span;
  const to = length === undefined ? text.length : offset + length;
  const until = to <= offset ? from : (offsetInside(raw, text, to - 1) ?? from) + 1;
  return { start: span.start + from, end: span.start + Math.max(from, until) };
}

/** The offset in the raw form of what is at `offset` of the text that it holds; undefined where it cannot be found. */
function offsetInside(raw: string, text: string, offset: number): number | undefined {
  if (raw.startsWith('|')) return offsetInBlock(raw, text, offset);
  const whole = raw.indexOf(text);
  if (whole !== -1) return whole + offset;
  return offsetInQuotes(raw, text, offset) ?? offsetInLine(raw, text, offset);
}

/** A `|` block: line by line the same text, indented. The text may be a part of the block. */
function offsetInBlock(raw: string, text: string, offset: number): number | undefined {
  const before = text.slice(0, offset).split('\n');
  const line = text.split('\n')[before.length - 1] ?? '';
  const lines = raw.split('\n');
  const isSame = lines[before.length]?.trim() === line.trim();
  const index = isSame ? before.length : lines.findIndex((candidate) => candidate.includes(line));
  const found = index === -1 ? -1 : (lines[index] ?? '').indexOf(line);
  if (found === -1) return undefined;
  const start = lines.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0);
  return start + found + (before.at(-1) ?? '').length;
}

const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])|[\s\S]/gy;
const DOUBLED = /''|[\s\S]/gy;

/** A quoted text on one line: what is escaped takes more letters than it stands for. */
function offsetInQuotes(raw: string, text: string, offset: number): number | undefined {
  const quote = raw[0];
  if ((quote !== '"' && quote !== "'") || raw.includes('\n')) return undefined;
  const starts: number[] = [];
  let meaning = '';
  for (const match of raw.slice(1, -1).matchAll(quote === '"' ? ESCAPE : DOUBLED)) {
    starts.push(match.index + 1);
    meaning += match[0].length === 1 ? match[0] : meaningOf(match[0]);
  }
  const whole = meaning.indexOf(text);
  return whole === -1 ? undefined : (starts[whole + offset] ?? raw.length - 1);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function meaningOf(escaped: string): string {
  if (escaped === "''") return "'";
  if (escaped.length > 2) return String.fromCharCode(Number.parseInt(escaped.slice(2), 16));
  const letter = escaped.charAt(1);
  return ESCAPED[letter] ?? letter;
}

/** A folded or long text: its line is looked for. */
function offsetInLine(raw: string, text: string, offset: number): number | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = text.indexOf('\n', offset);
  const line = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd);
  const found = raw.indexOf(line);
  return found === -1 ? undefined : found + offset - lineStart;
}
