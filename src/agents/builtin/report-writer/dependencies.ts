/** Who imports whom: relative imports resolved to files of the report, the others counted as modules from outside. */
import type { FileAnalysis } from '../codebase-analyzer/analysis.ts';

/** Ends that an import may leave out, or write in place of the source's own. */
const SCRIPT_ENDS = ['.ts', '.tsx', '.mts', '.cts', '.d.ts', '.js', '.jsx', '.mjs', '.cjs'];
const COMPILED_END = /\.(?:js|jsx|mjs|cjs)$/;

export interface Dependencies {
  /** Module and number of files that import it; most imported first. */
  modules: { module: string; files: number }[];
  /** For files of the report: how many others they import, and how many import them. Widest first. */
  fans: { file: string; fanIn: number; fanOut: number }[];
  /** Relative imports that lead to no file of the report. */
  unresolved: number;
}

/** Counts each pair of files once, however often one imports the other. */
export function dependenciesOf(files: readonly FileAnalysis[]): Dependencies {
  const known = new Set(files.map(({ file }) => file));
  const importers = new Map<string, Set<string>>();
  const targets = new Map<string, Set<string>>();
  const modules = new Map<string, Set<string>>();
  let unresolved = 0;
  for (const analysis of files) {
    for (const { module } of analysis.imports) {
      const target = resolveImport(analysis, module, known);
      if (target !== undefined && target !== analysis.file) {
        add(importers, target, analysis.file);
        add(targets, analysis.file, target);
      } else if (target === undefined && module.startsWith('.')) unresolved += 1;
      else if (target === undefined) add(modules, module, analysis.file);
    }
  }
  return {
    modules: ranked(modules),
    fans: fansOf(importers, targets),
    unresolved,
  };
}

function resolveImport(
  { file, language }: FileAnalysis,
  module: string,
  known: ReadonlySet<string>,
): string | undefined {
  if (language === 'python') return resolvePython(file, module, known);
  if (!module.startsWith('.')) return undefined;
  const target = joinPath(folderOf(file), module);
  const bare = target.replace(COMPILED_END, '');
  const candidates = [
    target,
    ...SCRIPT_ENDS.map((end) => target + end),
    ...SCRIPT_ENDS.map((end) => bare + end),
    ...SCRIPT_ENDS.map((end) => joinPath(target, `index${end}`)),
  ];
  return candidates.find((candidate) => known.has(candidate));
}

/** `.a.b` counts its dots upwards from the file's own folder; `a.b` begins at the root. */
function resolvePython(
  file: string,
  module: string,
  known: ReadonlySet<string>,
): string | undefined {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const way = module.slice(dots).replaceAll('.', '/');
  const start = dots === 0 ? '' : joinPath(folderOf(file), '../'.repeat(dots - 1));
  const target = joinPath(start, way);
  return [`${target}.py`, joinPath(target, '__init__.py')].find((candidate) =>
    known.has(candidate),
  );
}

/** The folder of a POSIX path; empty at the root. */
export function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}

function joinPath(folder: string, way: string): string {
  const parts: string[] = folder === '' ? [] : folder.split('/');
  for (const part of way.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function ranked(modules: ReadonlyMap<string, ReadonlySet<string>>): Dependencies['modules'] {
  return [...modules]
    .map(([module, files]) => ({ module, files: files.size }))
    .sort((a, b) => b.files - a.files || (a.module < b.module ? -1 : 1));
}

function fansOf(
  importers: ReadonlyMap<string, Set<string>>,
  targets: ReadonlyMap<string, Set<string>>,
): Dependencies['fans'] {
  return [...new Set([...importers.keys(), ...targets.keys()])]
    .map((file) => ({
      file,
      fanIn: importers.get(file)?.size ?? 0,
      fanOut: targets.get(file)?.size ?? 0,
    }))
    .sort((a, b) => b.fanIn - a.fanIn || b.fanOut - a.fanOut || (a.file < b.file ? -1 : 1));
}
