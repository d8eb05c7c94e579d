/**
 * The documents that are made: `node infra/docs.mjs` writes docs/reference from the sources and the pictures in
 * docs/pictures. `--record [file ...]` also runs the console blocks of the documents and writes down what they
 * print; look at the difference before you keep it. Needs Node 24 and the installed packages.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePages } from './docs/reference.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}

for (const [path, text] of await referencePages()) write(path, text);
