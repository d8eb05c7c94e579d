/**
 * The documents that are made: `node infra/docs.mjs` writes docs/reference from the sources, the pictures in
 * docs/pictures, and the files that documents show with `file=`. `--record [file ...]` also runs the console blocks of the documents and writes down what they
 * print; look at the difference before you keep it. Needs Node 24 and the installed packages.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pictures } from './docs/pictures.ts';
import { recordDocument } from './docs/record.ts';
import { referencePages } from './docs/reference.ts';
import { documentPaths, withFilesOfToday } from './docs/shown-files.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}

/** @param {Iterable<[string, string]>} pages */
const writeAll = (pages) => {
  for (const [path, text] of pages) write(path, text);
};

const [option, ...named] = process.argv.slice(2);
writeAll(withFilesOfToday());
if (option === '--record') {
  const all = documentPaths().filter((path) => !/decisions|status/.test(path));
  for (const path of named.length > 0 ? named : all)
    console.log(`${path}: ${(await recordDocument(path)) ? 'recorded again' : 'as it was'}`);
}
writeAll([...(await referencePages()), ...pictures()]);
