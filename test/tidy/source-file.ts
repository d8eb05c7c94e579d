/** Reads a source tree for the tidy checks: text, lines, syntax tree and imports of each file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { Lang, parse, type SgNode } from '@ast-grep/napi';

/** One import, re-export, `import()` or `new URL()` of a file. */
export interface ImportEdge {
  /** As written: `./x.ts`, `node:fs`, `level`. */
  specifier: string;
  /** 1-based. */
  line: number;
  /** Erased at run time: `import type` or `export type`. */
  typeOnly: boolean;
}

/** One file of the tree; `path` is relative to the root, with slashes. */
export interface SourceFile {
  path: string;
  text: string;
  lines: string[];
  root: SgNode;
  imports: ImportEdge[];
}

/** What is wrong where, in one line: `src/log/codec.ts:12 says ...`. */
export type Violation = string;

const EXTENSIONS = ['.ts', '.mts', '.mjs', '.js'];
const SKIPPED = new Set(['node_modules', 'fixtures', 'histories', 'coverage', '.troupe']);

/** Parses one file; `path` decides nothing but its name in violations. */
export function sourceFile(path: string, text: string): SourceFile {
  const root = parse(Lang.TypeScript, text).root();
  return { path, text, lines: linesOf(text), root, imports: findImports(root) };
}

/** All source files under `folders` of `root`, in a stable order. Fixtures are left out. */
export function readTree(root: string, folders: string[]): SourceFile[] {
  return folders
    .flatMap((folder) => listFiles(root, folder))
    .filter((path) => EXTENSIONS.some((extension) => path.endsWith(extension)))
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

/** All files under `folder`, relative to `root`, sorted. Nothing when the folder is not there. */
export function listFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (SKIPPED.has(entry.name)) return [];
      return entry.isDirectory() ? listFiles(root, path) : [path];
    });
}

/** The path, relative to the root, that a relative specifier names; undefined for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(dirname(from), specifier) : undefined;
}

/** The room of a path under src/: `src/log/codec.ts` is in `log`, `src/index.ts` in `index.ts`. */
export function roomOf(path: string): string | undefined {
  const [top, room] = path.split('/');
  return top === 'src' ? room : undefined;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function findImports(root: SgNode): ImportEdge[] {
  return [...staticImports(root), ...dynamicImports(root)];
}

function staticImports(root: SgNode): ImportEdge[] {
  const statements = root.findAll({
    rule: { any: [{ kind: 'import_statement' }, { kind: 'export_statement' }] },
  });
  return statements.flatMap((statement) => {
    const source = statement.field('source');
    if (!source) return [];
    const typeOnly = statement.children().some((child) => child.text() === 'type');
    return [edge(source, typeOnly)];
  });
}

/**
 * `import('./x.ts')`, and the two ways in which a file starts another one as a worker or program:
 * `new URL('./x.ts', import.meta.url)` and `join(import.meta.dirname, 'x.ts')`.
 */
function dynamicImports(root: SgNode): ImportEdge[] {
  const patterns = [
    ['import($SOURCE)', ''],
    ['new URL($SOURCE, import.meta.url)', ''],
    ['join(import.meta.dirname, $SOURCE)', './'],
  ] as const;
  return patterns.flatMap(([pattern, prefix]) =>
    root.findAll(pattern).flatMap((match) => {
      const source = match.getMatch('SOURCE');
      return source?.kind() === 'string' ? [edge(source, false, prefix)] : [];
    }),
  );
}

function edge(source: SgNode, typeOnly: boolean, prefix = ''): ImportEdge {
  return { specifier: prefix + source.text().slice(1, -1), line: lineOf(source), typeOnly };
}

/** The 1-based line a node starts on. */
export function lineOf(node: SgNode): number {
  return node.range().start.line + 1;
}
