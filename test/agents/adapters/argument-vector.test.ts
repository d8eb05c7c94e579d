import { describe, expect, it } from 'vitest';
import { splitCommand } from '../../../src/agents/adapters/argument-vector.ts';
import fc from '../../support/property.ts';

describe('splitCommand', () => {
  it.each([
    ['git status', ['git', 'status']],
    ['  a \t b\n c  ', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a b'c d'"e f"g`, ['a', 'bc de fg']],
    [`'' ""`, ['', '']],
    [String.raw`a\ b \'c \\`, ['a b', `'c`, '\\']],
    [String.raw`"a \"b\" \\ \n"`, [String.raw`a "b" \ \n`]],
    [String.raw`'a \ b'`, [String.raw`a \ b`]],
    ['echo $HOME *.ts ~ | > &', ['echo', '$HOME', '*.ts', '~', '|', '>', '&']],
  ])('splits %j', (command, vector) => {
    expect(splitCommand(command)).toEqual(vector);
  });
  it.each(['', '   ', `'a`, `a "b`, 'a\\', `a'b`])('refuses %j', (command) => {
    expect(() => splitCommand(command)).toThrow(
      expect.objectContaining({ code: 'agent.invalid-parameters' }),
    );
  });
  it('gives back every vector that is written with single quotes', () => {
    const argument = fc.string({ unit: 'binary' }).filter((text) => !text.includes(`'`));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1 }), (vector) => {
        expect(splitCommand(vector.map((text) => `'${text}'`).join(' '))).toEqual(vector);
      }),
    );
  });
});
