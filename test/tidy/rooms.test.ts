import { describe, expect, it } from 'vitest';
import { checkDirection, checkOwnership, checkPurity, MAY_IMPORT } from './rooms.ts';
import { sourceFile } from './source-file.ts';

describe('the import table', () => {
  it('has no cycle: every arrow points one way', () => {
    const settled = new Set<string>();
    const rooms = Object.entries(MAY_IMPORT);
    for (let round = 0; round < rooms.length; round++) {
      for (const [room, targets] of rooms) {
        if (targets.every((target) => settled.has(target))) settled.add(room);
      }
    }
    expect(rooms.map(([room]) => room).filter((room) => !settled.has(room))).toEqual([]);
  });

  it('keeps agents and client away from actors and log', () => {
    for (const room of ['agents', 'client']) {
      expect(MAY_IMPORT[room]).not.toContain('actors');
      expect(MAY_IMPORT[room]).not.toContain('log');
    }
  });
});

describe('checkDirection', () => {
  it('passes an arrow of the table', () => {
    const text = "import { a } from '../workflow/value.ts';\nimport { b } from './b.ts';";
    expect(checkDirection(sourceFile('src/events/a.ts', text))).toEqual([]);
  });

  it.each([
    "import { a } from '../log/a.ts';",
    "import type { A } from '../log/a.ts';",
    "export { a } from '../log/a.ts';",
    "export * from '../log/a.ts';",
    "const a = await import('../log/a.ts');",
    "const a = new URL('../log/a.ts', import.meta.url);",
  ])('catches an arrow upwards: %s', (text) => {
    expect(checkDirection(sourceFile('src/events/a.ts', text))).toEqual([
      'src/events/a.ts:1 imports src/log/a.ts; events may not',
    ]);
  });

  it('catches src importing what is outside of it', () => {
    const file = sourceFile('src/cli/a.ts', "import '../../test/support/a.ts';");
    expect(checkDirection(file)).toHaveLength(1);
  });

  it('lets the command alone read package.json', () => {
    const text = "import about from '../../package.json' with { type: 'json' };";
    expect(checkDirection(sourceFile('src/cli/a.ts', text))).toEqual([]);
    expect(checkDirection(sourceFile('src/log/a.ts', text))).toHaveLength(1);
  });

  it('catches a room that the table does not know', () => {
    expect(checkDirection(sourceFile('src/utils/a.ts', ''))).toHaveLength(1);
  });
});

describe('checkOwnership', () => {
  it.each([
    ['src/actors/host/a.ts', 'level'],
    ['src/messaging/bus.ts', 'msgpackr'],
    ['src/client/a.ts', 'nats'],
    ['src/actors/services/a.ts', 'xstate'],
    ['src/policies/a.ts', 'msgpackr/index'],
  ])('catches %s importing %s', (path, name) => {
    expect(checkOwnership(sourceFile(path, `import '${name}';`))).toHaveLength(1);
  });

  it.each([
    ['src/log/level-log.ts', 'level'],
    ['src/messaging/wire.ts', 'msgpackr'],
    ['src/messaging/nats-bus.ts', 'nats'],
    ['src/machines/run/machine.ts', 'xstate'],
    ['src/actors/host/fold.ts', 'xstate'],
    ['test/log/a.test.ts', 'level'],
  ])('lets %s import %s', (path, name) => {
    expect(checkOwnership(sourceFile(path, `import '${name}';`))).toEqual([]);
  });
});

describe('checkPurity', () => {
  it.each([
    "import { readFile } from 'node:fs/promises';",
    'setTimeout(() => {}, 1);',
    'const a = process.env.HOME;',
    'const a = performance.now();',
    'const a = fetch("http://localhost");',
  ])('catches %s in a pure room', (text) => {
    expect(checkPurity(sourceFile('src/policies/a.ts', text))).toHaveLength(1);
    expect(checkPurity(sourceFile('src/actors/a.ts', text))).toEqual([]);
  });

  it('lets workflow hash, and nobody else of the pure rooms', () => {
    const text = "import { createHash } from 'node:crypto';";
    expect(checkPurity(sourceFile('src/workflow/a.ts', text))).toEqual([]);
    expect(checkPurity(sourceFile('src/policies/a.ts', text))).toHaveLength(1);
  });

  it('lets a file give a name its own meaning', () => {
    const text = 'function read(fetch: () => number) { return fetch(); }';
    expect(checkPurity(sourceFile('src/machines/a.ts', text))).toEqual([]);
  });
});
