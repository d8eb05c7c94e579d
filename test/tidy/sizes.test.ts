import { describe, expect, it } from 'vitest';
import { checkFileSize, checkFunctionLengths } from './sizes.ts';
import { sourceFile } from './source-file.ts';

const lines = (count: number, first: string): string => `${first}\n${'x();\n'.repeat(count - 1)}`;
const fn = (count: number, inside = ''): string =>
  `function f() {\n${inside}\n${'  x();\n'.repeat(count - 3)}}\n`;

describe('checkFileSize', () => {
  it('passes 300 lines', () => {
    expect(checkFileSize(sourceFile('src/log/a.ts', 'x();\n'.repeat(300)))).toEqual([]);
  });

  it('wants a reason above 300 lines, and takes it', () => {
    expect(checkFileSize(sourceFile('a.ts', 'x();\n'.repeat(301)))).toHaveLength(1);
    const reasoned = lines(350, '// Size: one table that is read as a whole');
    expect(checkFileSize(sourceFile('a.ts', reasoned))).toEqual([]);
  });

  it('takes no empty reason', () => {
    expect(checkFileSize(sourceFile('a.ts', lines(350, '// Size: big')))).toHaveLength(1);
  });

  it('takes no reason above 400 lines', () => {
    const file = sourceFile('a.ts', lines(402, '// Size: one table that is read as a whole'));
    expect(checkFileSize(file)).toEqual(['a.ts has 402 lines; split it at 400']);
  });
});

describe('checkFunctionLengths', () => {
  it('passes 40 lines', () => {
    expect(checkFunctionLengths(sourceFile('src/a.ts', fn(40)))).toEqual([]);
  });

  it('wants a reason above 40 lines, inside or directly above', () => {
    expect(checkFunctionLengths(sourceFile('src/a.ts', fn(41)))).toHaveLength(1);
    const reason = '// Length: one switch over the catalogue';
    expect(checkFunctionLengths(sourceFile('src/a.ts', fn(60, reason)))).toEqual([]);
    expect(checkFunctionLengths(sourceFile('src/a.ts', `${reason}\n${fn(60)}`))).toEqual([]);
    expect(checkFunctionLengths(sourceFile('src/a.ts', `${reason}\n\n${fn(60)}`))).toHaveLength(1);
  });

  it('takes no reason above 70 lines', () => {
    const file = sourceFile('src/a.ts', fn(71, '// Length: one switch over the catalogue'));
    expect(checkFunctionLengths(file)).toEqual([
      'src/a.ts:1 is a function of 71 lines; split it at 70',
    ]);
  });

  it.each([
    ['arrow functions', (body: string) => `const f = () => {\n${body}};`],
    ['methods', (body: string) => `class A {\n  m() {\n${body}}\n}`],
    ['generators', (body: string) => `function* g() {\n${body}}`],
  ])('sees %s', (_, wrap) => {
    expect(checkFunctionLengths(sourceFile('src/a.ts', wrap('x();\n'.repeat(80))))).toHaveLength(1);
  });

  it('counts closures as lines of their function in src, not in tests', () => {
    const inner = `  it('a', () => {\n${'    x();\n'.repeat(30)}  });\n`;
    const text = `describe('b', () => {\n${inner.repeat(3)}});\n`;
    expect(checkFunctionLengths(sourceFile('src/a.ts', text))).toHaveLength(1);
    expect(checkFunctionLengths(sourceFile('test/a.test.ts', text))).toEqual([]);
  });
});
