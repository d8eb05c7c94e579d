/** What holds between the files of a repository: who imports and calls whom, cycles, copies, exports that nobody uses. */
import type { ImportFact } from '../syntax/grammar.ts';
import type { FileAnalysis } from './analysis.ts';
import { type Duplication, findDuplicates } from './duplicates.ts';
import { folderOf, Resolver } from './resolve-imports.ts';
import { stronglyConnected } from './strongly-connected.ts';
import { type UnusedExport, unusedExports } from './unused-exports.ts';

const MAX_LISTED = 1_000;

/** For one file: how many others import it, and how many it imports. */
export type Fan = { file: string; fanIn: number; fanOut: number };

/** `calls` are resolved; `count` says how many places call. */
export type CallEdge = { from: string; to: string; name: string; line: number; count: number };

export type Relations = {
  /** Files with an import in either direction, most imported first. */
  fans: Fan[];
  /** `imports` counts pairs of files, each once. */
  folders: { from: string; to: string; imports: number }[];
  /** Each cycle of imports as its files, sorted; imports of types alone are left out. The longest first. */
  cycles: string[][];
  folderCycles: string[][];
  /** Modules from outside, with the number of files that import them. */
  external: { module: string; files: number }[];
  /** Imports that should lead to a file of the repository and do not, or could lead to several. */
  unresolved: { file: string; line: number; module: string }[];
  unresolvedCount: number;
  calls: { resolved: number; unresolved: number; dynamic: number; edges: CallEdge[] };
  duplication: Duplication;
  unusedExports: { names: UnusedExport[]; count: number; looked: string[] };
};

/** An import with what it was found to mean. */
export interface ResolvedImport {
  from: FileAnalysis;
  fact: ImportFact;
  files: string[];
}

interface Edges {
  all: Map<string, Set<string>>;
  /** Without imports that are erased when the code is compiled. */
  atRunTime: Map<string, Set<string>>;
}

/** `files` are sorted by path. The same files give the same relations. */
export function relationsOf(files: readonly FileAnalysis[]): Relations {
  const resolver = new Resolver(files);
  const resolved: ResolvedImport[] = [];
  const external = new Map<string, Set<string>>();
  const unresolved: Relations['unresolved'] = [];
  for (const from of files) {
    for (const fact of from.imports) {
      const found = resolver.resolve(from, fact);
      if (found.kind === 'files') resolved.push({ from, fact, files: found.files });
      else if (found.kind === 'external') link(external, fact.module, from.file);
      else unresolved.push({ file: from.file, line: fact.line, module: fact.module });
    }
  }
  const edges = edgesOf(files, resolved, resolver);
  return {
    fans: fansOf(edges.all),
    folders: foldersOf(edges.all),
    cycles: cyclesOf(edges.atRunTime),
    folderCycles: cyclesOf(folderEdges(edges.atRunTime)),
    external: ranked(external).slice(0, MAX_LISTED),
    unresolved: unresolved.slice(0, MAX_LISTED),
    unresolvedCount: unresolved.length,
    calls: callsOf(files, resolved, edges.all),
    duplication: findDuplicates(files),
    unusedExports: unusedExports(files, resolved, unresolved),
  };
}

function edgesOf(
  files: readonly FileAnalysis[],
  resolved: readonly ResolvedImport[],
  resolver: Resolver,
): Edges {
  const edges: Edges = { all: new Map(), atRunTime: new Map() };
  for (const { from, fact, files: targets } of resolved) {
    for (const target of targets.filter((one) => one !== from.file)) {
      link(edges.all, from.file, target);
      if (fact.typeOnly !== true) link(edges.atRunTime, from.file, target);
    }
  }
  for (const from of files) {
    for (const target of resolver.neighbours(from)) {
      link(edges.all, from.file, target);
      link(edges.atRunTime, from.file, target);
    }
  }
  return edges;
}

function fansOf(edges: ReadonlyMap<string, ReadonlySet<string>>): Fan[] {
  const fanIn = new Map<string, number>();
  for (const targets of edges.values())
    for (const target of targets) fanIn.set(target, (fanIn.get(target) ?? 0) + 1);
  return [...new Set([...edges.keys(), ...fanIn.keys()])]
    .map((file) => ({ file, fanIn: fanIn.get(file) ?? 0, fanOut: edges.get(file)?.size ?? 0 }))
    .sort((a, b) => b.fanIn - a.fanIn || b.fanOut - a.fanOut || (a.file < b.file ? -1 : 1));
}

