/** The quick reader and the library give the same values and places, or the quick one gives none. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { Findings, type Path } from '../../src/workflow/problems.ts';
import { locatorOf } from '../../src/workflow/source-places.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { readQuickYaml } from '../../src/workflow/yaml-quick.ts';
import { readSource } from '../../src/workflow/yaml-source.ts';
import { seededRandom } from '../support/seeded.ts';
import { cases, HEAD } from './validation-cases.ts';

function pathsIn(value: JsonValue, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [path, ...[...keys].flatMap((key) => pathsIn((value as never)[key], [...path, key]))];
}

/** True where the quick reader took the text; then everything about it was compared. */
function agrees(source: string): boolean {
  const quick = readQuickYaml(source);
  if (quick === undefined) return false;
  const findings = new Findings();
  const { value, locate } = readSource(source, findings);
  expect(findings.list, source).toEqual([]);
  expect(quick.value, source).toStrictEqual(value);
  const quickly = locatorOf(source, quick.spans);
  for (const path of pathsIn(quick.value)) {
    for (const atKey of [false, true]) {
      const finding = { code: '', message: '', hint: '', path, atKey };
      const { line, column, endColumn } = locate(finding);
      expect(quickly(finding), `${path.join('.')} of ${source}`).toMatchObject({
        line,
        column,
        endColumn,
      });
    }
  }
  return true;
}

const root = new URL('../../', import.meta.url);
const files = ['workflows', 'examples', 'test/workflow/fixtures'].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`),
);

describe('the quick reader', () => {
  // Length: two tables of texts.
  it('agrees with the library on all our files, and takes most of them', () => {
    const taken = files.filter((file) => agrees(readFileSync(new URL(file, root), 'utf8')));
    expect(taken.length).toBeGreaterThan(files.length / 2);
  });

  it('agrees with the library on every case of validation', () => {
    const texts = cases.map(({ source }) => source.replace(/[«»]/g, ''));
    expect(texts.filter((text) => agrees(`${HEAD}tasks:\n${text}`)).length).toBeGreaterThan(50);
  });

  it.each([
    'a:\n- 1\n- b: 2\n  c: 3\n-\n  - x\n- - y\n  - z\n',
    'a: |\n  one\n\n    two # three\n\nb: |-\n  x\nc: 1 # d\n',
    "a:\n  # c\n  b: \"x\\n\\u00e9\" # d\n# e\n  c: 'it''s'\nd:\ne: ~\n",
    'a: {b: [1, -2.5, .5, 1e3, "x", y z, null], "c": {}, d: []}\n',
    'a: http://x/y#z\nb: a:b\nc: -x\nd: 007\ne: +1\nf: yes\ng: True\nh: 12:30\n',
    'a: >\n  one\n  two  \n  three\n\nb: >- # c\n  x\n',
    'a: [1,\n 2]\nb:\n  {c: 1,\n\n   d: [\n    e,\n    ],\n   }\nf:\n  - {\n      g: 1,\n    }\n',
    'a: 1',
    'a:',
  ])('takes %j', (source) => {
    expect(agrees(source)).toBe(true);
  });

  it.each([
    'a: b\n  c\n',
    'a: &x 1\nb: *x\n',
    'a: !!str 1\n',
    'a: b: c\n',
    'a:\n  b: [1,\n  2]\n',
    'a: [1, # x\n 2]\n',
    'a: {b:\n 1}\n',
    'a: [b\n c]\n',
    'a: "x\n  y"\n',
    'a: >\n  x\n   deeper\n',
    'a: >\n  x\n\n  y\n',
    'a: >+\n  x\n\n',
    '---\na: 1\n',
    'a: 1\n...\n',
    'a: 1\na: 2\n',
    'a: 1\n b: 2\n',
    '? a\n: b\n',
    'a: 0x1F\n',
    'a: .inf\n',
    'a:\t1\n',
    'true: 1\n',
    '<<: {}\n',
    '__proto__: 1\n',
    '- a\n',
    'text\n',
    '',
    'a: {b: 1\n',
    'a: {b:1}\n',
    'a: [b: c]\n',
    'a: @x\n',
    'a: [>, 2]\n',
    'a: "\\x41"\n',
    'a: |2\n   x\n',
  ])('leaves %j to the library', (source) => {
    expect(readQuickYaml(source)).toBeUndefined();
  });

  it('agrees with the library on texts that were changed at random', () => {
    const seeds = [...files.map((file) => readFileSync(new URL(file, root), 'utf8')), SAMPLE];
    const random = seededRandom(7);
    const at = (length: number) => Math.floor(random() * length);
    const letters = ' \n-:#"\'{}[],|>&*!?%@`~0aAe.+\\$';
    let taken = 0;
    for (let count = 0; count < 3_000; count += 1) {
      let text = seeds[at(seeds.length)] ?? '';
      const from = text.lastIndexOf('\n', at(text.length)) + 1;
      text = text.slice(from, from + 400);
      for (let change = at(4); change > 0; change -= 1) {
        const place = at(text.length);
        const put = random() < 0.3 ? '' : (letters[at(letters.length)] ?? '');
        text = text.slice(0, place) + put + text.slice(place + at(2));
      }
      if (agreesOnValue(text)) taken += 1;
    }
    expect(taken).toBeGreaterThan(200);
  });

  it('agrees with the library on what the library writes', () => {
    const random = seededRandom(11);
    const words = [
      'a',
      'b c',
      '',
      ' x',
      '1',
      'true',
      'null',
      'a: b',
      '- x',
      '#',
      'a #b',
      '"',
      "'",
      'é',
      'x\ny',
      '${a}',
      '{',
      '~',
      '1e5',
      '0o7',
      'a'.repeat(90),
    ];
    const value = (depth: number): JsonValue => {
      const kind = random();
      if (depth > 3 || kind < 0.4) return words[Math.floor(random() * words.length)] ?? null;
      if (kind < 0.5) return [null, true, 12, -0.5, 1e21, 0][Math.floor(random() * 6)] ?? null;
      const parts = Array.from({ length: Math.floor(random() * 4) }, () => value(depth + 1));
      if (kind < 0.75) return parts;
      return Object.fromEntries(parts.map((part, index) => [`k${index}`, part]));
    };
    const texts = Array.from({ length: 1_500 }, () => stringify({ a: value(0), b: value(0) }));
    expect(texts.filter(agreesOnValue).length).toBeGreaterThan(700);
  });
});

function agreesOnValue(source: string): boolean {
  const quick = readQuickYaml(source);
  if (quick === undefined) return false;
  const findings = new Findings();
  const { value } = readSource(source, findings);
  expect(findings.list, source).toEqual([]);
  expect(quick.value, source).toStrictEqual(value);
  return true;
}

const SAMPLE = `a: 1
list:
- x
- {a: b, c: [1, 2]}
- k: v
  text: |
    one
    two
  "q": 'single' # c
- - n
  - m
`;
