/**
 * The licences of what the package brings along, from package-lock.json, and the bill of materials (CycloneDX)
 * that `npm sbom` makes of it. `node infra/licenses.mjs` prints the list.
 *
 * Every licence must be in ALLOWED: permissive ones, which ask for their text to be kept and for nothing else.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'];

/** What npm adds to a bill of materials that differs from call to call, or from folder to folder. */
const VOLATILE = ['serialNumber'];

/**
 * @typedef {{ name: string, version: string, license: string, isDevelopment: boolean }} Dependency
 * @typedef {{ version?: string, license?: string, dev?: boolean, devOptional?: boolean }} LockEntry
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string} name */
const readJson = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** All packages of the lock file, sorted by name. @returns {Dependency[]} */
export function dependencies() {
  const packages = /** @type {Record<string, LockEntry>} */ (
    readJson('package-lock.json').packages
  );
  const found = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? '',
      license: entry.license ?? 'unknown',
      isDevelopment: entry.dev === true,
    }));
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * True for an SPDX expression of allowed licences: with `OR` one of them is enough, with `AND` all are needed.
 * @param {string} expression
 */
export function isAllowed(expression) {
  const plain = expression.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false;
  return plain
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((license) => ALLOWED.includes(license)));
}

/** Markdown: what an installation of the package brings along. */
export function licenseList() {
  const rows = dependencies()
    .filter(({ isDevelopment }) => !isDevelopment)
    .map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`);
  return [
    '# Licences of the dependencies',
    '',
    'Each package carries the text of its licence. Binaries for other platforms are not installed.',
    '',
    '| package | version | licence |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The bill of materials of what an installation brings along, the same for the same lock file. */
export function billOfMaterials() {
  const npm = process.env.npm_execpath;
  const isScript = npm !== undefined && /npm-cli\.c?js$/.test(npm);
  const flags = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'];
  const [command, args] = isScript ? [process.execPath, [npm, ...flags]] : ['npm', flags];
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: !isScript && process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0)
    throw new Error(`npm sbom failed (npm 10 or later has it): ${done.stderr}`);
  const bill = JSON.parse(done.stdout);
  for (const field of VOLATILE) delete bill[field];
  delete bill.metadata.timestamp;
  delete bill.metadata.tools;
  // npm names the component after the folder it stands in.
  bill.metadata.component.name = readJson('package.json').name;
  return bill;
}

if (process.argv[1]?.endsWith(join('infra', 'licenses.mjs').split('/').join(sep)))
  process.stdout.write(licenseList());
