/**
 * From the name of a module to the files of the repository that it means, by the rules of each language. What leads out
 * of the repository is `external`; what should be in it and is not, or could be several files, is `unresolved`.
 *
 * Size: one small rule for each language, over the same maps.
 */
import type { ImportFact } from '../syntax/grammar.ts';
import type { FileAnalysis, Project } from './analysis.ts';

/** Ends that an import may leave out, or write in place of the source's own. */
const SCRIPT_ENDS = ['.ts', '.tsx', '.mts', '.cts', '.d.ts', '.js', '.jsx', '.mjs', '.cjs'];
const COMPILED_END = /\.(?:js|jsx|mjs|cjs)$/;
/** Files that one import of a whole package or namespace may mean. */
const MAX_TARGETS = 200;

export type Resolution =
  | { kind: 'files'; files: string[] }
  | { kind: 'external' }
  | { kind: 'unresolved' };

const EXTERNAL: Resolution = { kind: 'external' };
const UNRESOLVED: Resolution = { kind: 'unresolved' };

/** What of the whole repository imports are resolved against. */
export class Resolver {
  readonly #files: ReadonlyMap<string, FileAnalysis>;
  readonly #byEnd = new Map<string, string[]>();
  readonly #byFolder = new Map<string, FileAnalysis[]>();
  readonly #byPackage = new Map<string, FileAnalysis[]>();
  readonly #projects = new Map<string, Project>();

