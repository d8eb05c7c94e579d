/** Definitions and cyclomatic complexity in the languages whose grammars are tables. */
import { describe, expect, it } from 'vitest';
import { analyzeFile } from '../../../src/agents/builtin/codebase-analyzer/analyze-file.ts';
import { languageOf } from '../../../src/agents/builtin/syntax/languages.ts';
import { parseSource } from '../../../src/agents/builtin/syntax/syntax-tree.ts';

async function definitions(file: string, code: string): Promise<string[]> {
  const language = languageOf(file);
  if (language === undefined) throw new Error(`${file} is in no language`);
  const { nodes, grammar, parseErrors } = await parseSource(code, language);
  expect(parseErrors).toBe(0);
  return nodes
    .flatMap((node) => grammar.definitionsOf(node))
    .map(
      ({ kind, name, container, line }) =>
        `${line} ${kind} ${name}${container === undefined ? '' : ` in ${container}`}`,
    );
}

const CASES: [string, string, string[]][] = [
  [
    'A.java',
    'class A {\n static int F, G;\n A(int a) {}\n enum E { X }\n interface I { void z(); }\n}',
    [
      '1 class A',
      '2 field A.F in A',
      '2 field A.G in A',
      '3 method A.A in A',
      '4 enum E in A',
      '4 enum-member E.X in A.E',
      '5 interface I in A',
      '5 method I.z in A.I',
    ],
  ],
  [
    'a.rs',
    'pub struct S { f: i32 }\nimpl S { fn m(&self) {} }\ntrait T { fn t(&self); }\nmod n { fn g() {} }\nconst K: i32 = 1;',
    [
      '1 class S',
      '1 field S.f in S',
      '2 method S.m in S',
      '3 interface T',
      '3 method T.t in T',
      '4 namespace n',
      '4 function g in n',
      '5 variable K',
    ],
  ],
  [
    'a.cpp',
    'namespace n { class K { int f; void m() {} void decl(); }; }\nvoid n::K::decl() { int local; }\n#define MX 1\ntypedef int Al;\nint *g(void) { return 0; }\nextern int not_here;\n',
    [
      '1 namespace n',
      '1 class K in n',
      '1 field K.f in n.K',
      '1 method K.m in n.K',
      '2 method K.decl in K',
      '3 macro MX',
      '4 type Al',
      '5 function g',
    ],
  ],
  [
    'a.c',
    'struct s { int a, *b; };\nenum e { P, Q };\nstatic int f(int x) { return x; }\nint table[2] = {1, 2};\n',
    [
      '1 class s',
      '1 field s.a in s',
      '1 field s.b in s',
      '2 enum e',
      '2 enum-member e.P in e',
      '2 enum-member e.Q in e',
      '3 function f',
      '4 variable table',
    ],
  ],
  [
    'a.cs',
    'namespace N { class K { int f, g; int P { get; set; } void M() {} } enum E { A } }',
    [
      '1 namespace N',
      '1 class K in N',
      '1 field K.f in N.K',
      '1 field K.g in N.K',
      '1 field K.P in N.K',
      '1 method K.M in N.K',
      '1 enum E in N',
      '1 enum-member E.A in N.E',
    ],
  ],
  [
    'a.rb',
    'module M\n class K\n  X = 1\n  attr_reader :a\n  def m?; end\n  def self.s; end\n end\nend\n',
    [
      '1 namespace M',
      '2 class K in M',
      '3 field K.X in M.K',
      '4 field K.a in M.K',
      '5 method K.m? in M.K',
      '6 method K.s in M.K',
    ],
  ],
  [
    'a.php',
    '<?php\nconst Q = 1;\nclass K {\n const C = 1;\n public $f;\n function m() {}\n}\nfunction g() { $local = 1; }\n',
    [
      '2 variable Q',
      '3 class K',
      '4 field K.C in K',
      '5 field K.f in K',
      '6 method K.m in K',
      '8 function g',
    ],
  ],
];

describe('definitions with kind, name, container and line', () => {
  it.each(CASES)('%s', async (file, code, expected) => {
    expect((await definitions(file, code)).sort()).toEqual(expected.sort());
  });
});

describe('cyclomatic complexity: decision points and 1', () => {
  // if, &&, for, case 1, case 2, conditional: 7.
  const BODY =
    'if (a && b) {} for (;;) {} switch (a) { case 1: case 2: break; default: break; } x = a ? 1 : 2;';
  it.each([
    ['A.java', `class K { void m() { ${BODY} } }`, 7],
    ['a.cs', `class K { void m() { ${BODY} } }`, 7],
    ['a.c', `void m() { ${BODY} }\n`, 7],
    ['a.cpp', `void m() { ${BODY} }\n`, 7],
    [
      'a.php',
      '<?php function m() { if ($a && $b) {} elseif ($c) {} for (;;) {} switch ($a) { case 1: break; default: } return match ($a) { 1 => 2, default => 3 }; }',
      7,
    ],
    // if, &&, else if, for, two arms without the wildcard: 7.
    [
      'a.rs',
      'fn m() { if a && b {} else if c {} for i in x {} match a { 1 => 2, 3 => 4, _ => 5 } }',
      7,
    ],
    // if, &&, elsif, while, two whens, modifier: 8.
    [
      'a.rb',
      'def m\n if a && b then 1 elsif c then 2 end\n while d; end\n case a\n when 1 then 2\n when 3 then 4\n else 5\n end\n return 1 if x\nend\n',
      8,
    ],
  ])('%s', async (file, code, expected) => {
    const { functions } = await analyzeFile(file, code);
    expect(functions.map(({ complexity }) => complexity)).toEqual([expected]);
  });
});
