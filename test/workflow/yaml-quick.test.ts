/** The quick reader of plain YAML gives what the library gives, values and places, or nothing. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import type { Path } from '../../src/workflow/problems.ts';
import { readQuickYaml } from '../../src/workflow/yaml-quick.ts';
import { nodeSpans } from '../../src/workflow/yaml-spans.ts';

const fixtures = ['full-stack-feature', 'bug-fix', 'everything'].map((name) =>
  readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), 'utf8'),
);

function* leavesOf(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) yield path;
  else
    for (const [key, item] of Object.entries(value))
      yield* leavesOf(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** True where the quick reader took the text; then it must agree with the library. */
function agrees(source: string): boolean {
  const quick = readQuickYaml(source);
  if (quick === undefined) return false;
  const document = parseDocument(source, { prettyErrors: false, merge: false });
  const context = JSON.stringify(source);
  expect([...document.errors, ...document.warnings].map(String), context).toEqual([]);
  expect(document.toJS(), context).toEqual(quick.value);
  const ours = quick.spans;
  const theirs = nodeSpans(document);
  for (const path of leavesOf(quick.value)) {
    expect(ours(path, false), `${context} ${path.join('.')}`).toMatchObject(theirs(path, false));
    expect(ours(path, true), context).toMatchObject(theirs(path, true));
  }
  return true;
}

const pieces = fc.constantFrom(
  ...'a b - : , { } [ ] " \' # ? | > & * ! % @ ` ~ = . $ ( ) 1 -1 0 01 1.5 .5 1e3 0x1 null True no -- ---'.split(
    ' ',
  ),
  ' ',
  '  ',
  '\n',
  '\n  ',
  '\n    ',
  '\n- ',
  '\n  - ',
  ': ',
  'a: ',
  '- ',
  '\nb: ',
  '\n  c: ',
  ' #',
  'key:',
);

describe('plain YAML', () => {
  it('is read where it is certain', () => {
    const taken = fixtures.filter(agrees);
    expect(taken).toHaveLength(2);
    expect(
      agrees(
        '# head\nname: a b\nlist:\n- 1\n- { a: [x, \'y z\', "q"], b: {} }\n-   - deep: true\n      more: null\n    - 2.5\nmap:\n  c: ${x} (y)\n',
      ),
    ).toBe(true);
  });

  it.each([
    'a: &x 1\nb: *x\n',
    'a: |\n  text\n',
    'a: 1 # comment\n',
    'a: "\\n"\n',
    'a: x: y\n',
    'a: 1\na: 2\n',
    'a:\nb: 1\n',
    'a: one\n  two\n',
    'a: [1,\n  2]\n',
    'a: 0o17\n',
    'a: NULL\n',
    'null: 1\n',
    'a: 2024-01-01\n',
    'a: !!str 1\n',
    '- a\nb: 1\n',
    'a:\n    - x\n  b: 1\n',
    '--- a\n',
    '',
    'text\n',
    '\ufeffa: 1\n',
    'a:\t1\n',
    'a: 1\r\nb: 2\n',
  ])('is left to the library where it is not: %j', (source) => {
    expect(readQuickYaml(source)).toBeUndefined();
  });

  it('is read as the library reads it, whatever it is', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(12),
      insert: pieces,
    });
    const mutated = fc
      .tuple(fc.constantFrom(...fixtures), fc.array(edit, { minLength: 1, maxLength: 3 }))
      .map(([source, edits]) =>
        edits.reduce((text, { at, remove, insert }) => {
          const from = Math.floor(at * text.length);
          return text.slice(0, from) + insert + text.slice(from + remove);
        }, source),
      );
    const small = fc.array(pieces, { maxLength: 16 }).map((parts) => `a: ${parts.join('')}`);
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, small, small), (source) => {
        if (agrees(source)) taken += 1;
      }),
      { numRuns: 10_000 },
    );
    expect(taken).toBeGreaterThan(300);
  }, 240_000);
});
