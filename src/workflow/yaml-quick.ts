/**
 * A quick way in for plain YAML. The library keeps all that a text may hold and takes 1.5 s for 10,000 tasks; what
 * programs and most people write needs a small part of the grammar. This reads block maps and lists, texts, numbers,
 * `|` and `>` blocks, and brackets; any other text is left to the library, which also explains mistakes.
 *
 * Q1 What is read here has the value that the library gives it (a test holds them against each other).
 * Q2 Whatever is doubtful is not read: `undefined`. One pass, linear.
 *
 * Size: one scanner; each rule of the grammar beside the next.
 */
import { type Entry, type Spot, spanAt } from './json-spans.ts';
import { MAX_DEPTH } from './limits.ts';
import type { Spans } from './source-places.ts';
import type { JsonObject, JsonValue } from './value.ts';

export interface QuickYaml {
  readonly value: JsonValue;
  readonly spans: Spans;
}

/** Control characters, tabs and other breaks mean much in YAML. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const UNUSUAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

/** The value of a text that is within the small grammar; `undefined` for every other text. */
export function readQuickYaml(source: string): QuickYaml | undefined {
  if (UNUSUAL.test(source) || !source.isWellFormed()) return undefined;
  const root = scan(source, false);
  if (root === undefined) return undefined;
  let spots: Spot | undefined;
  const spans: Spans = (path, atKey) => {
    spots ??= scan(source, true) ?? { start: 0, end: 0, inside: undefined };
    return spanAt(spots, path, atKey);
  };
  return { value: root.value, spans };
}

function scan(source: string, keepsSpots: boolean): Node | undefined {
  try {
    return new Scan(source, keepsSpots).document();
  } catch (error) {
    if (error instanceof Doubt) return undefined;
    throw error;
  }
}

/** Left to the library. Thrown often, so one will do. */
class Doubt extends Error {}
const DOUBT = new Doubt('not in the small grammar');

interface Node extends Spot {
  readonly value: JsonValue;
}

