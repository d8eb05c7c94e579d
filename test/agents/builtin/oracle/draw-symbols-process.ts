/**
 * Makes `symbols.json` anew: 200 symbols that are defined once, drawn from the sources of installed packages, with the
 * file and line where universal-ctags (5.9) sees them. Needs `ctags` on the path:
 *
 *   node test/agents/builtin/oracle/draw-symbols-process.ts
 *
 * Drawn are names that ctags reports once in all of a source tree and that no local scope hides: local variables, which
 * ctags names like others, are left out by their indentation. The packages are pinned by package-lock.json.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SEED = 20_261_121;
const TOP = join(import.meta.dirname, '../../../..');
/** Source trees, and how many symbols of each. */
const TREES = [
  { path: 'node_modules/zod/src', ends: /\.ts$/, count: 80 },
  { path: 'node_modules/classic-level/deps', ends: /\.(c|cc|h)$/, count: 100 },
  { path: 'node_modules/yaml/dist', ends: /\.js$/, count: 20 },
];
const LOCAL = /^(local|parameter|import|package)$/;
/** Kinds that ctags also gives to variables of functions. */
const MAYBE_LOCAL = /^(constant|variable|property)$/;

interface Tag {
  _type: string;
  name: string;
  path: string;
  kind: string;
  line: number;
}

function filesBelow(folder: string, ends: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && ends.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function tagsOf(files: readonly string[]): Tag[] {
  const output = execFileSync(
    'ctags',
    ['--options=NONE', '--output-format=json', '--fields=+nK', '-f', '-', '-L', '-'],
    {
      input: files.join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Tag)
    .filter(({ _type }) => _type === 'tag');
}

function isDrawn({ name, kind, path, line }: Tag): boolean {
  if (LOCAL.test(kind) || !/^[\w$]+$/.test(name) || /^(__)?anon/.test(name)) return false;
  const text = readFileSync(path, 'utf8').split('\n')[line - 1] ?? '';
  return !MAYBE_LOCAL.test(kind) || !/^\s/.test(text);
}

/** Mulberry32: the same draw everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const next = random(SEED);
const symbols = TREES.flatMap(({ path, ends, count }) => {
  const folder = join(TOP, path);
  const tags = tagsOf(filesBelow(folder, ends));
  const times = new Map<string, number>();
  for (const { name } of tags) times.set(name, (times.get(name) ?? 0) + 1);
  const once = tags.filter((tag) => times.get(tag.name) === 1 && isDrawn(tag));
  const drawn = new Set<Tag>();
  while (drawn.size < Math.min(count, once.length)) {
    const tag = once[Math.floor(next() * once.length)];
    if (tag !== undefined) drawn.add(tag);
  }
  return [...drawn].map(({ name, kind, path: file, line }) => ({
    tree: path,
    name,
    kind,
    file: file.slice(folder.length + 1),
    line,
  }));
});
writeFileSync(join(import.meta.dirname, 'symbols.json'), `${JSON.stringify(symbols, null, 1)}\n`);
process.stdout.write(`${symbols.length} symbols\n`);
