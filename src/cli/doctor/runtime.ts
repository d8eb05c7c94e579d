/** The runtime: its version, and whether the packages with native code load on it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { reasonOf } from '../../workflow/errors.ts';
import { type Finding, findings } from './finding.ts';

const { ok, warn, fail } = findings('runtime');

/** Packages with native code or WebAssembly, and whether troupe works without. They are loaded here, used elsewhere. */
const ADDONS: readonly (readonly [name: string, purpose: string, isNeeded: boolean])[] = [
  ['classic-level', 'the log', true],
  ['@vscode/tree-sitter-wasm', 'the agents that read code', true],
  ['msgpackr-extract', 'faster reading of the log', false],
];

export function checkRuntime(): Finding[] {
  return [nodeVersion(), ...ADDONS.map(addon)];
}

function nodeVersion(): Finding {
  const file = new URL('../../../package.json', import.meta.url);
  const { engines } = JSON.parse(readFileSync(file, 'utf8')) as { engines: { node: string } };
  const needed = Number(/\d+/.exec(engines.node)?.[0]);
  const found = `Node ${process.version} on ${process.platform} ${process.arch}`;
  return Number(process.versions.node.split('.')[0]) >= needed
    ? ok('version', found)
    : fail('version', `${found}, older than ${needed}`, `Install Node ${needed} or later.`);
}

function addon([name, purpose, isNeeded]: (typeof ADDONS)[number]): Finding {
  // packages of packages may lie below those that need them
  const require = createRequire(import.meta.url);
  try {
    require(require.resolve(name, { paths: searchPaths(require) }));
    return ok(name, `${name} loads (${purpose})`);
  } catch (error) {
    const message = `${name} does not load (${purpose}): ${reasonOf(error).split('\n')[0] ?? ''}`;
    const fix = `Install again for this platform and Node version: npm ci, or npm rebuild ${name}.`;
    return isNeeded ? fail(name, message, fix) : warn(name, message, fix);
  }
}

function searchPaths(require: NodeJS.Require): string[] {
  const own = require.resolve.paths('troupe') ?? [];
  const below = ['level', 'msgpackr'].flatMap((name) => {
    try {
      return require.resolve.paths(name)?.map((path) => `${path}/${name}/node_modules`) ?? [];
    } catch {
      // it is not installed: then nothing is below it
      return [];
    }
  });
  return [...own, ...below];
}
