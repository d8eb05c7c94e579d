/** What a patch is laid over: a definition in the form of a file, which compiles into the same definition. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileFormOf } from '../../../src/workflow/change/file-form.ts';
import { compileWorkflow, parseWorkflow } from '../../../src/workflow/parse.ts';
import fc from '../../support/property.ts';

const root = new URL('../../../', import.meta.url);
const files = ['workflows/', 'examples/', 'examples/patterns/'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}${name}`),
);

function again(value: unknown): unknown {
  const { definition, problems } = compileWorkflow(value);
  return definition ?? problems;
}

describe('a definition in the form of a file', () => {
  it.each(files)('%s compiles into the same definition', (file) => {
    const { definition } = parseWorkflow(readFileSync(new URL(file, root), 'utf8'));
    if (definition === undefined) return;
    expect(again(fileFormOf(definition))).toEqual(definition);
  });

  it('most of the files that come with Troupe were looked at', () => {
    const read = files.filter(
      (file) => parseWorkflow(readFileSync(new URL(file, root), 'utf8')).definition !== undefined,
    );
    expect(read.length).toBeGreaterThan(40);
  });

  it('any duration comes back to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (milliseconds) => {
        const { definition } = compileWorkflow({
          name: 'x',
          tasks: [{ id: 'a', agent: 'echo', timeout: `${milliseconds}ms` }],
        });
        if (definition === undefined) throw new Error('not valid');
        expect(again(fileFormOf(definition))).toEqual(definition);
      }),
    );
  });
});
