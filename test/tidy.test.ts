/** Style is a check, not a wish: the repository against the rules in tidy/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCycles, checkDeadFiles } from './tidy/graph.ts';
import { checkLockFile, checkPaper, checkReadmes, type Paper } from './tidy/papers.ts';
import { checkDirection, checkOwnership, checkPurity } from './tidy/rooms.ts';
import { checkFileSize, checkFunctionLengths } from './tidy/sizes.ts';
import { listFiles, readTree, roomOf } from './tidy/source-file.ts';
import { checkWords } from './tidy/words.ts';

const root = join(import.meta.dirname, '..');
const files = readTree(root, ['src', 'test', 'bench', 'infra', 'examples']);
const papers = [...listFiles(root, 'src'), ...listFiles(root, 'docs'), 'CHANGELOG.md', 'README.md']
  .filter((path) => path.endsWith('.md'))
  .flatMap(readPaper);

/** What starts by itself: the package, the command, tests and their set-up, benchmarks, examples. */
const ENTRIES =
  /^(src\/(index|testing|cli\/main)\.ts|infra\/[^/]+\.mjs|bench\/run\.ts|(bench|test)\/.*-process\.ts|examples\/.*|test\/.*\.test\.ts|test\/package\/set-up\.ts)$/;

function readPaper(path: string): Paper[] {
  try {
    return [{ path, text: readFileSync(join(root, path), 'utf8') }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

describe('the repository', () => {
  it('has files below 400 lines, and above 300 a reason', () => {
    expect(files.flatMap(checkFileSize)).toEqual([]);
  });

  it('has functions below 70 lines, and above 40 a reason', () => {
    expect(files.flatMap(checkFunctionLengths)).toEqual([]);
  });

  it('imports one way between rooms', () => {
    expect(files.flatMap(checkDirection)).toEqual([]);
  });

  it('imports a package only in the room that owns it', () => {
    expect(files.flatMap(checkOwnership)).toEqual([]);
  });

  it('does no I/O in pure rooms', () => {
    expect(files.flatMap(checkPurity)).toEqual([]);
  });

  it('has no import cycle', () => {
    expect(checkCycles(files)).toEqual([]);
  });

  it('has no dead file', () => {
    expect(checkDeadFiles(files, (path) => ENTRIES.test(path))).toEqual([]);
  });

  it('has no banned word in its code', () => {
    expect(files.flatMap(checkWords)).toEqual([]);
  });

  it('has a README of at most 40 lines in each room', () => {
    const rooms = files.map((file) => roomOf(file.path)).filter((room) => room !== undefined);
    const folders = [...new Set(rooms)].filter((room) => !room.endsWith('.ts'));
    expect(checkReadmes(folders, papers)).toEqual([]);
  });

  it('has no banned word in its documents', () => {
    expect(papers.flatMap(checkPaper)).toEqual([]);
  });

  it('has a lock file that installs on every platform', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    expect(checkLockFile(lock.packages)).toEqual([]);
  });
});
