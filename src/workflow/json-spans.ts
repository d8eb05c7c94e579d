/**
 * Where the values of a JSON text stand in it. The text is known to be JSON, so the scan only has to keep count.
 * Made when the first place is asked for. Linear.
 */
import { MAX_DEPTH } from './limits.ts';
import type { Path } from './problems.ts';
import type { Span, Spans } from './source-places.ts';

/** A value in a text, and what is in it. */
export interface Spot extends Span {
  /** The values of an object or a list, by key or index; undefined for what holds none. */
  readonly inside: ReadonlyMap<string | number, Entry> | undefined;
}

/** One thing in a map or a list; `key` only in a map. */
export interface Entry {
  readonly key: Span | undefined;
  readonly value: Spot;
}

/** Spans by path in a text that `JSON.parse` takes. */
export function jsonSpans(source: string): Spans {
  let root: Spot | undefined;
  return (path, atKey) => {
    root ??= new Scan(source).value();
    return spanAt(root, path, atKey);
  };
}

/** The span at a path, or the last one on the way to it. */
export function spanAt(root: Spot, path: Path, atKey: boolean): Span {
  let spot = root;
  for (const [depth, part] of path.entries()) {
    const entry = spot.inside?.get(part);
    if (entry === undefined) break;
    if (atKey && entry.key !== undefined && depth === path.length - 1) return entry.key;
    spot = entry.value;
  }
  return spot;
}

const BLANK = /[ \t\r\n]*/y;
const TEXT = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const WORD = /[^\s,\]}]+/y;
const NESTED = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|[{}[\]]/g;

class Scan {
  private readonly source: string;
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  value(): Spot {
    this.skip(BLANK);
    const start = this.at;
    const first = this.source[start];
    const isNested = first === '{' || first === '[';
    // No path goes deeper, and the platform's parser nests as deeply as it likes.
    const inside = isNested && this.depth <= MAX_DEPTH ? this.entries(first === '{') : undefined;
    if (isNested && inside === undefined) this.skipNested();
    else if (!isNested) this.skip(first === '"' ? TEXT : WORD);
    return { start, end: this.at, inside };
  }

  private skipNested(): void {
    let open = 0;
    NESTED.lastIndex = this.at;
    do {
      const token = NESTED.exec(this.source)?.[0];
      if (token === '{' || token === '[') open += 1;
      if (token === '}' || token === ']' || token === undefined) open -= 1;
    } while (open > 0);
    this.at = NESTED.lastIndex;
  }

  private entries(isObject: boolean): Map<string | number, Entry> {
    const made = new Map<string | number, Entry>();
    this.depth += 1;
    do {
      this.at += 1;
      this.skip(BLANK);
      if (this.isClosing()) break;
      const key = isObject ? this.key() : undefined;
      const name = key === undefined ? made.size : (JSON.parse(this.slice(key)) as string);
      made.set(name, { key, value: this.value() });
      this.skip(BLANK);
    } while (this.source[this.at] === ',');
    this.at += 1;
    this.depth -= 1;
    return made;
  }

  private key(): Span {
    const start = this.at;
    this.skip(TEXT);
    const end = this.at;
    this.skip(BLANK);
    this.at += 1;
    return { start, end };
  }

  private isClosing(): boolean {
    const character = this.source[this.at];
    return character === '}' || character === ']' || character === undefined;
  }

  private slice({ start, end }: Span): string {
    return this.source.slice(start, end);
  }

  private skip(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    this.at += pattern.exec(this.source)?.[0].length ?? 0;
  }
}