const QUOTED_KEY = /"[^"\\\n]*"/y;
const KEY_STARTS = /[A-Za-z_$]/;
const FLOW_KEY = /([A-Za-z_$][\w$./-]*|"[^"\\\n]*") *:(?= )|("[^"\\\n]*"):/y;
const DOUBLE = /"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SINGLE = /'(?:[^'\n]|'')*'/y;
const FLOW_STARTS = /[A-Za-z0-9_$./~<=(+-]/;
const FLOW_ENDS = ',[]{}';
const REST = / *(?: #[^\n]*)?(?=\n|$)/y;
const BLOCK = /([|>])(-?) *(?: #[^\n]*)?(?:\n|$)/y;
const RESERVED = /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const OTHER_NUMBER = /^(?:0[ox][0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** What a plain text cannot begin with. */
const INDICATORS = ',[]{}#&*!|>\'"%@`';

/** Letters, digits and `_ $ . / -`. */
function isKeyCharacter(code: number): boolean {
  if (code >= 97) return code <= 122;
  if (code >= 65) return code <= 90 || code === 95;
  return (code >= 45 && code <= 57) || code === 36;
}

class Scan {
  private readonly source: string;
  private readonly keepsSpots: boolean;
  /** Where the next content is, its column, and the end of its line; -1 as a column behind the last line. */
  private at = 0;
  private column = -1;
  private lineEnd = -1;
  private depth = 0;
  private comment = -1;
  /** The column that every further line of a bracket stands behind. */
  private outer = 0;

  constructor(source: string, keepsSpots: boolean) {
    this.source = source;
    this.keepsSpots = keepsSpots;
  }

  document(): Node {
    this.nextLine();
    const isMap = this.column === 0 && this.keyEnd(this.at) !== -1;
    if (!isMap) throw DOUBT;
    const root = this.map(0);
    if (this.column !== -1) throw DOUBT;
    return root;
  }

  /** Goes to the next line that holds more than a comment. */
  private nextLine(): void {
    const { source } = this;
    for (let start = this.lineEnd + 1; start < source.length; start = this.lineEnd + 1) {
      const end = source.indexOf('\n', start);
      this.lineEnd = end === -1 ? source.length : end;
      let at = start;
      while (source[at] === ' ') at += 1;
      if (at === this.lineEnd || source[at] === '#') continue;
      this.at = at;
      this.column = at - start;
      return;
    }
    this.column = -1;
    this.lineEnd = source.length;
  }

  private match(pattern: RegExp, at: number): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.source) ?? undefined;
  }

  /** The end of the key that begins here; -1 where none does, with a colon and a blank behind it. */
  private keyEnd(at: number): number {
    const { source } = this;
    let end = at;
    if (source[at] === '"') end += this.match(QUOTED_KEY, at)?.[0].length ?? 0;
    else if (KEY_STARTS.test(source[at] ?? '')) {
      end += 1;
      while (isKeyCharacter(source.charCodeAt(end))) end += 1;
    }
    if (end === at) return -1;
    const colon = this.skipSpaces(end);
    const next = source[colon + 1];
    const isKey = source[colon] === ':' && (next === ' ' || next === '\n' || next === undefined);
    return isKey ? end : -1;
  }

  private isDash(at: number): boolean {
    const next = this.source[at + 1];
    return this.source[at] === '-' && (next === ' ' || next === '\n' || next === undefined);
  }

  private skipSpaces(from: number): number {
    let at = from;
    while (this.source[at] === ' ') at += 1;
    return at;
  }

  /** What stands on lines of its own, at the column where the cursor is. */
  private block(): Node {
    if (this.isDash(this.at)) return this.list(this.column);
    return this.map(this.column);
  }

  private enter(): void {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw DOUBT;
  }

  private map(column: number): Node {
    const value: JsonObject = {};
    const inside = this.keepsSpots ? new Map<string | number, Entry>() : undefined;
    const start = this.at;
    let end = start;
    this.enter();
    while (this.column === column) {
      const { at } = this;
      const keyEnd = this.keyEnd(at);
      if (keyEnd === -1) break;
      const key = { start: at, end: keyEnd };
      const name = this.name(this.source.slice(at, keyEnd), value);
      const entry = this.entry(this.skipSpaces(keyEnd) + 1, column);
      value[name] = entry.value;
      inside?.set(name, { key, value: entry });
      end = entry.end;
    }
    if (this.column > column) throw DOUBT;
    this.depth -= 1;
    return { value, start, end, inside };
  }

  private name(written: string, taken: JsonObject): string {
    const isQuoted = written.startsWith('"');
    const name = isQuoted ? written.slice(1, -1) : written;
    if ((!isQuoted && isReserved(name)) || name === '__proto__' || name === '<<') throw DOUBT;
    if (Object.hasOwn(taken, name)) throw DOUBT;
    return name;
  }

  /** The value behind `key:`, on the same line or below. */
  private entry(behind: number, column: number): Node {
    const at = this.skipSpaces(behind);
    if (!this.isLineOver(at, behind)) {
      return this.isBlock(at) ? this.text(at, column) : this.line(at, column);
    }
    this.nextLine();
    const isBelow = this.column > column || (this.column === column && this.isDash(this.at));
    if (!isBelow) return { value: null, start: behind, end: behind, inside: undefined };
    const isFlow = this.source[this.at] === '{' || this.source[this.at] === '[';
    return isFlow && this.column > column ? this.line(this.at, column) : this.block();
  }

  private isBlock(at: number): boolean {
    return this.source[at] === '|' || this.source[at] === '>';
  }

  private isLineOver(at: number, behind: number): boolean {
    return at >= this.lineEnd || (this.source[at] === '#' && at > behind);
  }

  private list(column: number): Node {
    const value: JsonValue[] = [];
    const inside = this.keepsSpots ? new Map<string | number, Entry>() : undefined;
    const start = this.at;
    let end = start;
    this.enter();
    while (this.column === column && this.isDash(this.at)) {
      const item = this.item(column);
      inside?.set(value.length, { key: undefined, value: item });
      value.push(item.value);
      end = item.end;
    }
    if (this.column > column) throw DOUBT;
    this.depth -= 1;
    return { value, start, end, inside };
  }

  private item(column: number): Node {
    const behind = this.at + 1;
    const at = this.skipSpaces(behind);
    if (this.isLineOver(at, behind)) {
      this.nextLine();
      return this.column > column
        ? this.block()
        : { value: null, start: behind, end: behind, inside: undefined };
    }
    if (this.isDash(at) || this.keyEnd(at) !== -1) {
      this.column += at - this.at;
      this.at = at;
      return this.block();
    }
    return this.isBlock(at) ? this.text(at, column) : this.line(at, column);
  }

  /** A value that ends with its line; what is indented deeper below would go on with it. */
  private line(at: number, column: number): Node {
    this.outer = column;
    const node = this.inline(at);
    const isAtEnd = node.end === this.lineEnd;
    if (!isAtEnd && this.match(REST, node.end) === undefined) throw DOUBT;
    this.nextLine();
    if (this.column > column) throw DOUBT;
    return node;
  }

  private inline(at: number): Node {
    const first = this.source[at] ?? '';
    if (first === '{' || first === '[') return this.flow(at);
    if (first === '"' || first === "'") return this.quoted(at);
    if (INDICATORS.includes(first)) throw DOUBT;
    const text = this.source.slice(at, Math.min(this.lineEnd, this.commentFrom(at))).trimEnd();
    return this.plain(text, at);
  }

  /** Where the next ` #` is; looked for once, however many texts come before it. */
  private commentFrom(at: number): number {
    if (this.comment < at) {
      const found = this.source.indexOf(' #', at);
      this.comment = found === -1 ? this.source.length : found;
    }
    return this.comment;
  }

  private plain(text: string, start: number): Node {
    if (text.includes(': ') || text.endsWith(':') || text.includes(' #')) throw DOUBT;
    if ('-?:'.includes(text[0] ?? '') && (text.length === 1 || text[1] === ' ')) throw DOUBT;
    return { value: scalarOf(text), start, end: start + text.length, inside: undefined };
  }

  private quoted(start: number): Node {
    const isDouble = this.source[start] === '"';
    const text = this.match(isDouble ? DOUBLE : SINGLE, start)?.[0];
    if (text === undefined) throw DOUBT;
    const value = isDouble
      ? text.includes('\\')
        ? (JSON.parse(text) as string)
        : text.slice(1, -1)
      : text.slice(1, -1).replaceAll("''", "'");
    if (!value.isWellFormed()) throw DOUBT;
    return { value, start, end: start + text.length, inside: undefined };
  }

  /** The next sign in a bracket, which may go on over lines. */
  private skipInFlow(from: number): number {
    let at = this.skipSpaces(from);
    while (at === this.lineEnd && at < this.source.length) {
      const start = at + 1;
      const end = this.source.indexOf('\n', start);
      this.lineEnd = end === -1 ? this.source.length : end;
      at = this.skipSpaces(start);
      if (at < this.lineEnd && at - start <= this.outer) throw DOUBT;
    }
    return at;
  }

  /** `[...]` or `{...}`. */
  private flow(start: number): Node {
    this.enter();
    const isMap = this.source[start] === '{';
    const close = isMap ? '}' : ']';
    const inside = this.keepsSpots ? new Map<string | number, Entry>() : undefined;
    const list: JsonValue[] = [];
    const made: JsonObject = {};
    let at = this.skipInFlow(start + 1);
    while (this.source[at] !== close) {
      const found = isMap ? this.match(FLOW_KEY, at) : undefined;
      if (isMap && found === undefined) throw DOUBT;
      const written = found?.[1] ?? found?.[2] ?? '';
      const name = isMap ? this.name(written, made) : list.length;
      const item = this.flowValue(this.skipSpaces(at + (found?.[0].length ?? 0)));
      const key = isMap ? { start: at, end: at + written.length } : undefined;
      inside?.set(name, { key, value: item });
      if (isMap) made[name] = item.value;
      else list.push(item.value);
      at = this.skipInFlow(item.end);
      if (this.source[at] === ',') at = this.skipInFlow(at + 1);
      else if (this.source[at] !== close) throw DOUBT;
    }
    this.depth -= 1;
    return { value: isMap ? made : list, start, end: at + 1, inside };
  }

  private flowValue(at: number): Node {
    const first = this.source[at] ?? '';
    if (first === '{' || first === '[') return this.flow(at);
    if (first === '"' || first === "'") return this.quoted(at);
    if (!FLOW_STARTS.test(first)) throw DOUBT;
    let end = at + 1;
    while (end < this.lineEnd && !FLOW_ENDS.includes(this.source[end] as string)) end += 1;
    return this.plain(this.source.slice(at, end).trimEnd(), at);
  }

  /** A `|` block, or a `>` one of lines that are folded into one. */
  private text(start: number, column: number): Node {
    const head = this.match(BLOCK, start);
    if (head === undefined || !this.source.endsWith('\n')) throw DOUBT;
    const isFolded = head[1] === '>';
    const lines: string[] = [];
    let indent = 0;
    let at = start + head[0].length;
    let end = at;
    while (at < this.source.length) {
      const lineEnd = this.source.indexOf('\n', at);
      const content = this.skipSpaces(at);
      const isBlank = content >= lineEnd;
      if (isBlank && indent > 0 && lineEnd - at > indent) throw DOUBT;
      if (!isBlank && indent === 0) {
        indent = content - at;
        if (indent <= column || lines.length > 0) throw DOUBT;
      }
      if (!isBlank && content - at < indent) break;
      // Blank lines and deeper ones are not folded.
      if (isFolded && !isBlank && (content - at > indent || lines.at(-1) === '')) throw DOUBT;
      lines.push(this.source.slice(at + indent, lineEnd));
      if (!isBlank) end = lineEnd;
      at = lineEnd + 1;
    }
    if (indent === 0) throw DOUBT;
    this.lineEnd = at - 1;
    this.nextLine();
    if (this.column > column) throw DOUBT;
    while (lines.at(-1) === '') lines.pop();
    const text = lines.join(isFolded ? ' ' : '\n');
    return { value: head[2] === '-' ? text : `${text}\n`, start, end, inside: undefined };
  }
}

/** No reserved word is longer than `false`. */
function isReserved(text: string): boolean {
  return text.length <= 5 && RESERVED.test(text);
}

/** What a text without quotes means (YAML 1.2, core schema). */
function scalarOf(text: string): JsonValue {
  const first = text.charCodeAt(0);
  const isLetter = (first >= 97 && first <= 122) || (first >= 65 && first <= 90);
  if (isLetter || text === '~') {
    if (!isReserved(text)) return text;
    if (/^[nN~]/.test(text)) return null;
    return /^[tT]/.test(text);
  }
  if (OTHER_NUMBER.test(text)) throw DOUBT;
  if (!NUMBER.test(text)) return text;
  const number = Number(text);
  if (!Number.isFinite(number)) throw DOUBT;
  return number;
}
