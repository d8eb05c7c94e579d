/** Imports, exports, definitions and lines, at the right places. */
import { describe, expect, it } from 'vitest';
import { analyzeFile } from '../../../src/agents/builtin/codebase-analyzer/analyze-file.ts';

const joined = (...lines: string[]) => lines.join('\n');

describe('TypeScript', () => {
  it('finds every form of import', async () => {
    const { imports } = await analyzeFile(
      'a.ts',
      joined(
        `import a, { b as c, type D } from 'x';`,
        `import * as ns from "y"; import 'side';`,
        `import type E from './t';`,
        `import q = require('r');`,
        `export { d } from 'z'; export * from 'w';`,
        'const l = await import(`no-literal`); const m = await import("lazy"); const n = require("cjs"); require(l);',
      ),
    );
    expect(imports).toEqual([
      { module: 'x', names: ['default', 'b', 'D'], line: 1 },
      { module: 'y', names: ['*'], as: 'ns', line: 2 },
      { module: 'side', line: 2 },
      { module: './t', names: ['default'], line: 3, typeOnly: true },
      { module: 'r', line: 4 },
      { module: 'z', names: ['d'], line: 5 },
      { module: 'w', names: ['*'], line: 5 },
      { module: 'lazy', line: 6 },
      { module: 'cjs', line: 6 },
    ]);
  });
  it('finds every form of export', async () => {
    const { exports } = await analyzeFile(
      'a.ts',
      joined(
        'function one() {} class Two {}',
        'export { one, Two as three, other };',
        `export { d as e } from 'z'; export * from 'w'; export * as n from 'v';`,
        'export const { p, q: r } = o, f = async (x) => 1;',
        'export abstract class K {} export interface I {} export type T = 1;',
        'export enum E { A } export namespace N { export const inner = 1 }',
        'export declare function amb(): void;',
        'export default class {}',
      ),
    );
    expect(exports.map(({ name, kind, line }) => `${line} ${name} ${kind}`)).toEqual([
      '2 one function',
      '2 three class',
      '2 other name',
      '3 e reexport',
      '3 * reexport',
      '3 n reexport',
      '4 p variable',
      '4 r variable',
      '4 f function',
      '5 K class',
      '5 I interface',
      '5 T type',
      '6 E enum',
      '6 N namespace',
      '7 amb function',
      '8 default class',
    ]);
  });
  it('knows CommonJS', async () => {
    const { exports } = await analyzeFile(
      'a.cjs',
      joined(
        'exports.a = 1; module.exports.b = function () {};',
        'function c() {}',
        'module.exports = { c, d: 2, ...rest };',
      ),
    );
    expect(exports.map(({ name, kind, line }) => `${line} ${name} ${kind}`)).toEqual([
      '1 a name',
      '1 b function',
      '3 c function',
      '3 d name',
    ]);
  });
  it('says where functions and classes begin and end', async () => {
    const { functions, classes } = await analyzeFile(
      'a.ts',
      joined(
        '// 😀 before',
        'export class A {',
        '  m() {',
        '    return 1;',
        '  }',
        '}',
        '',
        'const f =',
        '  () => 1;',
      ),
    );
    expect(functions.map(({ name, line, endLine, lines }) => [name, line, endLine, lines])).toEqual(
      [
        ['A.m', 3, 5, 3],
        ['f', 8, 9, 2],
      ],
    );
    expect(classes).toEqual([{ name: 'A', line: 2, endLine: 6, methods: 1 }]);
  });
  it('counts lines of code and of comment; a line with both is code', async () => {
    const code = joined(
      '#!/usr/bin/env node',
      '/* a',
      '',
      ' b */ const x = 1;',
      '',
      '// c',
      'const s = "// no comment"; // d',
      '',
    );
    expect(await analyzeFile('a.ts', code)).toMatchObject({
      lines: 7,
      codeLines: 2,
      commentLines: 3,
    });
    expect(await analyzeFile('a.ts', code.replaceAll('\n', '\r\n'))).toMatchObject({
      lines: 7,
      codeLines: 2,
      commentLines: 3,
    });
    expect(await analyzeFile('a.ts', '')).toMatchObject({
      lines: 0,
      codeLines: 0,
      functions: [],
      topLevelComplexity: 1,
    });
  });
  it('analyses what it can of a file with syntax errors, and counts them', async () => {
    const result = await analyzeFile(
      'a.ts',
      joined('function good() { return a && b }', 'function bad( {', 'const x = ;'),
    );
    expect(result.parseErrors).toBeGreaterThan(0);
    expect(result.functions[0]).toMatchObject({ name: 'good', complexity: 2 });
  });
  it('names hot spots, worst first, with the limits they pass', async () => {
    const ifs = (count: number) => 'if (a) {}\n'.repeat(count);
    const { hotSpots } = await analyzeFile(
      'a.ts',
      `function ok() {\n${ifs(9)}}\nfunction bad() {\n${ifs(10)}}\nfunction worse(a,b,c,d,e,f) {\n${ifs(60)}}`,
    );
    expect(hotSpots.map(({ name, line, reason }) => [name, line, reason])).toEqual([
      [
        'worse',
        24,
        'complexity 61 (limit 10), cognitive 60 (limit 15), lines 62 (limit 60), parameters 6 (limit 5)',
      ],
      ['bad', 12, 'complexity 11 (limit 10)'],
    ]);
  });
});

