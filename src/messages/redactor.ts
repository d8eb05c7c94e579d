/**
 * Takes secrets out of what is about to be logged, cached or published: each occurrence becomes `[secret:name]`.
 * Found in texts, in the names of members, and in numbers; in all forms of `secret-forms.ts`. Pure.
 *
 * R1 What overlaps is taken out as one, so that nothing of a secret is left beside another one.
 * R2 A text that was cut may begin or end within a secret: what is left of it is taken out too.
 */
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import { formsOf, MIN_SECRET_LENGTH } from './secret-forms.ts';

interface Form {
  readonly name: string;
  readonly text: string;
}

interface Hit {
  readonly from: number;
  to: number;
  readonly name: string;
}

/** Where a text was cut off by whoever hands it in. */
export interface Cut {
  readonly start?: boolean;
  readonly end?: boolean;
}

/** What a cut leaves of a secret is taken out from this length on. */
const MIN_REST_AT_CUT = 3;

export class Redactor {
  readonly #forms: readonly Form[];
  readonly #digits: readonly Form[];

  /** Several values may have one name: a secret that was changed while it was in use. */
  constructor(secrets: Iterable<readonly [name: string, value: string]>) {
    const forms: Form[] = [];
    const digits: Form[] = [];
    for (const [name, value] of secrets) {
      const found = formsOf(value);
      for (const text of found.texts) forms.push({ name, text });
      for (const text of found.digits) digits.push({ name, text });
    }
    this.#forms = forms.sort((left, right) => right.text.length - left.text.length);
    this.#digits = digits;
  }

  /** True where there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#forms.length === 0;
  }

  text(text: string, cut: Cut = {}): string {
    if (this.isEmpty || text.length < MIN_REST_AT_CUT) return text;
    const hits = this.#hits(text);
    const start = this.#rest(text, cut.start === true, restAtStart);
    const end = this.#rest(text, cut.end === true, restAtEnd);
    if (start !== undefined) hits.push(start);
    if (end !== undefined) hits.push(end);
    return hits.length === 0 ? text : without(text, hits);
  }

  /** The same value where nothing was found; else a copy. */
  value<Value extends JsonValue>(value: Value): Value;
  value(value: JsonValue): JsonValue {
    if (this.isEmpty) return value;
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number': {
        const text = String(value);
        const redacted = this.text(text);
        return redacted === text ? value : redacted;
      }
      case 'object':
        if (value === null) return value;
        return Array.isArray(value)
          ? value.map((member) => this.value(member))
          : this.#object(value);
      default:
        return value;
    }
  }

  /** True where a text holds a secret. */
  isIn(text: string): boolean {
    return !this.isEmpty && this.#hits(text).length > 0;
  }

  #object(object: JsonObject): JsonObject {
    const redacted: JsonObject = {};
    for (const [key, member] of Object.entries(object)) {
      const name = this.text(key);
      redacted[unusedName(name, redacted)] = this.value(member);
    }
    return redacted;
  }

  #hits(text: string): Hit[] {
    const hits = hitsOf(this.#forms, text);
    if (!LINE_END.test(text)) return hits;
    const lines = new JoinedLines(text);
    for (const { from, to, name } of hitsOf(this.#digits, lines.text))
      hits.push({ from: lines.placeOf(from), to: lines.placeOf(to - 1) + 1, name });
    return hits;
  }

  /** The longest part of a form that a text begins or ends with (R2). */
  #rest(text: string, isCut: boolean, restOf: RestOf): Hit | undefined {
    const least = isCut ? MIN_REST_AT_CUT : MIN_SECRET_LENGTH;
    if (text.length < least) return undefined;
    let longest: Hit | undefined;
    for (const { name, text: form } of this.#forms) {
      const rest = restOf(text, form, least);
      if (rest === undefined) continue;
      if (longest === undefined || rest.to - rest.from > longest.to - longest.from)
        longest = { ...rest, name };
    }
    return longest;
  }
}

function hitsOf(forms: readonly Form[], text: string): Hit[] {
  const hits: Hit[] = [];
  for (const { name, text: form } of forms) {
    let last: Hit | undefined;
    for (let from = text.indexOf(form); from !== -1; from = text.indexOf(form, from + 1)) {
      const to = from + form.length;
      // A form may overlap itself, at every character of a long text.
      if (last !== undefined && from < last.to) last.to = to;
      else {
        last = { from, to, name };
        hits.push(last);
      }
    }
  }
  return hits;
}

const LINE_END = /\n|\\n/;
/** As it is, and as JSON writes it, also JSON within JSON. */
const LINE_ENDS = /\r?\n[ \t]*|(?:\\+r)?\\+n/g;

/** A text without the ends of its lines, and where each character stood. */
class JoinedLines {
  readonly text: string;
  /** Where a part begins, here and in the text as it was. */
  readonly #parts: { here: number; there: number }[] = [];

  constructor(text: string) {
    let joined = '';
    let at = 0;
    for (const end of text.matchAll(LINE_ENDS)) {
      this.#parts.push({ here: joined.length, there: at });
      joined += text.slice(at, end.index);
      at = end.index + end[0].length;
    }
    this.#parts.push({ here: joined.length, there: at });
    this.text = joined + text.slice(at);
  }

  placeOf(index: number): number {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#parts[middle]?.here ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const { here, there } = this.#parts[low] ?? { here: 0, there: 0 };
    return there + index - here;
  }
}

type RestOf = (
  text: string,
  form: string,
  least: number,
) => { from: number; to: number } | undefined;

const restAtEnd: RestOf = (text, form, least) => {
  const tail = text.slice(-least);
  for (
    let at = form.lastIndexOf(tail);
    at !== -1;
    at = at === 0 ? -1 : form.lastIndexOf(tail, at - 1)
  ) {
    const length = at + least;
    if (length < form.length && text.endsWith(form.slice(0, length)))
      return { from: text.length - length, to: text.length };
  }
  return undefined;
};

const restAtStart: RestOf = (text, form, least) => {
  const head = text.slice(0, least);
  for (let at = form.indexOf(head, 1); at !== -1; at = form.indexOf(head, at + 1)) {
    if (text.startsWith(form.slice(at))) return { from: 0, to: form.length - at };
  }
  return undefined;
};

/** R1 */
function without(text: string, hits: Hit[]): string {
  hits.sort((left, right) => left.from - right.from || right.to - left.to);
  let redacted = '';
  let at = 0;
  let end = -1;
  for (const { from, to, name } of hits) {
    if (from >= end) {
      redacted += `${text.slice(at, from)}[secret:${name}]`;
      at = to;
      end = to;
    } else if (to > end) {
      at = to;
      end = to;
    }
  }
  return redacted + text.slice(at);
}

/** Two names that differed in their secret alone stay two members. */
function unusedName(name: string, members: JsonObject): string {
  let unused = name;
  for (let count = 2; Object.hasOwn(members, unused); count += 1) unused = `${name} (${count})`;
  return unused;
}
