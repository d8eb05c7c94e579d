/**
 * `npm run build` (and `prepack`): makes dist/, what the package holds instead of src/.
 *
 * D1 JavaScript is split into chunks: a command loads its own and no other. Dependencies stay packages.
 * D2 Declarations are one file a module, below dist/types, of what the entries reach and nothing else.
 * D3 A module finds files by its own place (`import.meta.url`) as it does in src/: dist/ has the same depth.
 * D4 Examples import the package by its name and call its command as an installed one.
 * D5 Two builds of one tree are the same, byte by byte.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { billOfMaterials, licenseList } from './licenses.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const types = join(dist, 'types');
/** `from './x.ts'`, `import('./x.ts')`: what stands before, the path without its end, what stands after. */
const RELATIVE_IMPORT = /((?:from |import |import\()['"])(\.[^'"]*)\.ts(['"])/g;

/** Name below dist/ -> source. The exports of package.json name the same. */
const entries = {
  'cli/main': 'src/cli/main.ts',
  index: 'src/index.ts',
  agents: 'src/agents/index.ts',
  client: 'src/client/index.ts',
  workflow: 'src/workflow/index.ts',
  testing: 'src/testing.ts',
  thread: 'src/agents/builtin/syntax/thread.ts',
};
/** What is started by its place, not imported: the place below dist/ -> the entry that it stands for (D3). */
const started = { 'agents/builtin/syntax/thread.js': 'thread' };

/** `import.meta` of a module in a chunk is that of the module's own place below dist/ (D3). */
const keepPlaces = {
  name: 'keep-places',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!code.includes('import.meta.')) return null;
    if (/import\.meta\.(?!(url|dirname)\b)/.test(code))
      throw new Error(`${id}: of import.meta only url and dirname can be built`);
    const place = relative(join(root, 'src'), id).split(sep).join('/').replace(/\.ts$/, '.js');
    // Every chunk stands two folders below the package: dist/<folder>/<chunk>.js.
    const url = `new URL('../${place}', import.meta.url).href`;
    const folder = `process.getBuiltinModule('node:path').join(import.meta.dirname, '../${dirname(place)}')`;
    const built = code.replace(/import\.meta\.(url|dirname)\b/g, (_, field) =>
      field === 'url' ? url : folder,
    );
    return { code: built, map: null }; // Null: no line moves.
  },
};

async function buildJavaScript() {
  const bundle = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    external: /^[^./]/,
    plugins: [keepPlaces],
  });
  await bundle.write({
    dir: dist,
    format: 'esm',
    sourcemap: true,
    entryFileNames: ({ name }) => (name === 'cli/main' ? '[name].js' : 'lib/[name].js'),
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await bundle.close();
}

function placeStarted() {
  for (const [place, entry] of Object.entries(started)) {
    const file = join(dist, place);
    const up = relative(dirname(file), join(dist, 'lib', `${entry}.js`))
      .split(sep)
      .join('/');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import '${up}';\n`);
  }
}

function buildDeclarations() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('tsc could not write the declarations; see above');
  const reached = reachDeclarations();
  for (const file of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
    const path = join(types, file);
    if (statSync(path).isDirectory()) continue;
    if (!reached.has(path))
      rmSync(path); // Folders that are empty then are not packed.
    // tsc leaves `.ts` in declarations, where older compilers want the name of the JavaScript.
    else writeFileSync(path, readFileSync(path, 'utf8').replace(RELATIVE_IMPORT, '$1$2.js$3'));
  }
}

/** tsc also writes what only the code of the entries needs. @returns {Set<string>} */
function reachDeclarations() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entryTypes = /** @type {{ types?: string }[]} */ (Object.values(exports));
  const waiting = entryTypes.flatMap((entry) => (entry.types ? [join(root, entry.types)] : []));
  const reached = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const [, , specifier = ''] of readFileSync(path, 'utf8').matchAll(RELATIVE_IMPORT)) {
      const next = join(dirname(path), `${specifier}.d.ts`);
      if (reached.has(next)) continue;
      reached.add(next);
      waiting.push(next);
    }
  }
  return reached;
}

function copyExamples() {
  const to = join(dist, 'examples');
  cpSync(join(root, 'examples'), to, { recursive: true });
  for (const file of readdirSync(to)) {
    const text = readFileSync(join(to, file), 'utf8')
      .replaceAll("'../src/index.ts'", "'troupe'")
      .replaceAll("'../src/testing.ts'", "'troupe/testing'")
      .replaceAll('bin/troupe', 'npx troupe')
      .replaceAll('node_modules/.bin/node ', 'node ');
    writeFileSync(join(to, file), text);
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await buildJavaScript();
placeStarted();
buildDeclarations();
copyExamples();
writeFileSync(join(dist, 'sbom.cdx.json'), `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
writeFileSync(join(dist, 'third-party-licenses.md'), licenseList());