  constructor(files: readonly FileAnalysis[]) {
    this.#files = new Map(files.map((file) => [file.file, file]));
    for (const analysis of files) {
      const { file, project } = analysis;
      add(this.#byEnd, file.slice(file.lastIndexOf('/') + 1), file);
      add(this.#byFolder, folderOf(file), analysis);
      for (const name of analysis.package?.split(' ') ?? [])
        add(this.#byPackage, `${analysis.language}\0${name}`, analysis);
      if (project !== undefined)
        this.#projects.set(`${project.manifest}\0${project.name}`, project);
    }
  }

  resolve(from: FileAnalysis, imported: ImportFact): Resolution {
    switch (from.language) {
      case 'typescript':
      case 'tsx':
      case 'javascript':
        return this.#script(from, imported.module);
      case 'python':
        return this.#python(from, imported);
      case 'go':
        return this.#go(from, imported);
      case 'java':
        return this.#java(imported);
      case 'rust':
        return this.#rust(from, imported);
      case 'c':
      case 'cpp':
        return this.#include(from, imported.module);
      case 'csharp':
        return this.#namespace(from, imported);
      case 'ruby':
        return this.#ruby(from, imported.module);
      case 'php':
        return this.#php(from, imported);
    }
  }

  /** Files of the same package or namespace that define a name which the file mentions. */
  neighbours(from: FileAnalysis): string[] {
    if (!/^(java|csharp|php)$/.test(from.language)) return [];
    const mentions = new Set(from.mentions);
    const around = (from.package ?? '')
      .split(' ')
      .flatMap((name) => this.#byPackage.get(`${from.language}\0${name}`) ?? []);
    return around
      .filter((other) => other.file !== from.file && definesOneOf(other, mentions))
      .map(({ file }) => file);
  }

  #script(from: FileAnalysis, module: string): Resolution {
    if (module.startsWith('.')) return this.#firstOf(scriptCandidates(folderOf(from.file), module));
    const parts = module.split('/');
    const name = parts.slice(0, module.startsWith('@') ? 2 : 1).join('/');
    const project = this.#projects.get(`package.json\0${name}`);
    if (project === undefined) return EXTERNAL;
    const rest = module.slice(name.length + 1);
    const starts = ['', 'src', 'lib'].map((folder) => joinPath(project.folder, folder));
    const found = starts.flatMap((start) => scriptCandidates(start, rest === '' ? '.' : rest));
    return this.#firstOf(found);
  }

  /** `.a.b` counts its dots upwards from the file's own folder; `a.b` begins at the root or at a folder above the file. */
  #python(from: FileAnalysis, { module, names = [] }: ImportFact): Resolution {
    const dots = /^\.*/.exec(module)?.[0].length ?? 0;
    const way = module.slice(dots).replaceAll('.', '/');
    const starts =
      dots === 0
        ? [...foldersAbove(from.file), 'src', 'lib']
        : [joinPath(folderOf(from.file), '../'.repeat(dots - 1))];
    for (const start of starts) {
      const target = joinPath(start, way);
      const submodules = names.flatMap((name) => this.#pythonFile(joinPath(target, name)) ?? []);
      const own = way === '' && dots === 0 ? undefined : this.#pythonFile(target);
      // `from package import module` means the module, and the package where it has more than that.
      if (submodules.length > 0 && submodules.length === names.length) return filesOf(submodules);
      if (own !== undefined) return filesOf([own, ...submodules]);
    }
    return dots === 0 ? EXTERNAL : UNRESOLVED;
  }

  #pythonFile(target: string): string | undefined {
    return [`${target}.py`, joinPath(target, '__init__.py'), `${target}.pyi`].find((path) =>
      this.#files.has(path),
    );
  }

  /** A package is a folder: the files that define what is used, all where that is not known. */
  #go(from: FileAnalysis, { module, as = '' }: ImportFact): Resolution {
    const project = [...this.#projects.values()]
      .filter(({ manifest, name }) => manifest === 'go.mod' && isBelow(module, name))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (project === undefined) return EXTERNAL;
    const folder = joinPath(project.folder, module.slice(project.name.length + 1));
    const files = (this.#byFolder.get(folder) ?? []).filter(
      ({ file, language }) => language === 'go' && !file.endsWith('_test.go'),
    );
    if (files.length === 0) return UNRESOLVED;
    const used = new Set(
      from.mentions
        .filter((mention) => mention.startsWith(`${as}.`))
        .map((mention) => mention.slice(as.length + 1)),
    );
    const defining = files.filter((file) => definesOneOf(file, used));
    return filesOf((defining.length > 0 ? defining : files).map(({ file }) => file));
  }

  #java({ module, names = [] }: ImportFact): Resolution {
    if (names.includes('*')) {
      const files = this.#byPackage.get(`java\0${module}`) ?? [];
      return files.length === 0 ? EXTERNAL : filesOf(files.map(({ file }) => file));
    }
    // A nested class is in the file of the class around it.
    for (let path = module; path.includes('.'); path = path.slice(0, path.lastIndexOf('.'))) {
      const name = path.slice(path.lastIndexOf('.') + 1);
      const files = this.#byPackage.get(`java\0${path.slice(0, path.lastIndexOf('.'))}`) ?? [];
      const found = files.find((file) => definesOneOf(file, new Set([name])));
      if (found !== undefined) return filesOf([found.file]);
    }
    return EXTERNAL;
  }

  /** `crate`, `self`, `super` and crates of the same repository; as much of the path as leads to a file. */
  #rust(from: FileAnalysis, { module, names = [] }: ImportFact): Resolution {
    const own = /^mod (.+)$/.exec(module)?.[1];
    const home = rustHome(from.file);
    if (own !== undefined) return this.#firstOf(rustFiles(joinPath(home, own)));
    const parts = module.split('::');
    const start = this.#rustStart(from, parts, home);
    if (start === undefined) return EXTERNAL;
    const paths = names.length === 0 ? [start.rest] : names.map((name) => [...start.rest, name]);
    const found = paths.flatMap((path) => this.#rustFile(start.folder, path) ?? []);
    return found.length === 0 ? UNRESOLVED : filesOf([...new Set(found)]);
  }

  #rustStart(
    from: FileAnalysis,
    [first = '', ...rest]: string[],
    home: string,
  ): { folder: string; rest: string[] } | undefined {
    const source = (project: Project): string => joinPath(project.folder, 'src');
    if (first === 'crate')
      return { folder: from.project === undefined ? home : source(from.project), rest };
    if (first === 'self') return { folder: home, rest };
    if (first === 'super') {
      let folder = folderOf(home);
      while (rest[0] === 'super') {
        rest.shift();
        folder = folderOf(folder);
      }
      return { folder, rest };
    }
    for (const project of this.#projects.values())
      if (project.manifest === 'Cargo.toml' && project.name.replaceAll('-', '_') === first)
        return { folder: source(project), rest };
    const isModule = rustFiles(joinPath(home, first)).some((path) => this.#files.has(path));
    return isModule ? { folder: home, rest: [first, ...rest] } : undefined;
  }

  #rustFile(folder: string, path: readonly string[]): string | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const target = joinPath(folder, path.slice(0, length).join('/'));
      const found = rustFiles(target).find((file) => this.#files.has(file));
      if (found !== undefined) return found;
    }
    const tops = ['lib.rs', 'main.rs', 'mod.rs'].map((name) => joinPath(folder, name));
    return [...tops, `${folder}.rs`].find((file) => this.#files.has(file));
  }

  /** Beside the file, then wherever exactly one file of the repository ends so. */
  #include(from: FileAnalysis, written: string): Resolution {
    const module = written.replace(/^["<]|[">]$/g, '');
    const beside = joinPath(folderOf(from.file), module);
    if (written.startsWith('"') && this.#files.has(beside)) return filesOf([beside]);
    const found = this.#endingWith(module);
    if (found.length === 1) return filesOf(found);
    if (found.length > 1) return UNRESOLVED;
    return written.startsWith('"') ? UNRESOLVED : EXTERNAL;
  }

  #namespace(from: FileAnalysis, { module }: ImportFact): Resolution {
    const files = this.#byPackage.get(`csharp\0${module}`);
    if (files === undefined) return EXTERNAL;
    const mentions = new Set(from.mentions);
    return filesOf(files.filter((file) => definesOneOf(file, mentions)).map(({ file }) => file));
  }

  #ruby(from: FileAnalysis, module: string): Resolution {
    const withEnd = module.endsWith('.rb') ? module : `${module}.rb`;
    if (module.startsWith('.')) return this.#firstOf([joinPath(folderOf(from.file), withEnd)]);
    const found = this.#endingWith(withEnd);
    if (found.length === 1) return filesOf(found);
    return found.length === 0 ? EXTERNAL : UNRESOLVED;
  }

