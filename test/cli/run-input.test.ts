import { expect, it } from 'vitest';
import { readInputs } from '../../src/cli/run-input.ts';

it('says what is wrong with an input that has no name or no value', () => {
  const read = (pair: string) => () => readInputs({ pairs: [pair] });
  expect(read('name')).toThrow('--input name has no "="');
  expect(read('=x')).toThrow('--input =x names no input');
  expect(read('__proto__=1')).toThrow('--input __proto__=1 names no input');
  expect(read('a=b=c')()).toEqual({ a: 'b=c' });
});
