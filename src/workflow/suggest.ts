import { MAX_SUGGESTION_CANDIDATES, MAX_SUGGESTIONS } from './limits.ts';

/** Letters that a near name may have wrong, however long it is. */
const MAX_WRONG_LETTERS = 8;

/**
 * The candidate that a mistyped name most likely meant, or `undefined` when none is near.
 * Near: at most a third of the letters differ (insertions, deletions, substitutions, swaps), and at most 8. Of two
 * letters one may differ; a single letter is near its other case alone.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const least = name.length > 1 ? 1 : 0;
  const allowed = Math.min(MAX_WRONG_LETTERS, Math.max(least, Math.floor(name.length / 3)));
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = allowed + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > MAX_SUGGESTION_CANDIDATES) break;
    if (Math.abs(candidate.length - name.length) > allowed) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance - 1);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** How many suggestions each definition was given. */
const given = new WeakMap<object, number>();

/** What to do about a mistyped name; `suggestion` is the name to put in its place, where one is near. */
export interface Advice {
  hint: string;
  suggestion?: string;
}

/**
 * `Did you mean \`x\`?`, or the fallback where nothing is near. With an `owner` (a definition's names) only so many
 * are looked for: comparing takes time, and nobody reads the five-hundredth.
 */
export function suggest(
  name: string,
  candidates: Iterable<string>,
  otherwise: string,
  owner?: object,
): Advice {
  if (owner !== undefined) {
    const count = given.get(owner) ?? 0;
    if (count >= MAX_SUGGESTIONS) return { hint: otherwise };
    given.set(owner, count + 1);
  }
  const found = nearest(name, candidates);
  return found === undefined ? { hint: otherwise } : meant(found);
}

/** Letters that a typing error gets wrong, and how long a name is for them to prove one. */
const TYPING_ERRORS = 2;
const LONG_NAME = 8;

/** True where a name is so near a long known one that nobody would have given it to something else. */
export function isTypingError(name: string, known: string | undefined): boolean {
  if (known === undefined || known.length < LONG_NAME) return false;
  return editDistance(name.toLowerCase(), known.toLowerCase(), TYPING_ERRORS) <= TYPING_ERRORS;
}

/** The advice for a name that is known to be meant. */
export function meant(suggestion: string): Advice {
  return { hint: `Did you mean \`${suggestion}\`?`, suggestion };
}

/** The hint of `suggest` alone, for messages that only people read. */
export function didYouMean(
  name: string,
  candidates: Iterable<string>,
  otherwise: string,
  owner?: object,
): string {
  return suggest(name, candidates, otherwise, owner).hint;
}

const MAX_COMPARED = 64;
/** Three rows of the table, used again for every comparison. */
const ROWS = [0, 1, 2].map(() => new Int32Array(MAX_COMPARED + 1)) as [
  Int32Array,
  Int32Array,
  Int32Array,
];

/**
 * Optimal string alignment distance over at most 64 letters of each; anything over `limit` where it is more. Only the
 * diagonal band that can stay within the limit is looked at.
 */
// Length: one table, filled row by row.
function editDistance(left: string, right: string, limit: number): number {
  const a = left.slice(0, MAX_COMPARED);
  const b = right.slice(0, MAX_COMPARED);
  const far = limit + 1;
  let [beforePrevious, previous, row] = ROWS;
  for (let j = 0; j <= b.length; j++) previous[j] = Math.min(j, far);
  for (let i = 1; i <= a.length; i++) {
    row.fill(far);
    row[0] = Math.min(i, far);
    let least = row[0];
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
      const letter = b.charCodeAt(j - 1);
      const isSame = a.charCodeAt(i - 1) === letter;
      let cost = (previous[j - 1] as number) + (isSame ? 0 : 1);
      cost = Math.min(cost, (previous[j] as number) + 1, (row[j - 1] as number) + 1);
      const isSwapped =
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === letter;
      if (isSwapped) cost = Math.min(cost, (beforePrevious[j - 2] as number) + 1);
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (least > limit) return far;
    [beforePrevious, previous, row] = [previous, row, beforePrevious];
  }
  return previous[b.length] as number;
}
