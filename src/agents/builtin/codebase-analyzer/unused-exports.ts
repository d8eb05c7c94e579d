/**
 * Exports that no analysed file imports: in TypeScript and JavaScript, where imports name what they take, and in Go for
 * packages that nothing outside of the repository can import. Elsewhere names may be used without an import.
 *
 * Left out, because they are used from outside: entry files (`index`, `main`, `cli`, `bin/`, configuration, tests), files
 * that nobody imports at all, and files imported as a whole (`import *`, `require`, `import()`).
 */
import type { FileAnalysis } from './analysis.ts';
import type { ResolvedImport } from './relations.ts';

const MAX_LISTED = 1_000;
const ENTRY =
  /(^|\/)(bin|scripts?|tests?|__tests__|examples?|bench|fixtures)\/|(^|\/)(index|main|cli|mod)\.\w+$|\.(config|test|spec|stories|d)\.\w+$/;

export type UnusedExport = { file: string; line: number; name: string };

export function unusedExports(
  files: readonly FileAnalysis[],
  resolved: readonly ResolvedImport[],
  unresolved: readonly { module: string }[],
): { names: UnusedExport[]; count: number; looked: string[] } {
  const used = usesOf(resolved);
  const isScriptOf = ({ language }: FileAnalysis): boolean =>
    /^(typescript|tsx|javascript)$/.test(language);
  const scripts = files.filter(isScriptOf);
  const names = [
    ...scripts.flatMap((analysis) => unusedOfScript(analysis, used.get(analysis.file), unresolved)),
    ...unusedOfGo(files),
  ];
  const looked = [
    ...(scripts.length > 0 ? ['TypeScript and JavaScript'] : []),
    ...(files.some(isClosedGo) ? ['Go (internal packages)'] : []),
  ];
  return { names: names.slice(0, MAX_LISTED), count: names.length, looked };
}

/** Names taken of each file; `*` for a file that is taken as a whole. */
function usesOf(resolved: readonly ResolvedImport[]): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>();
  for (const { fact, files, from } of resolved) {
    for (const file of files.filter((one) => one !== from.file)) {
      const names = used.get(file) ?? new Set<string>();
      used.set(file, names);
      for (const name of fact.names ?? ['*']) names.add(name);
    }
  }
  return used;
}

function unusedOfScript(
  { file, exports }: FileAnalysis,
  used: ReadonlySet<string> | undefined,
  unresolved: readonly { module: string }[],
): UnusedExport[] {
  if (used === undefined || used.has('*') || ENTRY.test(file)) return [];
  // An import that could not be resolved may be the one that uses it.
  const stem = file.slice(file.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
  if (unresolved.some(({ module }) => module.replace(/\.\w+$/, '').endsWith(`/${stem}`))) return [];
  return exports
    .filter(({ name, kind }) => !used.has(name) && kind !== 'reexport')
    .map(({ name, line }) => ({ file, line, name }));
}

function isClosedGo({ language, file, package: name }: FileAnalysis): boolean {
  return language === 'go' && (name === 'main' || /(^|\/)internal\//.test(file));
}

/** A name of a closed package is used when a file of another package mentions it after a dot; methods are left out. */
function unusedOfGo(files: readonly FileAnalysis[]): UnusedExport[] {
  const closed = files.filter((one) => isClosedGo(one) && !one.file.endsWith('_test.go'));
  if (closed.length === 0) return [];
  const mentioned = new Set(
    files.flatMap(({ mentions }) =>
      mentions.map((mention) => mention.slice(mention.lastIndexOf('.') + 1)),
    ),
  );
  return closed
    .filter(({ package: name }) => name !== 'main')
    .flatMap(({ file, exports }) =>
      exports
        .filter(({ name }) => !name.includes('.') && !mentioned.has(name))
        .map(({ name, line }) => ({ file, line, name })),
    );
}
