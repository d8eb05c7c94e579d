/** The import graph of files: cycles, missing targets, files that nothing reaches. */
import { resolveImport, type SourceFile, type Violation } from './source-file.ts';

/**
 * Cycles of imports that exist at run time, each once, as the path that closes it. Type imports are
 * erased and may be mutual within a room; between rooms the table forbids them.
 */
export function checkCycles(files: SourceFile[]): Violation[] {
  const edges = edgesOf(files, (edge) => !edge.typeOnly);
  const done = new Set<string>();
  const found: Violation[] = [];
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push(`imports form a cycle: ${[...trail.slice(at), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) walk(file.path, []);
  return found;
}

/** Files that no entry point reaches. `isEntry` tells programs, tests and configuration. */
export function checkDeadFiles(
  files: SourceFile[],
  isEntry: (path: string) => boolean,
): Violation[] {
  const edges = edgesOf(files, () => true);
  const reached = new Set<string>();
  const open = files.map((file) => file.path).filter(isEntry);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...(edges.get(path) ?? []));
  }
  return files
    .filter((file) => !reached.has(file.path))
    .map((file) => `${file.path} is dead: no entry point or test reaches it`);
}

function edgesOf(
  files: SourceFile[],
  accept: (edge: SourceFile['imports'][number]) => boolean,
): Map<string, string[]> {
  const known = new Set(files.map((file) => file.path));
  return new Map(
    files.map((file) => {
      const targets = file.imports
        .filter(accept)
        .map(({ specifier }) => resolveImport(file.path, specifier))
        .filter((target) => target !== undefined && known.has(target));
      return [file.path, [...new Set(targets)] as string[]];
    }),
  );
}
