/** Files that no analysis was made for: each is named with its reason, and nothing crashes or hangs. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodebaseAnalysis } from '../../../src/agents/builtin/codebase-analyzer/analysis.ts';
import { codebaseAnalyzer } from '../../../src/agents/builtin/codebase-analyzer/index.ts';
import { codebaseLocator } from '../../../src/agents/builtin/codebase-locator/index.ts';
import type { Location } from '../../../src/agents/builtin/codebase-locator/location.ts';
import { reportWriter } from '../../../src/agents/builtin/report-writer/index.ts';
import type { JsonValue } from '../../../src/workflow/value.ts';
import { failureOf, fakeContext, outputOf } from '../agent-context.ts';

const DEEP = 10_000;
const TEN_MB = 10 * 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), 'troupe-hostile-'));
const write = (path: string, text: string | Uint8Array) => writeFileSync(join(root, path), text);
const FILES: Record<string, string | Uint8Array> = {
  'binary.c': new Uint8Array([0x69, 0x6e, 0x74, 0, 1, 2]),
  'broken.java': 'class { ((( public void m( {\n}}} "unclosed',
  'deep-parens.js': `const x = ${'(\n'.repeat(DEEP)}1${')\n'.repeat(DEEP)};`,
  'deep-ifs.go': `package a\nfunc f() {\n${'if a {\n'.repeat(DEEP)}${'}\n'.repeat(DEEP)}}\n`,
  'deep-calls.py': `x = ${'f(\n'.repeat(DEEP)}${')\n'.repeat(DEEP)}\n`,
  'deep-functions.ts': `${'function f() {\n'.repeat(DEEP)}${'}\n'.repeat(DEEP)}`,
  'deep-logic.rs': `fn f() -> bool {\n${'a &&\n'.repeat(DEEP)}b }\n`,
  'deep-brackets.rb': `x = ${'[\n'.repeat(DEEP)}`,
  'empty.php': '',
  'huge.ts': 'const a = 1;\n'.repeat(TEN_MB / 13),
  'latin.c': new Uint8Array([
    ...Buffer.from('// caf'),
    0xe9,
    ...Buffer.from('\nint f(void) { return 1; }\n'),
  ]),
  'noise.go': Uint8Array.from({ length: 100 }, (_, index) => (index * 37) % 255 || 1),
  'minified.js': `var a=1;${'function f(a,b){return a&&b}'.repeat(2_000)}`,
  'notes.xyz': 'def f(): pass\n',
  'wide.py': new Uint8Array([0xff, 0xfe, ...Buffer.from('def f():\n  pass\n', 'utf16le')]),
};

beforeAll(() => {
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  mkdirSync(join(root, 'sub'));
  symlinkSync('..', join(root, 'sub/loop'));
  symlinkSync('self', join(root, 'self'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('hostile files', () => {
  it('are analysed as far as they can be; the others are named with a reason', {
    timeout: 240_000,
  }, async () => {
    const files = [...Object.keys(FILES), 'gone.ts', 'sub', 'self'];
    const { files: done, failed } = await outputOf<CodebaseAnalysis>(codebaseAnalyzer, {
      root,
      files,
      relations: true,
    });
    expect(Object.fromEntries(failed.map(({ file, code }) => [file, code]))).toEqual({
      'binary.c': 'file.binary',
      'huge.ts': 'file.too-large',
      'minified.js': 'file.minified',
      'noise.go': 'file.binary',
      'notes.xyz': 'file.unsupported',
      'gone.ts': 'file.not-found',
      self: 'file.unreadable',
      sub: 'file.not-a-file',
    });
    const byName = new Map(done.map((one) => [one.file, one]));
    expect(byName.get('broken.java')?.parseErrors).toBeGreaterThan(0);
    expect(byName.get('latin.c')).toMatchObject({ encoding: 'windows-1252' });
    expect(byName.get('wide.py')).toMatchObject({ encoding: 'utf-16le', totals: { functions: 1 } });
    expect(byName.get('deep-ifs.go')?.functions[0]).toMatchObject({
      complexity: DEEP + 1,
      nesting: DEEP,
    });
    expect(byName.get('deep-ifs.go')?.functions[0]?.cognitive).toBe((DEEP * (DEEP + 1)) / 2);
    expect(byName.get('deep-functions.ts')?.totals.functions).toBe(DEEP);
    expect(byName.get('deep-logic.rs')?.functions[0]).toMatchObject({
      complexity: DEEP + 1,
      cognitive: 1,
    });
    const analysis = { root, files: done, failed } as unknown as JsonValue;
    const { markdown } = await outputOf<{ markdown: string }>(reportWriter, {
      analyses: [analysis],
    });
    expect(markdown).toContain('- `huge.ts`: file.too-large.');
    expect(markdown).toContain('- `latin.c`: Read as windows-1252: it is not UTF-8.');
  });
  it('are searched as far as they can be, and each that was not is named', {
    timeout: 240_000,
  }, async () => {
    const { matches, skipped } = await outputOf<Location>(codebaseLocator, {
      path: root,
      pattern: '**',
      symbol: 'f',
      limit: 100_000,
    });
    expect(new Set(matches?.map(({ file }) => file))).toEqual(
      new Set(['deep-functions.ts', 'deep-ifs.go', 'deep-logic.rs', 'latin.c', 'wide.py']),
    );
    const reasons = Object.fromEntries((skipped ?? []).map(({ path, reason }) => [path, reason]));
    expect(reasons).toMatchObject({
      'binary.c': 'binary',
      'huge.ts': 'too large',
      'minified.js': 'minified',
      'notes.xyz': 'unknown language',
    });
  });
  it.skipIf(process.getuid?.() === 0)('include those that may not be read', async () => {
    write('closed.py', 'def f(): pass\n');
    chmodSync(join(root, 'closed.py'), 0o000);
    expect(await failureOf(codebaseAnalyzer, { root, file: 'closed.py' })).toMatchObject({
      code: 'file.unreadable',
    });
  });
  // Opening a pipe waits for a writer in one of four threads that all file operations share.
  it.skipIf(process.platform === 'win32')('stop nothing when they are pipes', async () => {
    const pipes = join(root, 'pipes');
    mkdirSync(pipes);
    const names = ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts', '.gitignore', 'package.json'];
    for (const name of names) execFileSync('mkfifo', [join(pipes, name)]);
    writeFileSync(join(pipes, 'good.ts'), 'export const good = 1;\n');
    const files = [...names.slice(0, 5), 'good.ts'];
    const analysis = await outputOf<CodebaseAnalysis>(codebaseAnalyzer, { root: pipes, files });
    expect(analysis.files.map(({ file }) => file)).toEqual(['good.ts']);
    expect(analysis.failed.map(({ code }) => code)).toEqual(Array(5).fill('file.not-a-file'));
    const found = await outputOf<Location>(codebaseLocator, { path: pipes });
    expect(found.files).toEqual(['good.ts']);
    rmSync(pipes, { recursive: true });
  });

  it('end with the attempt when it is canceled in the middle of one', async () => {
    const controller = new AbortController();
    const { context } = fakeContext(controller.signal);
    const failing = failureOf(codebaseAnalyzer, { root, file: 'deep-functions.ts' }, { context });
    setImmediate(() => controller.abort());
    expect(await failing).toMatchObject({ code: 'agent.canceled' });
    expect(await outputOf(codebaseAnalyzer, { root, file: 'empty.php' })).toMatchObject({
      lines: 0,
    });
  });
});
