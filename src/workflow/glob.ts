import { MAX_EXPRESSION_LENGTH } from './limits.ts';

/**
 * Whether a path matches a pattern: `*` and `?` stay within one folder, `**` crosses folders,
 * `{a,b}` are alternatives. Takes time in proportion to path times pattern, whatever the pattern;
 * a pattern with more than 64 alternatives in all matches nothing.
 */
export function globMatches(path: string, pattern: string): boolean {
  return alternatives(pattern).some((alternative) => matches(path, alternative));
}

const MAX_ALTERNATIVES = 64;

function alternatives(pattern: string): string[] {
  if (pattern.length > MAX_EXPRESSION_LENGTH) return [];
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0) {
    if (open.length + done.length > MAX_ALTERNATIVES) return [];
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
