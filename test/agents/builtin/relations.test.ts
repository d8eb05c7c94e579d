/** What holds between files: imports and calls resolved in every language, cycles, copies, unused exports. */
import { describe, expect, it } from 'vitest';
import type { FileAnalysis } from '../../../src/agents/builtin/codebase-analyzer/analysis.ts';
import { analyzeFile } from '../../../src/agents/builtin/codebase-analyzer/analyze-file.ts';
import {
  type Relations,
  relationsOf,
} from '../../../src/agents/builtin/codebase-analyzer/relations.ts';

type Extra = Partial<Pick<FileAnalysis, 'project'>>;

async function relate(files: Record<string, string>, extra: Extra = {}): Promise<Relations> {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const analyses = await Promise.all(
    sorted.map(async ([file, code]) => ({ ...(await analyzeFile(file, code)), ...extra })),
  );
  return relationsOf(analyses);
}

/** `a -> b (line)` for calls, `file <- n` for files that are imported. */
const edges = ({ calls }: Relations) =>
  calls.edges.map(({ from, to, name }) => `${from} -> ${to} ${name}`);
const imported = ({ fans }: Relations) =>
  fans.filter(({ fanIn }) => fanIn > 0).map(({ file, fanIn }) => `${file} <- ${fanIn}`);

/** Title, files, what the manifest says, imported files, resolved calls. */
const CASES: [string, Record<string, string>, Extra, string[], string[]][] = [
  [
    'TypeScript: relative, with the end of the compiled file, and a package of the repository',
    {
      'packages/p/src/index.ts': 'export function run() {}',
      'packages/p/src/a.ts': `import { run } from './index.js';\nimport { run as r2 } from 'p';\nrun();`,
    },
    { project: { manifest: 'package.json', name: 'p', folder: 'packages/p' } },
    ['packages/p/src/index.ts <- 1'],
    ['packages/p/src/a.ts -> packages/p/src/index.ts run'],
  ],
  [
    'Python: relative and absolute',
    {
      'pkg/__init__.py': '',
      'pkg/a.py': 'def f(): pass\n',
      'pkg/b.py': 'from .a import f\nimport pkg.a\nf()\npkg.a.f()\n',
    },
    {},
    ['pkg/a.py <- 1'],
    ['pkg/b.py -> pkg/a.py f', 'pkg/b.py -> pkg/a.py pkg.a.f'],
  ],
  [
    'Go: a package is a folder of the module, and the file is the one that defines what is used',
    {
      'main.go': 'package main\nimport "ex.org/m/util"\nfunc main() { util.Do() }\n',
      'util/a.go': 'package util\nfunc Do() {}\n',
      'util/b.go': 'package util\nfunc Other() {}\n',
    },
    { project: { manifest: 'go.mod', name: 'ex.org/m', folder: '' } },
    ['util/a.go <- 1'],
    ['main.go -> util/a.go util.Do'],
  ],
  [
    'Java: by package and class, and neighbours without an import',
    {
      'x/A.java': 'package x; import y.B; class A { void m() { B.go(); C.go(); } }',
      'x/C.java': 'package x; class C { static void go() {} }',
      'src/y/B.java': 'package y; public class B { public static void go() {} }',
    },
    {},
    ['src/y/B.java <- 1', 'x/C.java <- 1'],
    ['x/A.java -> src/y/B.java B.go', 'x/A.java -> x/C.java C.go'],
  ],
  [
    'Rust: modules of the crate',
    {
      'src/lib.rs': 'mod util;\nuse crate::util::run;\nfn f() { run(); util::walk(); }\n',
      'src/util.rs': 'pub fn run() {}\npub fn walk() {}\n',
    },
    { project: { manifest: 'Cargo.toml', name: 'c', folder: '' } },
    ['src/util.rs <- 1'],
    ['src/lib.rs -> src/util.rs run', 'src/lib.rs -> src/util.rs util.walk'],
  ],
  [
    'C: includes beside the file and by the end of the path',
    {
      'src/a.c':
        '#include "a.h"\n#include <lib/b.h>\n#include <stdio.h>\nint main() { return twice(1); }\n',
      'src/a.h': 'static inline int one() { return 1; }\n',
      'include/lib/b.h': 'inline int twice(int x) { return 2 * x; }\n',
    },
    {},
    ['include/lib/b.h <- 1', 'src/a.h <- 1'],
    ['src/a.c -> include/lib/b.h twice'],
  ],
  [
    'C#: by namespace and the types that are used',
    {
      'A.cs': 'using N.Util; namespace N { class A { void M() { Tool.Go(); } } }',
      'T.cs': 'namespace N.Util { public class Tool { public static void Go() {} } }',
      'U.cs': 'namespace N.Util { public class Unused {} }',
    },
    {},
    ['T.cs <- 1'],
    ['A.cs -> T.cs Tool.Go'],
  ],
  [
    'Ruby: relative and by the end of the path',
    {
      'lib/a.rb': `require_relative 'b'\nrequire 'x/c'\nB.go\n`,
      'lib/b.rb': 'class B\n  def self.go; end\nend\n',
      'lib/x/c.rb': 'class C; end\n',
    },
    {},
    ['lib/b.rb <- 1', 'lib/x/c.rb <- 1'],
    ['lib/a.rb -> lib/b.rb B.go'],
  ],
  [
    'PHP: by namespace, by path, and functions',
    {
      'src/A.php': `<?php namespace N; use M\\B; require __DIR__ . '/f.php'; class A { function m() { B::go(); helper(); } }`,
      'src/f.php': '<?php function helper() {}',
      'src/B.php': '<?php namespace M; class B { static function go() {} }',
    },
    {},
    ['src/B.php <- 1', 'src/f.php <- 1'],
    ['src/A.php -> src/B.php B.go', 'src/A.php -> src/f.php helper'],
  ],
];

