/**
 * Symbols of installed packages, found where universal-ctags sees them. The list was made by `oracle/draw-symbols-process.ts`
 * and is checked in, so that nothing but the packages is needed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codebaseLocator } from '../../../src/agents/builtin/codebase-locator/index.ts';
import type { Location } from '../../../src/agents/builtin/codebase-locator/location.ts';
import { outputOf } from '../agent-context.ts';

interface Symbol {
  tree: string;
  name: string;
  kind: string;
  file: string;
  line: number;
}

const top = join(import.meta.dirname, '../../..');
const symbols = JSON.parse(
  readFileSync(join(import.meta.dirname, 'oracle/symbols.json'), 'utf8'),
) as Symbol[];

const locate = (tree: string, symbol: string) =>
  outputOf<Location>(codebaseLocator, {
    path: join(top, tree),
    symbol,
    include_ignored: true,
    include_dependencies: true,
  });

describe('the locator, with universal-ctags as oracle', () => {
  it('finds at least 98 % of 200 symbols that are defined once at their file and line', {
    timeout: 240_000,
  }, async () => {
    expect(symbols).toHaveLength(200);
    const wrong: string[] = [];
    for (const { tree, name, kind, file, line } of symbols) {
      const { matches = [] } = await locate(tree, name);
      const isFound = matches.some((match) => match.file === file && match.line === line);
      if (!isFound) wrong.push(`${kind} ${name} at ${tree}/${file}:${line}`);
    }
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(4);
  });
  it('says of symbols that are nowhere that they are absent', async () => {
    for (const { tree, name } of symbols.filter((_, index) => index % 20 === 0)) {
      const absent = `${name}_${name.length}_nowhere`;
      const { matches, absent: said, message } = await locate(tree, absent);
      expect(matches).toEqual([]);
      expect(said).toEqual([{ kind: 'symbol', name: absent }]);
      expect(message).toContain(`no definition of "${absent}"`);
    }
  });
});
