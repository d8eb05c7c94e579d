/** Papers: room READMEs, the words of documents, the lock file. */
import type { Violation } from './source-file.ts';

const README_LINES = 40;

/** A text file by its path relative to the root. */
export interface Paper {
  path: string;
  text: string;
}

const BANNED_IN_PAPERS: readonly [RegExp, string][] = [
  [/\b(TODO|FIXME|XXX|TBD)\b/, 'finish it or open an issue'],
  [/(^|[\s('"`])\/(work|root|home|Users)\//m, 'a path of one machine'],
  [/\p{Extended_Pictographic}/u, 'no emoji'],
  [
    /\b(blazing(ly)?|seamless(ly)?|cutting-edge|game-chang\w+|revolutionary|world-class|effortless(ly)?)\b/i,
    'no marketing',
  ],
  [/\b(AI-generated|as an AI|co-authored-by|coding assistant)\b/i, 'speak of the project alone'],
];

/** Rooms without a README, and READMEs of rooms with more than 40 lines. */
export function checkReadmes(rooms: string[], papers: Paper[]): Violation[] {
  return rooms.flatMap((room) => {
    const path = `src/${room}/README.md`;
    const readme = papers.find((paper) => paper.path === path);
    if (!readme) return [`src/${room} has no README.md`];
    const lines = readme.text.trimEnd().split('\n').length;
    return lines > README_LINES ? [`${path} has ${lines} lines; ${README_LINES} at most`] : [];
  });
}

/** Words that have no place in a document or in a source file. */
export function checkPaper({ path, text }: Paper): Violation[] {
  return BANNED_IN_PAPERS.flatMap(([word, why]) => {
    const found = word.exec(text);
    if (!found) return [];
    const line = text.slice(0, found.index).split('\n').length;
    return [`${path}:${line} says ${JSON.stringify(found[0].trim())}: ${why}`];
  });
}

interface LockEntry {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

/**
 * A lock file that `npm ci` refuses elsewhere: an optional package of another platform is missing,
 * or an address of the registry it was made with is in it.
 */
export function checkLockFile(packages: Record<string, LockEntry>): Violation[] {
  return Object.entries(packages).flatMap(([path, entry]) => {
    const missing = Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `package-lock.json lacks ${name}, an optional dependency of ${path}`);
    const host = entry.resolved ? [`package-lock.json names a registry for ${path}`] : [];
    return [...missing, ...host];
  });
}

function isLocked(packages: Record<string, LockEntry>, from: string, name: string): boolean {
  return `node_modules/${name}` in packages || `${from}/node_modules/${name}` in packages;
}
