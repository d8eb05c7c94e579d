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

interface Pattern {
  readonly name: string;
  readonly pattern: RegExp;
}

interface Hit {
  readonly from: number;
  readonly to: number;
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
  readonly #patterns: readonly Pattern[];

  /** Several values may have one name: a secret that was changed while it was in use. */
  constructor(secrets: Iterable<readonly [name: string, value: string]>) {
    const forms: Form[] = [];
    const patterns: Pattern[] = [];
    for (const [name, value] of secrets) {
      const found = formsOf(value);
      for (const text of found.texts) forms.push({ name, text });
      for (const pattern of found.patterns) patterns.push({ name, pattern });
    }
    this.#forms = forms.sort((left, right) => right.text.length - left.text.length);
    this.#patterns = patterns;
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
    const hits: Hit[] = [];
    for (const { name, text: form } of this.#forms) {
      let from = text.indexOf(form);
      while (from !== -1) {
        hits.push({ from, to: from + form.length, name });
        from = text.indexOf(form, from + 1);
      }
    }
    for (const { name, pattern } of this.#patterns) {
      for (const match of text.matchAll(pattern))
        hits.push({ from: match.index, to: match.index + match[0].length, name });
    }
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
