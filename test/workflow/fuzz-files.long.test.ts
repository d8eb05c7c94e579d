/** Files that were damaged at random: they become a workflow or problems, and every problem can be shown. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { problemText, SourceLines } from '../../src/cli/render/problem-text.ts';
import { sarifLog } from '../../src/cli/render/sarif.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { problemRules } from '../../src/workflow/problem-rules.ts';
import type { Problem } from '../../src/workflow/problems.ts';
import fc from '../support/property.ts';
import { expressionText, pieces } from './hostile-texts.ts';

const FILES = 10_000;
const texts = ['full-stack-feature', 'bug-fix', 'everything'].map((name) =>
  readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), 'utf8'),
);
const fixtures = [
  ...texts,
  ...texts.map((text) => JSON.stringify(parse(text, { merge: true }), null, 1)),
];
const codes = new Set(Object.keys(problemRules));
const CONTROL = /(?!\t)\p{Cc}|\p{Cs}/u;

/** Every place is inside the text, every code has a rule, and people and programs can be shown it. */
function showAll(source: string, problems: readonly Problem[]): void {
  const lines = new SourceLines(source);
  const lengths = source.replace(/^\uFEFF/, '').split('\n');
  for (const problem of problems) {
    const { code, line, column, endColumn } = problem;
    const length = lengths[line - 1]?.length ?? (line === 0 ? 0 : Number.NaN);
    const isInside = column - 1 <= length && endColumn - 1 <= length && endColumn >= column;
    const shown = problemText(problem, lines, { hasColor: false });
    const isShown = !CONTROL.test(shown.replaceAll('\n', ''));
    // Compared at once: some hundred thousand problems are looked at.
    if (codes.has(code) && isInside && isShown) continue;
    throw new Error(JSON.stringify({ source, problem, shown, isInside, isShown }));
  }
  const files = [{ file: 'x.yaml', problems, lines }];
  JSON.stringify(sarifLog({ version: '1.0.0', workingDirectory: '/', files }));
}

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(30),
  insert: fc.oneof(
    pieces,
    expressionText,
    fc.constantFrom('\n  ', '- ', ': ', '&x ', '*x', '<<: *x', '|', '\t', '!!', '[[', '"'),
  ),
});
const mutated = fc
  .tuple(fc.constantFrom(...fixtures), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([source, edits]) =>
    edits.reduce((text, { at, remove, insert }) => {
      const from = Math.floor(at * text.length);
      return text.slice(0, from) + insert + text.slice(from + remove);
    }, source),
  );

it('hostile texts make workflow files fail by problems only', () => {
  fc.assert(
    fc.property(mutated, (source) => {
      const { definition, problems } = parseWorkflow(source);
      expect(definition === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
      showAll(source, problems);
    }),
    { numRuns: FILES },
  );
}, 240_000);
