import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';

const spec = {
  command: 'run',
  words: ['file', '[other]'],
  options: {
    json: { type: 'boolean', description: '' },
    input: { type: 'string', short: 'i', multiple: true, description: '' },
    limit: { type: 'string', description: '' },
  },
} as const;
const parse = (...argv: string[]) => parseArguments(argv, spec);
const failure = (...argv: string[]) => {
  try {
    parse(...argv);
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  throw new Error('nothing was thrown');
};

describe('arguments', () => {
  it('keeps words, flags, and every value of a repeatable option in order', () => {
    const given = parse('flow.yaml', '-i', 'a=1', '--json', '--input=b=2');
    expect(given.words).toEqual(['flow.yaml']);
    expect(given.flag('json')).toBe(true);
    expect(given.list('input')).toEqual(['a=1', 'b=2']);
  });

  it('takes the last value of an option that is given twice', () => {
    expect(parse('x', '--limit', '1', '--limit', '2').text('limit')).toBe('2');
  });

  it('takes what follows -- as words', () => {
    expect(parse('--', '--json').words).toEqual(['--json']);
  });

  it('suggests the option that was meant', () => {
    expect(failure('x', '--jsno')).toMatchObject({
      code: 'cli.usage',
      hint: 'Did you mean `--json`?',
    });
  });

  it.each([
    [['x', '--limit']],
    [['x', '--limit', '--json']],
    [['x', '--json=yes']],
    [[]],
    [['a', 'b', 'c']],
    [['x', '--constructor']],
  ])('refuses %j as a usage error', (argv) => {
    expect(failure(...argv).code).toBe('cli.usage');
  });

  it('asks for no words when help is wanted', () => {
    expect(
      parseArguments(['--help'], {
        ...spec,
        options: { help: { type: 'boolean', description: '' } },
      }).flag('help'),
    ).toBe(true);
  });

  it.each(['-1', '1.5', 'x', ''])('refuses --limit=%s where a whole number is needed', (text) => {
    expect(() => parse('x', `--limit=${text}`).whole('limit')).toThrow(/whole number/);
  });
});
