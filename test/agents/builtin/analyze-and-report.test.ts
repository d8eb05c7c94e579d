/** The analyzer as an agent, and the report over its output: on files made here and on the project's own sources. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CodebaseAnalysis,
  FileAnalysis,
} from '../../../src/agents/builtin/codebase-analyzer/analysis.ts';
import { codebaseAnalyzer } from '../../../src/agents/builtin/codebase-analyzer/index.ts';
import { codebaseLocator } from '../../../src/agents/builtin/codebase-locator/index.ts';
import type { Location } from '../../../src/agents/builtin/codebase-locator/location.ts';
import { reportWriter } from '../../../src/agents/builtin/report-writer/index.ts';
import type { Summary } from '../../../src/agents/builtin/report-writer/summary.ts';
import type { JsonValue } from '../../../src/workflow/value.ts';
import { failureOf, fakeContext, outputOf } from '../agent-context.ts';

const top = mkdtempSync(join(tmpdir(), 'troupe-analyzer-'));
const root = join(top, 'root');
const write = (path: string, text: string | Uint8Array) => writeFileSync(join(root, path), text);
const own = join(import.meta.dirname, '../../../src/agents');
type Report = { markdown: string; summary: Summary };

beforeAll(() => {
  mkdirSync(join(root, 'lib'), { recursive: true });
  write(
    'a.ts',
    `import { b } from './lib/b.js';\nimport './lib';\nimport 'zod';\nimport './gone.ts';\nexport const a = () => (b ? 1 : 2);\n`,
  );
  write('lib/b.ts', `import { z } from 'zod';\nexport const b = (x) => x && z && 1;\n`);
  write('lib/index.ts', `import type { b } from './b';\n`);
  write('lib/p.py', 'from . import q\nfrom .q import r\nimport lib.q\nimport os\n');
  write('lib/q.py', 'def r(): pass\n');
  write('bad.ts', 'const = ;;; {');
  write('note.txt', 'text');
  write('bin.ts', new Uint8Array([0, 1]));
  writeFileSync(join(top, 'outside.ts'), '');
  symlinkSync('../outside.ts', join(root, 'link.ts'));
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('codebase-analyzer', () => {
  it('analyses one file, also by an absolute path inside the root', async () => {
    const one = await outputOf<FileAnalysis>(codebaseAnalyzer, { root, file: 'lib/b.ts' });
    expect(one).toMatchObject({ file: 'lib/b.ts', language: 'typescript', lines: 2 });
    expect(await outputOf(codebaseAnalyzer, { root, file: join(root, 'lib/b.ts') })).toEqual(one);
  });
  it.each(['../outside.ts', 'lib/../../outside.ts', '/etc/hosts', 'link.ts'])(
    'refuses %s, which leaves the root',
    async (file) => {
      expect(await failureOf(codebaseAnalyzer, { root, file })).toMatchObject({
        code: 'agent.invalid-parameters',
        retryable: false,
      });
    },
  );
  it.each([
    ['missing.ts', 'file.not-found'],
    ['note.txt', 'file.unsupported'],
    ['bin.ts', 'file.binary'],
    ['lib', 'file.not-a-file'],
  ])('fails for %s with %s, which no attempt would change', async (file, code) => {
    expect(await failureOf(codebaseAnalyzer, { root, file })).toMatchObject({
      code,
      retryable: false,
    });
  });
  it('keeps going where one of many fails, and says which', async () => {
    const { files, failed } = await outputOf<CodebaseAnalysis>(codebaseAnalyzer, {
      root,
      files: ['a.ts', 'missing.ts', 'bad.ts'],
    });
    expect(files.map(({ file, parseErrors }) => [file, parseErrors !== undefined])).toEqual([
      ['a.ts', false],
      ['bad.ts', true],
    ]);
    expect(failed).toEqual([
      { file: 'missing.ts', code: 'file.not-found', message: 'missing.ts does not exist.' },
    ]);
  });
  it('stops between files when it is canceled', async () => {
    const controller = new AbortController();
    const { context } = fakeContext(controller.signal);
    context.progress = () => controller.abort();
    const files = Array.from({ length: 100 }, () => 'a.ts');
    expect(await failureOf(codebaseAnalyzer, { root, files }, { context })).toMatchObject({
      code: 'agent.canceled',
    });
  });
  it('wants exactly one of file and files', async () => {
    expect(await failureOf(codebaseAnalyzer, { root })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
  });
});

describe('report-writer', () => {
  const analyses = async (files: string[]) =>
    Promise.all(files.map((file) => outputOf(codebaseAnalyzer, { root, file })));
  const FILES = ['a.ts', 'lib/b.ts', 'lib/index.ts', 'lib/p.py', 'lib/q.py', 'bad.ts'];

  it('counts, and resolves relative imports to files', async () => {
    const { markdown, summary } = await outputOf<Report>(reportWriter, {
      analyses: await analyses(FILES),
      failed: 2,
      root: 'r',
    });
    expect(summary).toMatchObject({
      files: 6,
      failed: 2,
      functions: 3,
      medianComplexity: 2,
      maxComplexity: 3,
      filesWithParseErrors: 1,
      functionsOverLimits: 0,
    });
    expect(summary.languages).toMatchObject({
      python: { files: 2, lines: 5 },
      typescript: { files: 4 },
    });
    expect(summary.hotSpots[0]).toMatchObject({ file: 'lib/b.ts', name: 'b', line: 2 });
    expect(markdown).toContain('| `lib/b.ts` | 2 | 0 |');
    expect(markdown).toContain('| `a.ts` | 0 | 2 |');
    expect(markdown).toContain('| `lib/q.py` | 1 | 0 |');
    expect(markdown).toContain('| `zod` | 2 |');
    expect(markdown).toContain('f0["."]\n  f1["lib"]\n  f0 -->|2| f1\n');
    expect(markdown).toContain('- `a.ts:4`: `./gone.ts`');
    expect(markdown).toContain('## Could not be analysed\n\n- 2 files.');
    expect(markdown).toMatch(
      /## Not understood in full\n\n- `bad.ts`: \d+ places? skipped by the parser\./,
    );
  });
  it('does not depend on the order of the analyses, or on how they are grouped', async () => {
    const single = await outputOf<Report>(reportWriter, { analyses: await analyses(FILES) });
    expect(await outputOf(reportWriter, { analyses: await analyses(FILES.toReversed()) })).toEqual(
      single,
    );
    const grouped = await outputOf<JsonValue>(codebaseAnalyzer, { root, files: FILES });
    expect(await outputOf(reportWriter, { analyses: [grouped] })).toEqual(single);
  });
  it('says so when there is nothing to report', async () => {
    const { markdown } = await outputOf<Report>(reportWriter, { analyses: [], title: 'Nothing' });
    expect(markdown).toBe('# Nothing\n\nNo source file was analysed.\n');
  });
  it('refuses what is no analysis', async () => {
    expect(await failureOf(reportWriter, { analyses: [{ file: 'x' }] })).toMatchObject({
      code: 'agent.invalid-parameters',
    });
  });
});

describe('the three together, on our own sources', () => {
  it('find every exported function at its line', async () => {
    const { files } = await outputOf<Location>(codebaseLocator, { path: own });
    const analysed = await outputOf<CodebaseAnalysis>(codebaseAnalyzer, { root: own, files });
    expect(analysed.failed).toEqual([]);
    for (const { file, exports, parseErrors } of analysed.files) {
      const text = readFileSync(join(own, file), 'utf8');
      const written = text.split('\n').flatMap((line, index) => {
        const name = /^export (?:async )?function\*? (\w+)/.exec(line)?.[1];
        return name === undefined ? [] : [`${index + 1} ${name}`];
      });
      const found = exports
        .filter(({ kind }) => kind === 'function')
        .map(({ name, line }) => `${line} ${name}`);
      expect([file, parseErrors, found]).toEqual([
        file,
        undefined,
        expect.arrayContaining(written),
      ]);
    }
    const { summary } = await outputOf<Report>(reportWriter, {
      analyses: [analysed as unknown as JsonValue],
    });
    expect(summary).toMatchObject({ files: files.length, failed: 0 });
    expect(summary.hotSpots).toHaveLength(10);
  });
});
