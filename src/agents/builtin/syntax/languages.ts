/** Which files are source code, by their name. */

/** The languages the analyzer and the locator understand. */
export type Language =
  | 'typescript'
  | 'tsx'
  | 'javascript'
  | 'python'
  | 'go'
  | 'java'
  | 'rust'
  | 'c'
  | 'cpp'
  | 'csharp'
  | 'ruby'
  | 'php';

const EXTENSIONS: Readonly<Record<Language, readonly string[]>> = {
  typescript: ['ts', 'mts', 'cts'],
  tsx: ['tsx'],
  javascript: ['js', 'mjs', 'cjs', 'jsx'],
  python: ['py', 'pyi'],
  go: ['go'],
  java: ['java'],
  rust: ['rs'],
  c: ['c', 'h'],
  cpp: ['cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'h++', 'ipp', 'tpp', 'inl'],
  csharp: ['cs'],
  ruby: ['rb', 'rake', 'gemspec'],
  php: ['php', 'phtml'],
};

const BY_EXTENSION: ReadonlyMap<string, Language> = new Map(
  Object.entries(EXTENSIONS).flatMap(([language, extensions]) =>
    extensions.map((extension) => [extension, language as Language] as const),
  ),
);

/** For messages: what is understood, in words. */
export const LANGUAGE_NAMES =
  'TypeScript, TSX, JavaScript, Python, Go, Java, Rust, C, C++, C#, Ruby and PHP';

/** The language of a file, by the end of its name; `undefined` for everything that is no source file of ours. */
export function languageOf(path: string): Language | undefined {
  return BY_EXTENSION.get(path.slice(path.lastIndexOf('.') + 1).toLowerCase());
}

/** Globs for all files of the given languages, at any depth. */
export function globsOf(languages: readonly Language[]): string[] {
  return languages.flatMap((language) => EXTENSIONS[language].map((end) => `**/*.${end}`));
}
