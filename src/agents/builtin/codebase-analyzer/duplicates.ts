/** Copies of code within and between files, from the fingerprints of their tokens. */
import { decodeFingerprints, type Fingerprint, GRAM, WINDOW } from './fingerprints.ts';

/** Shorter copies are not reported. Every copy of MIN_TOKENS + 2 x (WINDOW - 1) tokens, 128, is found. */
export const MIN_TOKENS = 80;
/** Places of one fingerprint that are compared; boilerplate in more files than this is counted as a few copies. */
const MAX_PLACES = 12;
const MAX_COPIES = 1_000;

/** Lines count from 1, both ends included; `tokens` were seen to be equal, there may be a few more. */
export type Copy = {
  tokens: number;
  first: { file: string; line: number; endLine: number };
  second: { file: string; line: number; endLine: number };
};

export type Duplication = {
  /** The largest first, at most 1,000. */
  copies: Copy[];
  /** How many there are in all. */
  count: number;
  /** Lines that also stand elsewhere, each counted once. */
  lines: number;
  linesByFile: Record<string, number>;
};

interface Place {
  file: number;
  print: Fingerprint;
}

/** Fingerprints that follow each other at one distance. */
interface Run {
  first: { file: number; start: Fingerprint; end: Fingerprint };
  second: { file: number; start: Fingerprint; end: Fingerprint };
}

/** `files` in the order of their paths. */
export function findDuplicates(
  files: readonly { file: string; fingerprints: string }[],
): Duplication {
  const runs = runsOf(files).filter((run) => tokensOf(run) >= MIN_TOKENS && !isOverlap(run));
  const copies = runs
    .map((run) => copyOf(run, files))
    .sort(
      (a, b) => b.tokens - a.tokens || compare(a.first, b.first) || compare(a.second, b.second),
    );
  const largest = withoutContained(copies);
  const linesByFile = countLines(largest);
  return {
    copies: largest.slice(0, MAX_COPIES),
    count: largest.length,
    lines: Object.values(linesByFile).reduce((sum, lines) => sum + lines, 0),
    linesByFile,
  };
}

function runsOf(files: readonly { fingerprints: string }[]): Run[] {
  const places = new Map<number, Place[]>();
  const open = new Map<string, Run>();
  const runs: Run[] = [];
  for (const [file, { fingerprints }] of files.entries()) {
    for (const print of decodeFingerprints(fingerprints)) {
      const earlier = places.get(print.hash);
      if (earlier === undefined) {
        places.set(print.hash, [{ file, print }]);
        continue;
      }
      for (const place of earlier) extend({ open, runs }, place, { file, print });
      if (earlier.length < MAX_PLACES) earlier.push({ file, print });
    }
  }
  return runs;
}

function extend(
  { open, runs }: { open: Map<string, Run>; runs: Run[] },
  first: Place,
  second: Place,
): void {
  const key = `${first.file} ${second.file} ${second.print.token - first.print.token}`;
  const run = open.get(key);
  if (run !== undefined && second.print.token - run.second.end.token <= GRAM + WINDOW) {
    run.first.end = first.print;
    run.second.end = second.print;
    return;
  }
  const started: Run = {
    first: { file: first.file, start: first.print, end: first.print },
    second: { file: second.file, start: second.print, end: second.print },
  };
  open.set(key, started);
  runs.push(started);
}

function tokensOf({ second }: Run): number {
  return second.end.token - second.start.token + GRAM;
}

/** Code that repeats itself at once, like a table, is no copy of its neighbour. */
function isOverlap({ first, second }: Run): boolean {
  return first.file === second.file && second.start.line <= first.end.endLine;
}

function copyOf(run: Run, files: readonly { file: string }[]): Copy {
  const place = ({ file, start, end }: Run['first']): Copy['first'] => ({
    file: files[file]?.file ?? '',
    line: start.line,
    endLine: end.endLine,
  });
  return { tokens: tokensOf(run), first: place(run.first), second: place(run.second) };
}

/** A copy whose second place lies within that of a larger one says nothing new. */
function withoutContained(copies: readonly Copy[]): Copy[] {
  const taken = new Map<string, { line: number; endLine: number }[]>();
  return copies.filter(({ second }) => {
    const known = taken.get(second.file) ?? [];
    const isContained = known.some(
      ({ line, endLine }) => line <= second.line && second.endLine <= endLine,
    );
    if (!isContained) taken.set(second.file, [...known, second]);
    return !isContained;
  });
}

function countLines(copies: readonly Copy[]): Record<string, number> {
  const byFile = new Map<string, Copy['first'][]>();
  for (const place of copies.flatMap(({ first, second }) => [first, second])) {
    const known = byFile.get(place.file);
    if (known === undefined) byFile.set(place.file, [place]);
    else known.push(place);
  }
  const sorted = [...byFile].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([file, places]) => [file, union(places)]));
}

function union(places: readonly { line: number; endLine: number }[]): number {
  let sum = 0;
  let covered = 0;
  for (const { line, endLine } of places.toSorted((a, b) => a.line - b.line)) {
    sum += Math.max(0, endLine - Math.max(line, covered + 1) + 1);
    covered = Math.max(covered, endLine);
  }
  return sum;
}

function compare(a: { file: string; line: number }, b: { file: string; line: number }): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line;
}
