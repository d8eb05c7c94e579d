import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readInputs, readTarget } from '../../src/cli/run-input.ts';

it('says what is wrong with an input that has no name or no value', () => {
  const read = (pair: string) => () => readInputs({ pairs: [pair] });
  expect(read('name')).toThrow('--input name has no "="');
  expect(read('=x')).toThrow('--input =x names no input');
  expect(read('__proto__=1')).toThrow('--input __proto__=1 names no input');
  expect(read('a=b=c')()).toEqual({ a: 'b=c' });
});

it('sends what a large file says in place of its text', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'troupe-run-input-'));
  try {
    const file = join(directory, 'large.yaml');
    const tasks = Array.from(
      { length: 1_000 },
      (_, number) => `- { id: t${number}, agent: echo }\n`,
    );
    writeFileSync(file, `name: large\ntasks:\n${tasks.join('')}`);
    const target = await readTarget(file, directory);
    expect(target).toMatchObject({ workflow: { name: 'large', tasks: { length: 1_000 } } });
    writeFileSync(file, `name: small\ntasks:\n${tasks[0]}`);
    expect(await readTarget(file, directory)).toMatchObject({
      workflow: expect.stringContaining('name: small'),
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
