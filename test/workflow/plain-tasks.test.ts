/** The quick looks at a file, held against the schema and against a plain count of keys. */

import { describe, expect, it } from 'vitest';
import { readJson } from '../../src/workflow/json-source.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import { withoutPlainTasks } from '../../src/workflow/plain-tasks.ts';
import { workflowSchema } from '../../src/workflow/schema.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';

const odd: readonly JsonValue[] = [
  ...[null, true, false, 1, '', 'a', 'a b', '__proto__', 'x'.repeat(200), 'skip', 'any'],
  ...[[], ['a'], [1], {}, { a: 1 }, { count: 2 }],
];
const fields = (
  'id agent capability description request condition pass parallel parameters dependencies trigger on_failure ' +
  'retry mutex agnet'
).split(' ');

describe('plain tasks', () => {
  it('are right by the schema', () => {
    const other = { id: 'other', agent: 'echo', retry: {} };
    const tasks = fields.flatMap((field) =>
      odd.map((value): JsonObject => ({ id: 'a', agent: 'b', [field]: value })),
    );
    const isPlain = (task: JsonObject): boolean =>
      (withoutPlainTasks({ tasks: [other, task] }).tasks as JsonValue[]).length === 1;
    const plain = [...tasks.filter(isPlain), {}].filter(isPlain);
    expect(plain.length).toBeGreaterThan(30);
    const isRight = (task: JsonObject): boolean =>
      workflowSchema.safeParse({ name: 'x', tasks: [task] }).success;
    expect(plain.filter((task) => !isRight(task))).toEqual([]);
  });

  it('do not hide what is wrong with others, nor move its place', () => {
    const tasks: JsonObject[] = Array.from({ length: 300 }, (_, at) => ({
      id: `t${at}`,
      agent: 'a',
    }));
    const wrong = tasks
      .with(250, { id: 't250', agent: 'a', retries: 3 })
      .with(270, { id: 't270', agent: 7 });
    const { problems } = compileWorkflow({ name: 'x', tasks: wrong });
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['workflow.unknown-field', 'tasks[250].retries'],
      ['workflow.invalid-field', 'tasks[270].agent'],
    ]);
    expect(compileWorkflow({ name: 'x', tasks }).problems).toEqual([]);
    expect(compileWorkflow({ name: 3, tasks }).problems).toHaveLength(1);
  });
});

describe('the reader of JSON', () => {
  it('takes every text without a repeated key', () => {
    const inner = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.constant('"\\":'));
    const text = fc
      .dictionary(fc.string(), fc.oneof(inner, fc.array(inner), fc.dictionary(fc.string(), inner)))
      .map((value) => JSON.stringify(value))
      .filter((json) => !json.includes('__proto__'));
    fc.assert(
      fc.property(text, (json) => {
        expect(readJson(json)?.value).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each([
    ['{"a":1,"a":1}', false],
    ['{"a":1,"\\u0061":1}', false],
    ['{"a":{"b":1},"b":{"b":1}}', true],
    ['{"a\\"":1,"a":"\\\\","b":"\\\\\\":"}', true],
    ['["a","a", "x:y", ":"]', true],
    ['{"__proto__":1}', false],
    ['{"a" \n : 1}', true],
    ['{"a":1', false],
  ])('%s: %s', (json, isTaken) => {
    expect(readJson(json) !== undefined).toBe(isTaken);
  });

  it.each([['{"a":"\\ud800"}'], ['{"a":1e999}'], [`${'['.repeat(80)}${']'.repeat(80)}`]])(
    'leaves %s to be looked at',
    (json) => {
      expect(readJson(json)?.isSound).toBe(false);
    },
  );
});