describe('imports and calls across files', () => {
  it.each(CASES)('%s', async (_title, files, extra, expectedFans, expectedCalls) => {
    const relations = await relate(files, extra);
    expect(relations.unresolved).toEqual([]);
    expect(imported(relations)).toEqual(expectedFans);
    expect(edges(relations).sort()).toEqual(expectedCalls.sort());
  });
  it('says what leads nowhere and what is ambiguous, and keeps what is from outside apart', async () => {
    const { unresolved, external } = await relate({
      'a.ts': `import './gone.js';\nimport 'zod';`,
      'b.c': '#include "twice.h"\n',
      'x/twice.h': '',
      'y/twice.h': '',
    });
    expect(unresolved).toEqual([
      { file: 'a.ts', line: 1, module: './gone.js' },
      { file: 'b.c', line: 1, module: '"twice.h"' },
    ]);
    expect(external).toEqual([{ module: 'zod', files: 1 }]);
  });
});

describe('cycles', () => {
  it('are groups of files; imports of types alone make none', async () => {
    const { cycles, folderCycles } = await relate({
      'x/a.ts': `import '../y/b.ts';`,
      'y/b.ts': `import './c.ts';`,
      'y/c.ts': `import '../x/a.ts';`,
      'd.ts': `import type { E } from './e.ts';`,
      'e.ts': `import './d.ts';`,
    });
    expect(cycles).toEqual([['x/a.ts', 'y/b.ts', 'y/c.ts']]);
    expect(folderCycles).toEqual([['x', 'y']]);
  });
  it('are found at any depth', async () => {
    const count = 3_000;
    const files = Array.from({ length: count }, (_, index) => [
      `f${index}.ts`,
      `import './f${(index + 1) % count}.ts';`,
    ]);
    const { cycles } = await relate(Object.fromEntries(files) as Record<string, string>);
    expect(cycles.map(({ length }) => length)).toEqual([count]);
  });
});

describe('copies', () => {
  const lines = (name: string, count: number) =>
    Array.from(
      { length: count },
      (_, index) => `  const ${name}${index} = work(${index}, "${name}");`,
    );
  const shared = ['function copied() {', ...lines('v', 30), '}'];

  it('are found between files whatever white space and comments stand in them, with both places', async () => {
    const { duplication } = await relate({
      'a.ts': [...lines('a', 10), ...shared].join('\n'),
      'b.ts': [...lines('b', 25), ...shared.flatMap((line) => [`   ${line}`, '// note', ''])].join(
        '\n',
      ),
    });
    expect(duplication.count).toBe(1);
    const [copy] = duplication.copies;
    expect(copy?.tokens).toBeGreaterThan(200);
    expect(copy?.first).toMatchObject({ file: 'a.ts' });
    expect(copy?.first.line).toBeGreaterThanOrEqual(11);
    expect(copy?.first.line).toBeLessThan(18);
    expect(copy?.first.endLine).toBeGreaterThan(35);
    expect(copy?.first.endLine).toBeLessThanOrEqual(42);
    expect(copy?.second).toMatchObject({ file: 'b.ts' });
    expect(copy?.second.line).toBeGreaterThanOrEqual(26);
  });
  it('are not what differs in names, and not what is short', async () => {
    const { duplication } = await relate({
      'a.ts': lines('a', 30).join('\n'),
      'b.ts': lines('b', 30).join('\n'),
      'c.ts': shared.slice(0, 4).join('\n'),
      'd.ts': shared.slice(0, 4).join('\n'),
    });
    expect(duplication).toEqual({ copies: [], count: 0, lines: 0, linesByFile: {} });
  });
});

describe('unused exports', () => {
  it('are names that nobody imports of a file that others import by name', async () => {
    const { unusedExports } = await relate({
      'lib.ts': 'export const used = 1;\nexport const unused = 2;\nexport type T = 1;',
      'whole.ts': 'export const a = 1;',
      'main.ts': `import { used } from './lib.ts';\nimport * as whole from './whole.ts';\nexport const run = 1;`,
    });
    expect(unusedExports.names).toEqual([
      { file: 'lib.ts', line: 2, name: 'unused' },
      { file: 'lib.ts', line: 3, name: 'T' },
    ]);
    expect(unusedExports.looked).toEqual(['TypeScript and JavaScript']);
  });
  it('are looked for where imports say what they take, and nowhere else', async () => {
    const { unusedExports } = await relate({ 'a.rb': 'class A; end\n', 'b.py': 'def f(): pass\n' });
    expect(unusedExports).toEqual({ names: [], count: 0, looked: [] });
  });
});
