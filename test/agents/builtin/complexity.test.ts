/** Golden numbers, counted by hand: decision points and 1. */
import { describe, expect, it } from 'vitest';
import { analyzeFile } from '../../../src/agents/builtin/codebase-analyzer/analyze-file.ts';

/** `name complexity/nesting/parameters`, in file order. */
async function measures(file: string, code: string): Promise<string[]> {
  const { functions } = await analyzeFile(file, code);
  return functions.map((one) => `${one.name} ${one.complexity}/${one.nesting}/${one.parameters}`);
}

// Length: a table of cases.
describe('complexity, nesting and parameters in TypeScript', () => {
  it.each([
    ['nothing', 'function f() {}', ['f 1/0/0']],
    ['if and else', 'function f(a) { if (a) {} else {} }', ['f 2/1/1']],
    [
      'else if is no deeper',
      'function f(a) { if (a) {} else if (b) {} else { if (c) {} } }',
      ['f 4/2/1'],
    ],
    [
      'every loop',
      'function f() { for (;;) {} for (a of b) {} for (a in b) {} while (x) {} do {} while (y) }',
      ['f 6/1/0'],
    ],
    [
      'cases without default',
      'function f(a) { switch (a) { case 1: case 2: break; default: } }',
      ['f 3/1/1'],
    ],
    ['catch, not finally', 'function f() { try {} catch {} finally {} }', ['f 2/1/0']],
    ['logical operators', 'const f = (a, b) => a && b || c ?? d', ['f 4/0/2']],
    ['logical assignments', 'function f() { a ||= 1; a &&= 2; a ??= 3; a += 4 }', ['f 4/0/0']],
    ['a conditional, and no optional chaining', 'const f = a => a?.b?.c ? 1 : 2', ['f 2/0/1']],
    ['arithmetic is no decision', 'const f = () => a + b * c | d & e', ['f 1/0/0']],
    [
      'a callback counts to its function',
      'function f(l) { return l.map((x) => (x ? 1 : 2)) }',
      ['f 2/0/1'],
    ],
    [
      'a nested function counts for itself',
      'function f() { if (a) { const g = (x) => { if (x) {} } } }',
      ['f 2/1/0', 'g 2/1/1'],
    ],
    [
      'nesting',
      'function f() { for (;;) { if (a) { while (b) { try {} catch {} } } } }',
      ['f 5/4/0'],
    ],
    ['default values', 'function f(a = b || c, { d } = {}, ...e) {}', ['f 2/0/3']],
    [
      'methods, accessors, fields',
      'class A { constructor(private x: T) {} get g() { return a && b } s = () => 1; #p() {} static async *q(this: A, y) {} }',
      ['A.constructor 1/0/1', 'A.g 2/0/0', 'A.s 1/0/0', 'A.#p 1/0/0', 'A.q 1/0/1'],
    ],
    [
      'members of objects',
      'const o = { m() { if (a) {} }, k: () => 1, "s": function () {} }',
      ['m 2/1/0', 'k 1/0/0', 's 1/0/0'],
    ],
    ['assigned functions', 'A.prototype.b = function (x) { if (x) {} }', ['A.prototype.b 2/1/1']],
    ['default exports', 'export default async function () { if (a) {} }', ['default 2/1/0']],
    [
      'signatures are no functions',
      'function f(a: string): void; function f(a: any) { }\nabstract class B { abstract m(): void }',
      ['f 1/0/1'],
    ],
    ['generators', 'function* g() { yield a ? 1 : 2 }', ['g 2/0/0']],
  ])('%s', async (_title, code, expected) => {
    expect(await measures('a.ts', code)).toEqual(expected);
  });
  it('is the same in JavaScript, and in TSX with elements', async () => {
    expect(await measures('a.js', 'class A { f = (x) => x || y; static m() {} }')).toEqual([
      'A.f 2/0/1',
      'A.m 1/0/0',
    ]);
    expect(
      await measures('a.tsx', 'const V = ({ a }: P) => <b>{a && <i>{a ? 1 : 2}</i>}</b>'),
    ).toEqual(['V 3/0/1']);
  });
  it('keeps decisions outside of named functions apart', async () => {
    const { topLevelComplexity } = await analyzeFile(
      'a.ts',
      'if (a) {}\nx.on(() => b && c);\nfunction f() { if (d) {} }',
    );
    expect(topLevelComplexity).toBe(3);
  });
});

describe('complexity, nesting and parameters in Python', () => {
  it.each([
    ['elif and else', 'def f(a):\n  if a: pass\n  elif b: pass\n  else: pass\n', ['f 3/1/1']],
    [
      'loops with else',
      'def f():\n  for a in b: pass\n  else: pass\n  while c: pass\n',
      ['f 3/1/0'],
    ],
    [
      'except, not finally',
      'def f():\n  try: pass\n  except A: pass\n  except (B, C): pass\n  else: pass\n  finally: pass\n',
      ['f 3/1/0'],
    ],
    [
      'boolean operators and conditionals',
      'def f(a):\n  return 1 if a and b or not c else 2\n',
      ['f 4/0/1'],
    ],
    ['comprehensions', 'def f():\n  return [x for y in z for x in y if x if y]\n', ['f 5/0/0']],
    [
      'cases without the wildcard',
      'def f(a):\n  match a:\n    case 1 | 2: pass\n    case [x] if x: pass\n    case _: pass\n',
      ['f 4/1/1'],
    ],
    ['with and nesting', 'def f():\n  with a:\n    for b in c:\n      if d: pass\n', ['f 3/3/0']],
    [
      'methods without self, markers are no parameters',
      'class A:\n  async def m(self, a, /, b, *, c=1, **d): pass\n  @staticmethod\n  def s(x): pass\n',
      ['A.m 1/0/4', 'A.s 1/0/1'],
    ],
    [
      'a nested function counts for itself',
      'def f():\n  def g(x):\n    if x: pass\n  return lambda y: y or 1\n',
      ['f 2/0/0', 'g 2/1/1'],
    ],
  ])('%s', async (_title, code, expected) => {
    expect(await measures('a.py', code)).toEqual(expected);
  });
});

// Length: a table of cases.
describe('complexity, nesting and parameters in Go', () => {
  const inPackage = (code: string) => `package a\n${code}\n`;
  it.each([
    [
      'else if is no deeper',
      'func f(a int) { if a > 1 && b { } else if c { } else { } }',
      ['f 4/1/1'],
    ],
    [
      'every loop',
      'func f() { for { }; for i := 0; i < 3; i++ { }; for range x { } }',
      ['f 4/1/0'],
    ],
    [
      'switches without default',
      'func f(a, b int, c ...string) { switch a { case 1, 2: ; case 3: ; default: } }',
      ['f 3/1/3'],
    ],
    [
      'type switches',
      'func f(x any) { switch y := x.(type) { case int: ; case string: ; default: } }',
      ['f 3/1/1'],
    ],
    [
      'select cases without default',
      'func f() { select { case <-a: ; case b <- 1: ; default: } }',
      ['f 3/1/0'],
    ],
    [
      'methods',
      'func (r *Ring[T]) Push(int, string) { }\nfunc (Ring) x() {}',
      ['Ring.Push 1/0/2', 'Ring.x 1/0/0'],
    ],
    [
      'literals count to their function',
      'func f() { go func(x int) { if x > 0 || y { } }(1) }',
      ['f 3/1/0'],
    ],
    ['a top-level function variable', 'var F = func(a int) { if a > 0 { } }', ['F 2/1/1']],
  ])('%s', async (_title, code, expected) => {
    expect(await measures('a.go', inPackage(code))).toEqual(expected);
  });
});