  #php(from: FileAnalysis, { module, names }: ImportFact): Resolution {
    if (names === undefined) return this.#firstOf([joinPath(folderOf(from.file), module)]);
    const at = module.lastIndexOf('\\');
    const files = this.#byPackage.get(`php\0${module.slice(0, Math.max(0, at))}`) ?? [];
    const found = files.find((file) => definesOneOf(file, new Set([module.slice(at + 1)])));
    return found === undefined ? EXTERNAL : filesOf([found.file]);
  }

  #endingWith(path: string): string[] {
    const clean = joinPath('', path);
    const sameName = this.#byEnd.get(clean.slice(clean.lastIndexOf('/') + 1)) ?? [];
    return sameName.filter((file) => file === clean || file.endsWith(`/${clean}`));
  }

  #firstOf(candidates: readonly string[]): Resolution {
    const found = candidates.find((path) => this.#files.has(path));
    return found === undefined ? UNRESOLVED : filesOf([found]);
  }
}

function filesOf(files: readonly string[]): Resolution {
  return { kind: 'files', files: files.slice(0, MAX_TARGETS) };
}

function definesOneOf(analysis: FileAnalysis, names: ReadonlySet<string>): boolean {
  return analysis.exports.some(({ name }) => names.has(name));
}

function scriptCandidates(folder: string, module: string): string[] {
  const target = joinPath(folder, module);
  const bare = target.replace(COMPILED_END, '');
  return [
    target,
    ...SCRIPT_ENDS.map((end) => target + end),
    ...SCRIPT_ENDS.map((end) => bare + end),
    ...SCRIPT_ENDS.map((end) => joinPath(target, `index${end}`)),
  ];
}

/** The folder in which the modules of a file stand. */
function rustHome(file: string): string {
  return /(^|\/)(mod|lib|main)\.rs$/.test(file) ? folderOf(file) : file.replace(/\.rs$/, '');
}

function rustFiles(target: string): string[] {
  return [`${target}.rs`, joinPath(target, 'mod.rs')];
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function foldersAbove(file: string): string[] {
  const folders = [''];
  for (let folder = folderOf(file); folder !== ''; folder = folderOf(folder)) folders.push(folder);
  return folders;
}

/** The folder of a POSIX path; empty at the root. */
export function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}

/** A POSIX path without `.` and, as far as it goes, without `..`. */
function joinPath(folder: string, way: string): string {
  const parts: string[] = folder === '' ? [] : folder.split('/');
  for (const part of way.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function add<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
