import { describe, expect, it } from 'vitest';
import { checkCycles, checkDeadFiles } from './graph.ts';
import { sourceFile } from './source-file.ts';

const a = (text: string) => sourceFile('src/log/a.ts', text);
const b = (text: string) => sourceFile('src/log/b.ts', text);
const c = (text: string) => sourceFile('src/log/c.ts', text);

describe('checkCycles', () => {
  it('names the path that closes a cycle, once', () => {
    const files = [a("import './b.ts';"), b("import './c.ts';"), c("export * from './a.ts';")];
    expect(checkCycles(files)).toEqual([
      'imports form a cycle: src/log/a.ts -> src/log/b.ts -> src/log/c.ts -> src/log/a.ts',
    ]);
  });

  it('passes a diamond', () => {
    const files = [a("import './b.ts';\nimport './c.ts';"), b("import './c.ts';"), c('')];
    expect(checkCycles(files)).toEqual([]);
  });

  it('passes types that know each other, for they are erased', () => {
    const files = [a("import './b.ts';"), b("import type { A } from './a.ts';")];
    expect(checkCycles(files)).toEqual([]);
  });
});

describe('checkDeadFiles', () => {
  it('names what no entry reaches, cycles of dead files too', () => {
    const files = [a(''), b("import './c.ts';"), c("import './b.ts';")];
    expect(checkDeadFiles(files, (path) => path.endsWith('a.ts'))).toEqual([
      'src/log/b.ts is dead: no entry point or test reaches it',
      'src/log/c.ts is dead: no entry point or test reaches it',
    ]);
  });

  it('follows types and files that are started as programs', () => {
    const files = [
      a("import type { B } from './b.ts';\nnew Worker(new URL('./c.ts', import.meta.url));"),
      b("spawn('node', [join(import.meta.dirname, 'd.ts')]);"),
      c(''),
      sourceFile('src/log/d.ts', ''),
    ];
    expect(checkDeadFiles(files, (path) => path.endsWith('a.ts'))).toEqual([]);
  });
});
