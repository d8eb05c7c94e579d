/**
 * A quick way in for the plain YAML that programs and most people write: block maps and lists, flow maps and lists on
 * one line, plain and quoted texts without escapes. The YAML library reads 10,000 tasks in a second or more; this takes
 * a tenth of that.
 *
 * Q1 Whatever is not certain (anchors, tags, blocks, escapes, comments behind values, every mistake) is left to the
 *    library: the answer is then `undefined`.
 * Q2 What is read has the value and the places that the library gives it; a test compares them.
 */
import { type Entry, type Spot, spotSpans } from './json-spans.ts';
import { MAX_DEPTH } from './limits.ts';
import type { Spans } from './source-places.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** A text that was read, and where its values stand. */
export interface QuickYaml {
  readonly value: JsonValue;
  readonly spans: Spans;
}

/** The text as a value; `undefined` where the library has to read it. Places cost a second reading. Linear. */
export function readQuickYaml(source: string): QuickYaml | undefined {
  if (UNUSUAL.test(source) || !source.isWellFormed()) return undefined;
  try {
    const { value } = new QuickReader(source, false).document();
    let placed: Spans | undefined;
    const spans: Spans = (path, atKey) => {
      placed ??= spotSpans(new QuickReader(source, true).document());
      return placed(path, atKey);
    };
    return { value, spans };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** A value with its place; what is in it has places only where they are wanted. */
interface QuickNode extends Spot {
  readonly value: JsonValue;
}

/** Thrown where the library has to read the text. */
class NotPlain extends Error {}

const UNUSUAL = /[^\P{Cc}\n]|[\u2028\u2029\ufeff]/u;
const NO_CONTENT = /^ *(?:#.*)?$/;
const KEY = /^([A-Za-z_$][A-Za-z0-9_$-]{0,100}):(?: +(?=\S)|$)/;
const WORD_OF_A_TYPE = /^(?:null|true|false)$/i;
const NUMBER = /^(?:0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,9})\.[0-9]{1,10})$/;
/** A plain text of a block: whatever begins harmlessly and holds neither `:` nor `#`. */
const BLOCK_PLAIN = /^[A-Za-z_$(/][^:#]*$/;
const QUOTED = /"[^"\\]*"|'[^']*'/y;
const FLOW_KEY = /([A-Za-z_$][A-Za-z0-9_$-]{0,100}): +/y;
const FLOW_PLAIN =
  /[A-Za-z0-9_$(/-][A-Za-z0-9_$()/.<>=!*+&|@%^~-]*(?: +[A-Za-z0-9_$()/.<>=!*+&|@%^~-]+)*/y;
const SPACES = / */y;

interface Line {
  indent: number;
  /** Offset of the first character behind the indentation. */
  start: number;
  text: string;
}

class QuickReader {
  private readonly lines: Line[] = [];
  private at = 0;
  private depth = 0;
  private readonly withPlaces: boolean;

  constructor(source: string, withPlaces: boolean) {
    this.withPlaces = withPlaces;
    let start = 0;
    for (const raw of source.split('\n')) {
      if (!NO_CONTENT.test(raw)) {
        const text = raw.trimStart();
        const indent = raw.length - text.length;
        this.lines.push({ indent, start: start + indent, text: text.trimEnd() });
      }
      start += raw.length + 1;
    }
  }

  document(): QuickNode {
    const first = this.lines[0];
    if (first === undefined || first.indent !== 0 || first.text.startsWith('%'))
      throw new NotPlain();
    const root = this.block(0);
    if (this.at < this.lines.length) throw new NotPlain();
    return root;
  }

  /** The map or list that begins at the present line. */
  private block(indent: number): QuickNode {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new NotPlain();
    const isList = this.line(indent)?.text.startsWith('- ') === true;
    const node = isList ? this.list(indent) : this.map(indent);
    this.depth -= 1;
    return node;
  }

  private list(indent: number): QuickNode {
    const value: JsonValue[] = [];
    const inside = this.withPlaces ? new Map<number, Entry>() : undefined;
    const start = this.lines[this.at]?.start ?? 0;
    let end = start;
    for (let line = this.line(indent); line?.text.startsWith('- '); line = this.line(indent)) {
      // What follows the dash stands in a block of its own, as if the dash were blank.
      const text = line.text.slice(2).trimStart();
      const skipped = line.text.length - text.length;
      const inner = { indent: indent + skipped, start: line.start + skipped, text };
      this.lines[this.at] = inner;
      const isBlock = text.startsWith('- ') || KEY.test(text);
      const item = isBlock ? this.block(inner.indent) : this.inline(inner, 0);
      inside?.set(value.length, { key: undefined, value: item });
      value.push(item.value);
      end = item.end;
    }
    return { value, start, end, inside };
  }

  private map(indent: number): QuickNode {
    const value: JsonObject = {};
    const inside = this.withPlaces ? new Map<string, Entry>() : undefined;
    const start = this.lines[this.at]?.start ?? 0;
    let end = start;
    for (let line = this.line(indent); line !== undefined; line = this.line(indent)) {
      const match = KEY.exec(line.text);
      const key = match?.[1];
      if (match === null || key === undefined) break;
      if (WORD_OF_A_TYPE.test(key) || Object.hasOwn(value, key)) throw new NotPlain();
      const item =
        match[0].length === line.text.length
          ? this.below(indent)
          : this.inline(line, match[0].length);
      inside?.set(key, {
        key: { start: line.start, end: line.start + key.length },
        value: item,
      });
      value[key] = item.value;
      end = item.end;
    }
    if (end === start) throw new NotPlain();
    return { value, start, end, inside };
  }

  /** What stands under a key: deeper, or a list in the column of the key. */
  private below(indent: number): QuickNode {
    this.at += 1;
    const next = this.lines[this.at];
    if (next === undefined) throw new NotPlain();
    const isList = next.text.startsWith('- ');
    if (next.indent > indent && (isList || KEY.test(next.text))) return this.block(next.indent);
    if (next.indent === indent && isList) return this.block(indent);
    throw new NotPlain();
  }

  /** The present line, where it is in this column. */
  private line(indent: number): Line | undefined {
    const line = this.lines[this.at];
    return line?.indent === indent ? line : undefined;
  }

  /** The rest of a line as one value. */
  private inline({ text, start }: Line, from: number): QuickNode {
    this.at += 1;
    const first = text[from];
    if (first === '{' || first === '[' || first === '"' || first === "'") {
      const flow = new FlowReader({ text, at: from, start, withPlaces: this.withPlaces });
      const node = flow.value(0);
      if (flow.at !== text.length) throw new NotPlain();
      return node;
    }
    const plain = text.slice(from);
    if (!NUMBER.test(plain) && !BLOCK_PLAIN.test(plain)) throw new NotPlain();
    const place = { start: start + from, end: start + text.length, inside: undefined };
    return { value: scalar(plain), ...place };
  }
}

/** Flow maps and lists, and quoted texts, within one line. */
class FlowReader {
  at: number;
  private readonly text: string;
  private readonly start: number;
  private readonly withPlaces: boolean;

  constructor(options: { text: string; at: number; start: number; withPlaces: boolean }) {
    this.text = options.text;
    this.at = options.at;
    this.start = options.start;
    this.withPlaces = options.withPlaces;
  }

  value(depth: number): QuickNode {
    if (depth > MAX_DEPTH) throw new NotPlain();
    const from = this.at;
    const first = this.text[from];
    if (first === '{') return this.map(depth);
    if (first === '[') return this.list(depth);
    const isQuoted = first === '"' || first === "'";
    const token = this.take(isQuoted ? QUOTED : FLOW_PLAIN)[0];
    const value = isQuoted ? token.slice(1, -1) : flowScalar(token);
    return { value, ...this.span(from), inside: undefined };
  }

  private map(depth: number): QuickNode {
    const value: JsonObject = {};
    const inside = this.withPlaces ? new Map<string, Entry>() : undefined;
    const from = this.at;
    this.entries('}', () => {
      const keyStart = this.start + this.at;
      const key = this.take(FLOW_KEY)[1] ?? '';
      if (WORD_OF_A_TYPE.test(key) || Object.hasOwn(value, key)) throw new NotPlain();
      const item = this.value(depth + 1);
      inside?.set(key, { key: { start: keyStart, end: keyStart + key.length }, value: item });
      value[key] = item.value;
    });
    return { value, ...this.span(from), inside };
  }

  private list(depth: number): QuickNode {
    const value: JsonValue[] = [];
    const inside = this.withPlaces ? new Map<number, Entry>() : undefined;
    const from = this.at;
    this.entries(']', () => {
      const item = this.value(depth + 1);
      inside?.set(value.length, { key: undefined, value: item });
      value.push(item.value);
    });
    return { value, ...this.span(from), inside };
  }

  private entries(close: string, entry: () => void): void {
    this.at += 1;
    this.take(SPACES);
    if (this.text[this.at] !== close) {
      entry();
      this.take(SPACES);
      while (this.text[this.at] === ',') {
        this.at += 1;
        this.take(SPACES);
        entry();
        this.take(SPACES);
      }
    }
    if (this.text[this.at] !== close) throw new NotPlain();
    this.at += 1;
  }

  private take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) throw new NotPlain();
    this.at += match[0].length;
    return match;
  }

  private span(from: number): { start: number; end: number } {
    return { start: this.start + from, end: this.start + this.at };
  }
}

/** In a flow a text may begin with a digit or a hyphen only where it is a number. */
function flowScalar(token: string): JsonValue {
  if (/^[0-9-]/.test(token) && !NUMBER.test(token)) throw new NotPlain();
  return scalar(token);
}

function scalar(token: string): JsonValue {
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  if (WORD_OF_A_TYPE.test(token)) throw new NotPlain();
  return NUMBER.test(token) ? Number(token) : token;
}
