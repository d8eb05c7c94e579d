/**
 * The licences of what the package brings along, from package-lock.json, and the bill of materials (CycloneDX)
 * that `npm sbom` makes of it. `node infra/licenses.mjs` prints the list.
 *
 * What an installation brings along must have a permissive licence (ALLOWED), which asks for its text to be kept and
 * for nothing else. Tools that only development uses are not handed on: they may also have one of ALLOWED_TOOLS.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'];
const ALLOWED_TOOLS = ['BlueOak-1.0.0', 'MPL-2.0'];

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
 * @param {Pick<Dependency, 'license' | 'isDevelopment'>} dependency
 */
export function isAllowed({ license, isDevelopment }) {
  const allowed = isDevelopment ? [...ALLOWED, ...ALLOWED_TOOLS] : ALLOWED;
  const plain = license.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(plain)) return false;
  return plain
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => allowed.includes(one)));
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
  const flags = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const [command, args] = isScript ? [process.execPath, [npm, ...flags]] : ['npm', flags];
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: !isScript && process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0)
    throw new Error(`npm sbom failed (npm 10 or later has it): ${done.stderr}`);
  return reduced(JSON.parse(done.stdout));
}

/**
 * Without tools (`npm sbom --omit=dev` also omits what both need), and without what differs from call to call or
 * from machine to machine.
 * @param {any} bill
 */
function reduced(bill) {
  const shipped = new Set(
    dependencies()
      .filter(({ isDevelopment }) => !isDevelopment)
      .map(({ name, version }) => `${name}@${version}`),
  );
  const own = bill.metadata.component;
  /** @param {string} reference */
  const isKept = (reference) => reference === own['bom-ref'] || shipped.has(reference);
  return {
    ...bill,
    serialNumber: undefined,
    // npm names the component after the folder it stands in.
    metadata: { component: { ...own, name: readJson('package.json').name } },
    components: bill.components
      .filter((/** @type {any} */ one) => isKept(one['bom-ref']))
      .map((/** @type {any} */ one) => ({ ...one, externalReferences: undefined })),
    dependencies: bill.dependencies
      .filter((/** @type {any} */ one) => isKept(one.ref))
      .map((/** @type {any} */ one) => ({ ...one, dependsOn: one.dependsOn.filter(isKept) })),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(licenseList());
