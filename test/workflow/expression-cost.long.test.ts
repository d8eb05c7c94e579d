/** What expressions cost: work that used to be free is counted, and what cannot be built is refused before it is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ExpressionLimit } from '../../src/workflow/errors.ts';
import { compileExpression, type Scope } from '../../src/workflow/expressions.ts';
import { compileTemplate } from '../../src/workflow/templates.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { costOf } from '../support/cost.ts';
import { names, scopeOf } from './names-and-scope.ts';

const BIG = 'x'.repeat(1_600_000);
const KEYS = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`key${at}`, at]));
const OUTPUT: JsonValue = { big: BIG, keys: KEYS, all: Array.from({ length: 600 }, () => BIG) };
const scope = scopeOf(() => ({ status: 'success', output: OUTPUT, attempts: 1, duration: 1 }));

const evaluate = (source: string, within: Scope = scope): JsonValue =>
  compileExpression(source, names).evaluate(within);

/** Loops that do nothing but count, until the limit: the least that the limit can cost. */
const FLOOR = 'range(10000).all(i, range(1000).all(j, true))';
/** What is counted as one step costs no more than so many of the cheapest ones. */
const DEAREST = 40;
let floorMs = 0;

beforeAll(() => {
  const least = () => expect(() => evaluate(FLOOR)).toThrow(ExpressionLimit);
  floorMs = Math.max(costOf(least), costOf(least));
});

function expectLimit(work: () => unknown): void {
  const cost = costOf(() => expect(work).toThrow(ExpressionLimit));
  expect(cost / floorMs, `${Math.round(cost)} ms, floor ${Math.round(floorMs)} ms`).toBeLessThan(
    DEAREST,
  );
}

describe('work that is counted', () => {
  const long = (term: string): string => Array.from({ length: 500 }, () => term).join('+');
  it.each([
    ['the nodes of a body', `range(1000000).all(i, ${long('i')} >= 0)`],
    [
      'the nodes of a body inside a body',
      `range(1000).all(i, range(1000).all(j, ${long('j')} >= 0))`,
    ],
    ['the test of a `map` with two bodies', `range(1000000).map(i, ${long('i')} < 0, i).size()`],
    ['failures that are caught', 'range(450000).all(i, 1 / (i - i) == 1 || true)'],
    ['the keys that `size` counts', 'range(50000).all(i, a.output.keys.size() >= 0)'],
    ['the keys that a loop goes over', 'range(50000).all(i, a.output.keys.exists(k, true))'],
    ['the keys that are compared', 'range(50000).all(i, {"a": 1} != a.output.keys)'],
    [
      'the alternatives of a pattern',
      `range(40000).all(i, !glob("a", "${'{a,b}'.repeat(6)}${'*a'.repeat(60)}c"))`,
    ],
    ['a long pattern for a short path', `range(3000).all(i, !glob("a", "${'*b'.repeat(3000)}"))`],
    ['braces with one choice', `range(4000).all(i, !glob("a", "${'{a}'.repeat(1500)}"))`],
    ['the parts of `replace`', 'range(100).all(i, replace(a.output.big, "x", "y") != "")'],
  ])('%s', (_, source) => expectLimit(() => evaluate(source)));
});

describe('values that grow', () => {
  const doubling = (step: (name: string) => string) =>
    Array.from({ length: 40 }, (_, index) => `.map(v${index}, ${step(`v${index}`)})`).join('');
  it.each([
    { label: 'nested loops', source: 'range(10000).map(x, range(10000).map(y, 1)).size()' },
    { label: 'a long list', source: 'range(1000001)' },
    { label: 'deep nesting', source: `${'['.repeat(100)}1${']'.repeat(100)}` },
    { label: 'a long source', source: `1${' + 1'.repeat(3_000)}` },
    {
      label: 'values that double',
      source: `[range(1000)]${doubling((name) => `[${name}, ${name}]`)}`,
    },
    { label: 'texts that double', source: `["x"]${doubling((name) => `${name} + ${name}`)}` },
    { label: 'work inside functions', source: 'range(1000000).map(x, range(10)).size() > 0' },
    {
      label: 'a hostile pattern',
      source: `range(1000).map(x, glob("${'a'.repeat(1_000)}", "${'*a'.repeat(500)}b"))`,
    },
  ])('$label', ({ source }) => expectLimit(() => evaluate(source)));
});

describe('texts that are refused before they are built', () => {
  it.each([
    'hash(range(600).map(i, a.output.big))',
    'json(range(600).map(i, a.output.big))',
    'unique(range(600).map(i, [a.output.big])).size()',
    'unique([a.output.all])',
    'string(a.output.all)',
    'range(600).map(i, a.output.all).join("")',
    'json(range(600).map(i, {a.output.big: i}))',
    'range(1000001)',
    'range(1000000).map(i, range(1000000)).size()',
    'range(1000000).map(i, range(1000000)).flatten()',
    'replace(a.output.big, "x", a.output.big)',
    'range(30).map(i, a.output.big).join(a.output.big)',
  ])('%s', (source) => expectLimit(() => evaluate(source)));

  it('of many long texts in one template', () => {
    expectLimit(() => compileTemplate('${a.output.big} '.repeat(400), names).render(scope));
  });
});

describe('expressions that are refused before they are compiled', () => {
  it.each([
    ['nested brackets', `${'['.repeat(4_000)}${']'.repeat(4_000)}`],
    ['nested calls', `${'size('.repeat(1_500)}1${')'.repeat(1_500)}`],
    ['a chain of negations', `${'!'.repeat(8_000)}true`],
    ['a chain of choices', `${'true ? 1 : '.repeat(700)}1`],
    ['nested loops', `${'[1].all(i, '.repeat(100)}true${')'.repeat(100)}`],
    ['a long sum', Array.from({ length: 4_090 }, () => '1').join('+')],
    ['a long text', `"${'x'.repeat(9_000)}"`],
  ])('%s', (_, source) => expectLimit(() => compileExpression(source, names)));
});

describe('work that costs what it did', () => {
  it.each([
    ['range(1000000).all(i, i + i + i + i >= 0)', true],
    ['range(1000000).map(x, x * 2 + 1).size()', 1_000_000],
    ['range(1000000).map(i, string(i)).join("").size()', 5_888_890],
    ['range(1000).all(i, a.output.keys.size() == 2000)', true],
    ['a.output.keys.filter(k, k == "key7")', ['key7']],
    ['range(40000).all(i, glob("src/workflow/expressions.ts", "src/**/*.ts"))', true],
    ['glob("a.ts", "*.{ts,{js,mjs}}") && glob("{a", "{a") && !glob("a", "{a,b")', true],
    ['json(range(10).map(i, a.output.big)).size()', 16_000_031],
    ['replace("a-b-c", "-", "") + replace("a", "", "b") + replace("a", "b", "c")', 'abcaa'],
    ['split("a,b,c", ",")', ['a', 'b', 'c']],
  ])('%s', (source, value) => expect(evaluate(source)).toStrictEqual(value));
});
