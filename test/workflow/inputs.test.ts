import { describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/workflow/inputs.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';

function declared(inputs: JsonObject) {
  return compileWorkflow({ name: 'x', inputs, tasks: [{ id: 'a', agent: 'echo' }] });
}

function resolve(inputs: JsonObject, given: JsonObject) {
  const { definition, problems } = declared(inputs);
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return resolveInputs(definition, given);
}

describe('resolveInputs', () => {
  it('fills in defaults and leaves out what is optional and not given', () => {
    const inputs = {
      path: { type: 'string', default: '.' },
      depth: { type: 'integer' },
      tag: { required: false },
    };
    expect(resolve(inputs, { depth: 2 })).toEqual({ inputs: { path: '.', depth: 2 } });
  });

  it('reports everything at once', () => {
    const inputs = { name: {}, depth: { type: 'integer' }, mode: { enum: ['fast', 'slow'] } };
    const { problems } = resolve(inputs, { depth: 1.5, mode: 'fats', nmae: 'x' });
    expect(problems?.map(({ code, hint }) => [code, hint])).toEqual([
      ['input.missing', 'Give `name`: a string.'],
      ['input.type', 'Give `depth`: an integer.'],
      ['input.enum', 'Allowed: "fast", "slow".'],
      ['input.unknown', 'Did you mean `name`?'],
    ]);
  });

  it.each<[string, JsonValue, boolean]>([
    ['number', 1.5, true],
    ['integer', '1', false],
    ['boolean', true, true],
    ['array', [1], true],
    ['array', { length: 1 }, false],
    ['object', { a: 1 }, true],
    ['object', [1], false],
    ['object', null, false],
    ['any', null, true],
  ])('a %s may be %j: %s', (type, value, isFine) => {
    expect(resolve({ v: { type } }, { v: value }).problems === undefined).toBe(isFine);
  });

  it('refuses a declaration whose default is of another type', () => {
    expect(
      declared({ n: { type: 'number', default: '1' } }).problems.map(({ code }) => code),
    ).toEqual(['input.type']);
  });
});
