/**
 * `npm start [-- <folder>] [options of troupe run]`: runs workflows/analyze-repository.yaml on a
 * folder, by default on the project's own sources. Everything else is the command's work.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const given = process.argv.slice(2);
const hasFolder = given[0] !== undefined && !given[0].startsWith('-');
// npm changes to the package's folder; a relative folder is meant from where the person stood.
const from = process.env.INIT_CWD ?? process.cwd();
const folder = hasFolder ? resolve(from, given[0] ?? '.') : join(root, 'src');
const workflow = join(root, 'workflows', 'analyze-repository.yaml');
const options = hasFolder ? given.slice(1) : given;

process.argv = [
  process.execPath,
  join(root, 'bin', 'troupe'),
  'run',
  workflow,
  '--input',
  `path=${folder}`,
  ...options,
];
createRequire(import.meta.url)('../bin/troupe');
