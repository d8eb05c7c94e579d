import { describe, expect, it } from 'vitest';
import { sourceFile } from './source-file.ts';
import { checkWords } from './words.ts';

describe('checkWords', () => {
  it.each([
    'const a = Date.now();',
    'const clock = Date.now;',
    'const a = new Date();',
    'const a = Math.random();',
    'console.log(1);',
    'const a = b as any;',
    '// @ts-ignore\na();',
    '// TODO: later\na();',
    '/* FIXME */',
  ])('catches %s', (text) => {
    expect(checkWords(sourceFile('src/actors/a.ts', text))).toHaveLength(1);
  });

  it.each([
    'it.only("a", f);',
    'describe.skip("a", f);',
    'test.todo("a");',
    'it.only.each([])(f);',
    "import fc from 'fast-check';",
  ])('catches %s in a test', (text) => {
    expect(checkWords(sourceFile('test/log/a.test.ts', text))).toHaveLength(1);
  });

  it('passes words in strings, names that look alike and dates from numbers', () => {
    const text = "const a = 'TODO Date.now()'; const b = new Date(0); list.only(1); my.Date.now;";
    expect(checkWords(sourceFile('src/actors/a.ts', text))).toEqual([]);
  });

  it('lets clock and id files, tests and tools read the clock', () => {
    for (const path of [
      'src/log/clock.ts',
      'src/actors/services/ids.ts',
      'test/a.ts',
      'bench/a.ts',
    ]) {
      expect(checkWords(sourceFile(path, 'Date.now(); Math.random();'))).toEqual([]);
    }
    expect(checkWords(sourceFile('src/log/o-clock.ts', 'Date.now();'))).toHaveLength(1);
  });

  it('lets the command talk', () => {
    expect(checkWords(sourceFile('src/cli/a.ts', 'console.log(1);'))).toEqual([]);
  });
});
