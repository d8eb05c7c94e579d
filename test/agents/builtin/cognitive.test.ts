/**
 * Cognitive complexity, computed by hand after SonarSource's paper. Three functions in every language: its own example
 * `sumOfPrimes` (7 with a jump to a label, 6 without), sequences of logical operators, and everything else once.
 */
import { describe, expect, it } from 'vitest';
import { analyzeFile } from '../../../src/agents/builtin/codebase-analyzer/analyze-file.ts';

async function cognitive(file: string, code: string): Promise<Record<string, number>> {
  const { functions, parseErrors } = await analyzeFile(file, code);
  expect(parseErrors).toBeUndefined();
  return Object.fromEntries(functions.map(({ name, cognitive: cost }) => [name, cost]));
}

/** for 1, inner for 2, if 3, and 1 for a jump to a label. */
const primes = (jump: string) =>
  `int sum(int max) { int total = 0; for (int i = 1; i <= max; ++i) { for (int j = 2; j < i; ++j) { if (i % j == 0) { ${jump} } } total += i; } return total; }`;
/** if 1, and 1 for each of `&&`, `||`, `&&`. */
const LOGIC = 'if (a && b && c || d || e && f) { }';
/** if 1, `&&` 1, `&&` within the negation 1. */
const NEGATED = 'if (a && !(b && c)) { }';
/** if 1, else if 1, else 1, conditional at level 1: 2, switch 1, catch 1, recursion 1. */
const MIXED =
  'if (a) { } else if (b) { } else { x = c ? 1 : 2; } switch (a) { case 1: break; default: break; }';

// Length: a table of cases.
describe('in the languages with braces', () => {
  it.each([
    [
      'a.java',
      `class K { ${primes('continue OUT;').replace('for', 'OUT: for')} void logic() { ${LOGIC} } void not() { ${NEGATED} } void mixed() { ${MIXED} try { } catch (E e) { } mixed(); } }`,
      { 'K.sum': 7, 'K.logic': 4, 'K.not': 3, 'K.mixed': 8 },
    ],
    [
      'a.cs',
      `class K { ${primes('goto OUT;')} void logic() { ${LOGIC} } void not() { ${NEGATED} } void mixed() { ${MIXED} try { } catch (E e) { } mixed(); } }`,
      { 'K.sum': 7, 'K.logic': 4, 'K.not': 3, 'K.mixed': 8 },
    ],
    [
      'a.c',
      `${primes('goto OUT;')} void logic() { ${LOGIC} } void not_() { ${NEGATED} } void mixed() { ${MIXED} mixed(); }\n`,
      { sum: 7, logic: 4, not_: 3, mixed: 7 },
    ],
    [
      'a.cpp',
      `class K { ${primes('goto OUT;')} void mixed() { ${MIXED} try { } catch (E &e) { } mixed(); } }; void logic() { ${LOGIC} } void n() { ${NEGATED} }`,
      { 'K.sum': 7, logic: 4, n: 3, 'K.mixed': 8 },
    ],
    [
      'a.ts',
      `function sum(max) { OUT: for (;;) { for (;;) { if (i) { continue OUT; } } } } function logic() { ${LOGIC} } const not = () => { ${NEGATED} }; class K { mixed() { ${MIXED} try { } catch (e) { } this.mixed(); } }`,
      { sum: 7, logic: 4, not: 3, 'K.mixed': 8 },
    ],
    [
      'a.tsx',
      'const V = ({ a }) => <b>{a ? <i>{a ? 1 : 2}</i> : null}</b>;', // 1, then 2 at level 1
      { V: 3 },
    ],
    [
      'a.js',
      `function logic() { ${LOGIC} } x.y = function () { ${NEGATED} };`,
      { logic: 4, 'x.y': 3 },
    ],
    [
      'a.php',
      `<?php function sum($m) { foreach ($m as $i) { foreach ($i as $j) { if ($j) { continue 2; } } } } function logic() { if ($a && $b && $c || $d || $e && $f) { } } function not() { if ($a && !($b && $c)) { } } function mixed() { if ($a) { } elseif ($b) { } else { $x = $c ? 1 : 2; } switch ($a) { case 1: break; } try { } catch (E $e) { } mixed(); }`,
      { sum: 7, logic: 4, not: 3, mixed: 8 },
    ],
    [
      'a.go',
      `package a\nfunc sum(max int) {\nOUT:\n\tfor i := range max {\n\t\tfor j := range i {\n\t\t\tif j > 0 {\n\t\t\t\tcontinue OUT\n\t\t\t}\n\t\t}\n\t}\n}\nfunc logic() { ${LOGIC.replace(/[()]/g, '')} }\nfunc not() { ${NEGATED.replace('if (', 'if ').replace(')) {', ') {')} }\nfunc mixed() { if a { } else if b { } else { go func() { if c { } }() }; switch a { case 1: }; mixed() }\n`,
      // mixed: if 1, else if 1, else 1, if at level 2 (else, literal): 3, switch 1, recursion 1.
      { sum: 7, logic: 4, not: 3, mixed: 8 },
    ],
    [
      'a.rs',
      `fn sum(max: i32) { 'out: for i in 1..max { for j in 2..i { if i % j == 0 { continue 'out; } } } } fn logic() { ${LOGIC.replace('(', '').replace(') {', ' {')} } fn not() { if a && !(b && c) { } } impl K { fn mixed(&self) { if a { } else if b { } else { let x = if c { 1 } else { 2 }; } match a { 1 => 2, _ => 3 } self.mixed(); } }`,
      // mixed: if 1, else if 1, else 1, inner if at level 1: 2, its else 1, match 1, recursion 1.
      { sum: 7, logic: 4, not: 3, 'K.mixed': 8 },
    ],
  ])('%s', async (file, code, expected) => {
    expect(await cognitive(file, code)).toEqual(expected);
  });
});

