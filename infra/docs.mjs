/**
 * The documents that are made: `node infra/docs.mjs` writes docs/reference from the sources and the pictures in
 * docs/pictures. `--record [file ...]` also runs the console blocks of the documents and writes down what they
 * print; look at the difference before you keep it. Needs Node 24 and the installed packages.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pictures } from './docs/pictures.ts';
import { recordDocument } from './docs/record.ts';
import { referencePages } from './docs/reference.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}

const [option, ...named] = process.argv.slice(2);
if (option === '--record') {
  const pages = ['docs', 'docs/guides', 'docs/explanation'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  );
  for (const path of named.length > 0 ? named : ['README.md', ...pages])
    console.log(`${path}: ${(await recordDocument(path)) === 0 ? 'as it was' : 'recorded again'}`);
}
for (const [path, text] of [...(await referencePages()), ...pictures()]) write(path, text);
