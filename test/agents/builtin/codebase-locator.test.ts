import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codebaseLocator } from '../../../src/agents/builtin/codebase-locator/index.ts';
import type { Location } from '../../../src/agents/builtin/codebase-locator/location.ts';
import { readRequest } from '../../../src/agents/builtin/codebase-locator/request-words.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { failureOf, fakeContext, outputOf } from '../agent-context.ts';

const top = mkdtempSync(join(tmpdir(), 'troupe-locator-'));
const root = join(top, 'repository');
const write = (path: string, text: string | Uint8Array = '') => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const locate = (parameters: JsonObject = {}) =>
  outputOf<Location>(codebaseLocator, { path: root, ...parameters });
const filesOf = async (parameters: JsonObject = {}) => (await locate(parameters)).files;

beforeAll(() => {
  mkdirSync(root);
  execFileSync('git', ['init', '-q', root]);
  write(
    '.gitignore',
    'build/\n*.log\n/only-here.ts\n!keep.log\nsecret*.ts\n# comment\n\\#odd.ts\n',
  );
  writeFileSync(join(root, '.git/info/exclude'), 'excluded.ts\n');
  write(
    'src/app.ts',
    'export function start() {}\nclass Engine {\n  start() {}\n}\n// start here\n',
  );
  write('src/view.tsx', 'export const View = () => <b>start</b>;\n');
  write('src/deep/tool.py', 'def start():\n    "start"\n');
  write('src/deep/.gitignore', '*.ts\n!kept.ts\n!/secret-kept.ts\n');
  write('src/deep/gone.ts');
  write('src/deep/kept.ts');
  write('src/deep/secret-kept.ts');
  write('src/deep/more/gone.ts');
  write('src/secret.ts');
  write('src/only-here.ts');
  write('only-here.ts');
  write('excluded.ts');
  write('#odd.ts');
  write('build/out.js');
  write('a.log');
  write('keep.log');
  write('node_modules/pkg/index.js');
  write('docs/read me.md', 'Start.\n');
  write('main.go', 'package main\nfunc start() {}\n');
  write('.hidden/x.js');
  write('huge.ts', '/'.repeat(2 * 1024 * 1024 + 1));
  write('binary.ts', new Uint8Array([0x73, 0x74, 0x61, 0x72, 0x74, 0]));
  symlinkSync('.', join(root, 'src/loop'));
  symlinkSync(top, join(root, 'src/outside'));
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const SOURCES = [
  '.hidden/x.js',
  'binary.ts',
  'main.go',
  'src/app.ts',
  'src/deep/kept.ts',
  'src/deep/secret-kept.ts',
  'src/deep/tool.py',
  'src/only-here.ts',
  'src/view.tsx',
];

describe('what is found', () => {
  it('is every source file that git does not ignore, sorted, with counts and what was left out', async () => {
    expect(await locate()).toEqual({
      root,
      files: SOURCES,
      count: 9,
      truncated: false,
      languages: { go: 1, javascript: 1, python: 1, tsx: 1, typescript: 5 },
      skipped: [{ path: 'huge.ts', reason: 'too large' }],
    });
  });
  it('is what git itself lists', async () => {
    const listed = execFileSync(
      'git',
      ['-C', root, 'ls-files', '-z', '--others', '--exclude-standard'],
      { encoding: 'utf8' },
    );
    const expected = listed
      .split('\0')
      .filter((path) => path !== '' && !/^(node_modules|src\/(loop|outside)|huge)/.test(path));
    expect(await filesOf({ pattern: '**' })).toEqual(expected.sort());
  });
  it('respects the rules of the folders above the path', async () => {
    expect(await filesOf({ path: join(root, 'src') })).toEqual(
      SOURCES.filter((file) => file.startsWith('src/')).map((file) => file.slice(4)),
    );
  });
  it('includes dependencies and ignored files when asked, and never .git', async () => {
    expect(
      await filesOf({ pattern: '*.js', include_dependencies: true, include_ignored: true }),
    ).toEqual(['.hidden/x.js', 'build/out.js', 'node_modules/pkg/index.js']);
    expect(await filesOf({ pattern: '**/HEAD', include_ignored: true })).toEqual([]);
  });
  it('comes in groups of at most so many when asked', async () => {
    const { batches } = await locate({ batch: 4 });
    expect(batches?.map(({ length }) => length)).toEqual([4, 4, 1]);
    expect(batches?.flat()).toEqual(SOURCES);
  });
  it('says which pattern, symbol or text is nowhere', async () => {
    expect(await locate({ patterns: ['*.ts', 'nope/*.rs'], symbol: 'nowhere' })).toMatchObject({
      matches: [],
      absent: [
        { kind: 'pattern', name: 'nope/*.rs' },
        { kind: 'symbol', name: 'nowhere' },
      ],
      message: expect.stringContaining('no definition of "nowhere"') as string,
    });
    expect(await locate({ text: 'not in any file' })).toMatchObject({
      absent: [{ kind: 'text', name: 'not in any file' }],
    });
  });
  it('is cut at the limit, and says so', async () => {
    expect(await locate({ limit: 2 })).toMatchObject({
      files: SOURCES.slice(0, 2),
      count: 9,
      truncated: true,
    });
  });
  it.skipIf(process.getuid?.() === 0)('names folders that cannot be read', async () => {
    write('closed/x.ts');
    chmodSync(join(root, 'closed'), 0o000);
    const { skipped } = await locate();
    chmodSync(join(root, 'closed'), 0o755);
    expect(skipped).toContainEqual({ path: 'closed', reason: 'unreadable' });
  });
});

describe('patterns', () => {
  it.each<[JsonObject, string[]]>([
    [{ pattern: '*.tsx' }, ['src/view.tsx']],
    [{ pattern: 'src/*.ts' }, ['src/app.ts', 'src/only-here.ts']],
    [{ pattern: './src/**/*.{py,tsx}' }, ['src/deep/tool.py', 'src/view.tsx']],
    [{ pattern: 'docs' }, ['docs/read me.md']],
    [{ patterns: ['*.go', 'keep.log'] }, ['keep.log', 'main.go']],
    [{ pattern: '*.ts', exclude: ['deep', 'binary.ts'] }, ['src/app.ts', 'src/only-here.ts']],
    [{ pattern: 'nothing/**' }, []],
  ])('%j', async (parameters, files) => {
    expect(await filesOf(parameters)).toEqual(files);
  });
  it('may be absolute: within the path, or as the path', async () => {
    expect(await filesOf({ pattern: `${root}/src/*.tsx` })).toEqual(['src/view.tsx']);
    const alone = await outputOf<Location>(codebaseLocator, { pattern: `${root}/src/*.tsx` });
    expect(alone).toMatchObject({ root: join(root, 'src'), files: ['view.tsx'] });
  });
  it('may not leave the path', async () => {
    expect(await failureOf(codebaseLocator, { path: root, pattern: '/etc/*' })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
  });
});

describe('searches', () => {
  it('finds definitions of a symbol, not its uses', async () => {
    const { matches, files } = await locate({ symbol: 'start' });
    expect(matches).toEqual([
      { file: 'main.go', line: 2, column: 6, kind: 'function', name: 'start' },
      { file: 'src/app.ts', line: 1, column: 17, kind: 'function', name: 'start' },
      {
        file: 'src/app.ts',
        line: 3,
        column: 3,
        kind: 'method',
        name: 'Engine.start',
        container: 'Engine',
      },
      { file: 'src/deep/tool.py', line: 1, column: 5, kind: 'function', name: 'start' },
    ]);
    expect(files).toEqual(['main.go', 'src/app.ts', 'src/deep/tool.py']);
  });
  it('takes `*` in a symbol, a class before a method, and any case', async () => {
    const names = async (parameters: JsonObject) =>
      (await locate(parameters)).matches?.map((match) => 'name' in match && match.name);
    expect(await names({ symbol: 'Eng*' })).toEqual(['Engine']);
    expect(await names({ symbol: 'Engine.start' })).toEqual(['Engine.start']);
    expect(await names({ symbol: 'vIEW', ignore_case: true })).toEqual(['View']);
  });
  it('finds text by line and column, and names binaries', async () => {
    const result = await locate({ text: 'start', patterns: ['*.ts', '*.md'] });
    expect(result.matches).toContainEqual({
      file: 'src/app.ts',
      line: 5,
      column: 4,
      kind: 'text',
      text: '// start here',
    });
    expect(result.files).toEqual(['src/app.ts']);
    expect(result.skipped).toContainEqual({ path: 'binary.ts', reason: 'binary' });
  });
  it('finds a regular expression, `^` being the start of a line', async () => {
    const { matches } = await locate({ regex: '^  ?\\w+\\(', pattern: '*.ts' });
    expect(matches).toEqual([
      { file: 'src/app.ts', line: 3, column: 1, kind: 'text', text: 'start() {}' },
    ]);
  });
  it('gives up a regular expression that takes too long', async () => {
    write('slow/a.txt', `${'a'.repeat(50)}!`);
    const failure = await failureOf(codebaseLocator, {
      path: root,
      regex: '^(a+)+$',
      pattern: 'slow/*',
    });
    expect(failure).toMatchObject({ code: 'locator.regex-too-slow', retryable: false });
  });
  it('refuses a bad regular expression, and two searches at once', async () => {
    expect(await failureOf(codebaseLocator, { path: root, regex: '(' })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
    expect(await failureOf(codebaseLocator, { path: root, text: 'a', symbol: 'b' })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
  });
});

describe('a request in words', () => {
  it.each([
    [
      'Find the TypeScript files under src/app',
      { patterns: ['**/*.ts', '**/*.mts', '**/*.cts', '**/*.tsx'], folders: ['src/app'] },
    ],
    ['all `src/**/*.py` please', { patterns: ['src/**/*.py'] }],
    ['Where is "parseDuration" defined?', { symbol: 'parseDuration' }],
    [
      'look at main.go, and .tsx files in web.',
      { patterns: ['main.go', '**/*.tsx'], folders: ['web'] },
    ],
    ['go and find go files in .', { patterns: ['**/*.go'], folders: ['.'] }],
    ['Hello', {}],
  ])('%s', (request, expected) => {
    expect(readRequest(request)).toEqual({
      patterns: [],
      symbol: undefined,
      folders: [],
      ...expected,
    });
  });
  it('finds what it says', async () => {
    expect(
      await outputOf(codebaseLocator, { request: `Find the Python code under ${root}/src` }),
    ).toMatchObject({
      root: `${root}/src`,
      files: ['deep/tool.py'],
    });
  });
});

describe('failures', () => {
  it('say which folder is missing', async () => {
    expect(await failureOf(codebaseLocator, { path: join(root, 'nope') })).toMatchObject({
      code: 'path.not-found',
      retryable: false,
    });
  });
  it('include cancellation', async () => {
    const { context } = fakeContext(AbortSignal.abort());
    expect(await failureOf(codebaseLocator, { path: root }, { context })).toMatchObject({
      code: 'agent.canceled',
    });
  });
});