function foldersOf(edges: ReadonlyMap<string, ReadonlySet<string>>): Relations['folders'] {
  const counts = new Map<string, { from: string; to: string; imports: number }>();
  for (const [file, targets] of edges) {
    for (const target of targets) {
      const from = folderOf(file) || '.';
      const to = folderOf(target) || '.';
      const known = counts.get(`${from}\0${to}`);
      if (known !== undefined) known.imports += 1;
      else if (from !== to) counts.set(`${from}\0${to}`, { from, to, imports: 1 });
    }
  }
  return [...counts.values()].sort(
    (a, b) => b.imports - a.imports || compare(a.from, b.from) || compare(a.to, b.to),
  );
}

function folderEdges(edges: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of edges) {
    for (const target of targets) {
      const [from, to] = [folderOf(file) || '.', folderOf(target) || '.'];
      if (from !== to) link(folders, from, to);
    }
  }
  return folders;
}

function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  return stronglyConnected(edges)
    .map((component) => component.sort())
    .sort((a, b) => b.length - a.length || compare(a[0] ?? '', b[0] ?? ''))
    .slice(0, MAX_LISTED);
}

/**
 * A call is resolved when the name, or the name before the dot, was imported from a file of the repository that exports
 * it, or when exactly one imported file exports it (languages whose imports name no names).
 */
function callsOf(
  files: readonly FileAnalysis[],
  resolved: readonly ResolvedImport[],
  all: ReadonlyMap<string, ReadonlySet<string>>,
): Relations['calls'] {
  const exported = new Map(
    files.map(({ file, exports }) => [file, new Set(exports.map(({ name }) => name))]),
  );
  const byFile = new Map<string, ResolvedImport[]>();
  for (const one of resolved) {
    const known = byFile.get(one.from.file);
    if (known === undefined) byFile.set(one.from.file, [one]);
    else known.push(one);
  }
  const found = { resolved: 0, unresolved: 0, dynamic: 0, edges: [] as CallEdge[] };
  for (const { file, calls, dynamicCalls } of files) {
    found.dynamic += dynamicCalls;
    for (const { name, on, line, count } of calls) {
      const to = targetOf({ name, on }, byFile.get(file) ?? [], {
        exported,
        reachable: all.get(file) ?? new Set(),
      });
      if (to === undefined) found.unresolved += count;
      else {
        found.resolved += count;
        found.edges.push({
          from: file,
          to,
          name: on === undefined ? name : `${on}.${name}`,
          line,
          count,
        });
      }
    }
  }
  found.edges.sort((a, b) => b.count - a.count || compare(a.from, b.from) || a.line - b.line);
  return { ...found, edges: found.edges.slice(0, MAX_LISTED) };
}

function targetOf(
  { name, on }: { name: string; on: string | undefined },
  imports: readonly ResolvedImport[],
  world: { exported: ReadonlyMap<string, ReadonlySet<string>>; reachable: ReadonlySet<string> },
): string | undefined {
  const word = on ?? name;
  const isNamed = ({ fact }: ResolvedImport): boolean =>
    fact.as === word || (fact.names ?? []).includes(word);
  const named = imports.filter(isNamed).flatMap(({ files }) => files);
  if (named.length === 1) return named[0];
  const last = word.replace(/^.*(?:::|\.|\\)/, '');
  const wanted = [name, last, `${last}.${name}`];
  const candidates = named.length > 0 ? named : [...world.reachable];
  const defining = [...new Set(candidates)].filter((file) =>
    wanted.some((one) => world.exported.get(file)?.has(one)),
  );
  return defining.length === 1 ? defining[0] : undefined;
}

function ranked(
  modules: ReadonlyMap<string, ReadonlySet<string>>,
): { module: string; files: number }[] {
  return [...modules]
    .map(([module, files]) => ({ module, files: files.size }))
    .sort((a, b) => b.files - a.files || compare(a.module, b.module));
}

function link(map: Map<string, Set<string>>, from: string, to: string): void {
  const targets = map.get(from);
  if (targets === undefined) map.set(from, new Set([to]));
  else targets.add(to);
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