describe('in Python and Ruby', () => {
  // Length: the code of the examples.
  it('a.py', async () => {
    const code = `
def sum(max):
  for i in range(max):
    for j in range(i):
      if i % j:
        continue
def logic():
  if a and b and c or d or e and f: pass
def negated():
  if a and not (b and c): pass
def mixed():
  if a: pass
  elif b: pass
  else:
    x = 1 if c else 2
  match a:
    case 1: pass
  try: pass
  except E: pass
  mixed()
def decorator(f):
  def wrapper():
    if a: pass
  return wrapper
def encloser():
  x = 1
  def inner():
    if a: pass
`;
    expect(await cognitive('a.py', code)).toEqual({
      sum: 6,
      logic: 4,
      negated: 3,
      mixed: 8,
      decorator: 1,
      wrapper: 1,
      encloser: 2,
      inner: 1,
    });
  });
  it('a.rb', async () => {
    const code = `
class K
  def sum(max)
    for i in max
      while i
        if j then next end
      end
    end
  end
  def logic
    if a && b && c || d || e && f then 1 end
  end
  def mixed
    if a then 1
    elsif b then 2
    else
      x = c ? 1 : 2
    end
    case a
    when 1 then 2
    else 3
    end
    begin
    rescue E
    end
    l.each { |v| v if v }
    mixed()
  end
end
`;
    // mixed: if, elsif, else 3; conditional 2; case 1; rescue 1; modifier in a block 2; recursion 1.
    expect(await cognitive('a.rb', code)).toEqual({ 'K.sum': 6, 'K.logic': 4, 'K.mixed': 10 });
  });
});

describe('what the paper says of functions within functions', () => {
  it('puts callbacks one level deeper and counts them to their function', async () => {
    expect(
      await cognitive('a.ts', 'function f() { if (a) {} l.map((x) => { if (x) {} }); }'),
    ).toEqual({ f: 3 });
  });
  it('lets a script function that only groups others go free', async () => {
    expect(
      await cognitive('a.js', 'function outer() { function inner() { if (a) {} } return inner; }'),
    ).toEqual({ outer: 0, inner: 1 });
  });
  it('costs nothing for shorthand', async () => {
    expect(await cognitive('a.ts', 'function f() { return a?.b ?? c; }')).toEqual({ f: 0 });
  });
  it('finds recursion over several functions of a file', async () => {
    const code =
      'function a() { b(); } function b() { c(); } function c() { a(); d(); } function d() {}';
    expect(await cognitive('a.ts', code)).toEqual({ a: 1, b: 1, c: 1, d: 0 });
  });
  it('counts conditions of the preprocessor within functions', async () => {
    // #ifdef 1, #else 1, if at level 1 twice: 2 and 2.
    const code = 'void f() {\n#ifdef A\nif (a) {}\n#else\nif (b) {}\n#endif\n}\n';
    expect(await cognitive('a.c', code)).toEqual({ f: 6 });
  });
});