describe('Python', () => {
  const code = joined(
    '"""Module',
    'text."""',
    'import os.path as p, sys',
    'from . import *',
    'from ..a.b import c as d, e',
    'from __future__ import annotations',
    'LIMIT, _hidden = 1, 2  # note',
    '',
    '@wrap',
    'async def work():',
    '  "doc"',
    '  return 1',
    'class Thing:',
    '  def m(self): pass',
    'def _own(): pass',
    'if x:',
    '  late = 3',
  );
  it('finds imports, exports and lines', async () => {
    const result = await analyzeFile('a.py', code);
    expect(result.imports).toEqual([
      { module: 'os.path', as: 'p', line: 3 },
      { module: 'sys', as: 'sys', line: 3 },
      { module: '.', names: ['*'], line: 4 },
      { module: '..a.b', names: ['c', 'e'], line: 5 },
      { module: '__future__', names: ['annotations'], line: 6 },
    ]);
    expect(result.exports.map(({ name, kind, line }) => `${line} ${name} ${kind}`)).toEqual([
      '7 LIMIT variable',
      '10 work function',
      '13 Thing class',
      '17 late variable',
    ]);
    expect(result.functions[0]).toMatchObject({ name: 'work', line: 10, endLine: 12 });
    expect(result).toMatchObject({ lines: 17, codeLines: 13, commentLines: 3 });
  });
  it('exports what __all__ lists', async () => {
    const { exports } = await analyzeFile('a.py', `${code}\n__all__ = ["_own", 'elsewhere']\n`);
    expect(exports).toEqual([
      { name: '_own', kind: 'function', line: 15 },
      { name: 'elsewhere', kind: 'name', line: 18 },
    ]);
  });
});

describe('Go', () => {
  it('finds imports, and what begins with an upper-case letter', async () => {
    const result = await analyzeFile(
      'a.go',
      joined(
        'package a',
        'import "fmt"',
        'import (',
        '  x "y/z"',
        '  _ `raw`',
        ')',
        'type Ring struct{}',
        'type Reader interface{}',
        'type small int',
        'const A, b = 1, 2',
        'var (',
        '  V int',
        ')',
        'func (r *Ring) Push() {',
        '}',
        'func (r *Ring) pop() {}',
        'func (s small) Pub() {}',
        'func Run() { type Local int }',
      ),
    );
    expect(result.imports).toEqual([
      { module: 'fmt', as: 'fmt', line: 2 },
      { module: 'y/z', as: 'x', line: 4 },
      { module: 'raw', as: '_', line: 5 },
    ]);
    expect(result.exports.map(({ name, kind, line }) => `${line} ${name} ${kind}`)).toEqual([
      '7 Ring class',
      '8 Reader interface',
      '10 A variable',
      '12 V variable',
      '14 Ring.Push method',
      '18 Run function',
    ]);
    expect(result.classes).toEqual([{ name: 'Ring', line: 7, endLine: 7, methods: 2 }]);
  });
});
