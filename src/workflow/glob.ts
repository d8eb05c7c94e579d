/** Patterns of paths: whether one matches, and how much work that is. */
import { textSteps } from './evaluation.ts';
import { MAX_EXPRESSION_LENGTH, MAX_GLOB_ALTERNATIVES } from './limits.ts';

/** Letters of a path that are compared with one letter of a pattern in a step. */
const CELLS_A_STEP = 16;
/** A letter of the pattern costs as much as so many letters of the path, however short the path. */
const SHORTEST_ROW = 16;

/**
 * Whether a path matches a pattern: `*` and `?` stay within one folder, `**` crosses folders,
 * `{a,b}` are alternatives. Takes time in proportion to path times pattern, whatever the pattern;
 * a pattern with more than 64 alternatives in all matches nothing.
 */
export function globMatches(path: string, pattern: string): boolean {
  return alternatives(pattern).some((alternative) => matches(path, alternative));
}

/** A longer pattern matches nothing, at once. */
function isOverlong(pattern: string): boolean {
  return pattern.length > MAX_EXPRESSION_LENGTH;
}

function alternatives(pattern: string): string[] {
  if (isOverlong(pattern)) return [];
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0) {
    if (open.length + done.length > MAX_GLOB_ALTERNATIVES) return [];
    const next = open.pop() ?? '';
    const group = /\{([^{}]*)\}/.exec(next);
    if (group === null) done.push(next);
    else
      for (const choice of (group[1] ?? '').split(','))
        open.push(next.replace(group[0], () => choice));
  }
  return done;
}

/** Dynamic programming over the path: `row[i]` says whether the pattern so far matches the first `i` letters. */
function matches(path: string, pattern: string): boolean {
  let row = new Uint8Array(path.length + 1);
  row[0] = 1;
  for (let at = 0; at < pattern.length; at++) {
    const letter = pattern[at] ?? '';
    const isDeep = letter === '*' && pattern[at + 1] === '*';
    if (isDeep) at += 1;
    const swallowsSlash = isDeep && pattern[at + 1] === '/';
    if (swallowsSlash) at += 1;
    row = swallowsSlash
      ? folders(path, row)
      : letter === '*'
        ? stars(path, row, isDeep)
        : one(path, row, letter);
  }
  return row[path.length] === 1;
}

function folders(path: string, row: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(row.length);
  let reached = false;
  for (let i = 0; i < row.length; i++) {
    next[i] = row[i] === 1 || (reached && path[i - 1] === '/') ? 1 : 0;
    reached ||= row[i] === 1;
  }
  return next;
}

function stars(path: string, row: Uint8Array, isDeep: boolean): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(row.length);
  let reached = false;
  for (let i = 0; i < row.length; i++) {
    if (!isDeep && path[i - 1] === '/') reached = false;
    reached ||= row[i] === 1;
    next[i] = reached ? 1 : 0;
  }
  return next;
}

function one(path: string, row: Uint8Array, letter: string): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(row.length);
  for (let i = 1; i < row.length; i++) {
    const fits = letter === '?' ? path[i - 1] !== '/' : path[i - 1] === letter;
    next[i] = fits ? (row[i - 1] ?? 0) : 0;
  }
  return next;
}

/** What a pattern of `glob` asks for, whatever the path. */
interface GlobShape {
  /** How many patterns without braces it stands for. */
  alternatives: number;
  /** Characters of the longest of them, at most. */
  longest: number;
  /** Characters that are read and copied until all of them are written out. */
  expanded: number;
}

/** An open brace: the choices so far, the longest of them, the present one, and all as plain text. */
interface OpenBrace {
  choices: number;
  longest: number;
  present: number;
  plain: number;
}

/** The work that `globMatches` has with a pattern, found in one walk over it. */
export function globShape(pattern: string): GlobShape {
  const flat = { alternatives: 1, longest: pattern.length, expanded: 0 };
  if (isOverlong(pattern) || !pattern.includes('{')) return flat;
  let [alternatives, groups] = [1, 0];
  const open: OpenBrace[] = [{ choices: 1, longest: 0, present: 0, plain: 0 }];
  for (const letter of pattern) {
    const brace = open.at(-1) as OpenBrace;
    if (letter === '{') open.push({ choices: 1, longest: 0, present: 0, plain: 1 });
    else if (letter === '}' && open.length > 1) {
      open.pop();
      groups += 1;
      alternatives = Math.min(alternatives * brace.choices, MAX_GLOB_ALTERNATIVES);
      grow(open.at(-1) as OpenBrace, Math.max(brace.longest, brace.present));
    } else if (letter === ',' && open.length > 1) {
      brace.choices += 1;
      brace.longest = Math.max(brace.longest, brace.present);
      brace.present = 0;
      brace.plain += 1;
    } else grow(brace, letter.length);
  }
  // A brace that is never closed is plain text, and so are its commas.
  const longest = open.reduce(
    (sum, { present, plain }, at) => sum + (at === 0 ? present : plain),
    0,
  );
  return { alternatives, longest, expanded: groups * alternatives * pattern.length };
}

function grow(brace: OpenBrace, by: number): void {
  brace.present += by;
  brace.plain += by;
}

/** The steps of matching a path of so many characters. */
export function globSteps(length: number, { alternatives, longest, expanded }: GlobShape): number {
  const cells = alternatives * longest * Math.max(length, SHORTEST_ROW);
  return 1 + Math.ceil(cells / CELLS_A_STEP) + textSteps(expanded);
}
