import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { problemText, SourceLines } from '../../src/cli/render/problem-text.ts';
import { sarifLog } from '../../src/cli/render/sarif.ts';
import { ExpressionFailed, ExpressionInvalid, ExpressionLimit } from '../../src/workflow/errors.ts';
import { compileExpression } from '../../src/workflow/expressions.ts';
import { compileWorkflow, parseWorkflow } from '../../src/workflow/parse.ts';
import { problemRules } from '../../src/workflow/problem-rules.ts';
import type { Problem } from '../../src/workflow/problems.ts';
import { compileTemplate } from '../../src/workflow/templates.ts';
import fc from '../support/property.ts';
import { names, scope } from './names-and-scope.ts';

const CASES = 10_000;
/** A file takes ten times as long as an expression. */
const FILES = 6_000;
const texts = ['full-stack-feature', 'bug-fix', 'everything'].map((name) =>
  readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), 'utf8'),
);
const fixtures = [
  ...texts,
  ...texts.map((text) => JSON.stringify(parse(text, { merge: true }), null, 1)),
];

const pieces = fc.constantFrom(
  ...(
    'a my-task 2nd loop inputs variables run item file nope . .. ( ) [ ] { } , : ? + - * / % == != < >= && || ! in ' +
    'output status list n map( filter( default( has( glob( join( range( sort( x, "a" \'b\' r" """ \\ 0 1.5 1e9 0x1 1u true null ' +
    '${ } $ fn:uppercase( // é \ud800 __proto__ constructor'
  ).split(' '),
  '\n',
  ' ',
);
const expressionText = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(''));

/** Every place is inside the text, every code has a rule, and people and programs can be shown it. */
function showAll(source: string, problems: readonly Problem[]): void {
  const lines = new SourceLines(source);
  const lengths = source.replace(/^\uFEFF/, '').split('\n');
  for (const problem of problems) {
    expect(Object.keys(problemRules)).toContain(problem.code);
    const { line, column, endColumn } = problem;
    const length = lengths[line - 1]?.length ?? (line === 0 ? 0 : Number.NaN);
    expect(column - 1, JSON.stringify({ source, problem })).toBeLessThanOrEqual(length);
    expect(endColumn - 1).toBeLessThanOrEqual(length);
    expect(endColumn).toBeGreaterThanOrEqual(column);
    const shown = problemText(problem, lines, { hasColor: false });
    expect(shown.replaceAll('\n', '')).not.toMatch(/(?!\t)\p{Cc}|\p{Cs}/u);
  }
  const files = [{ file: 'x.yaml', problems, lines }];
  JSON.stringify(sarifLog({ version: '1.0.0', workingDirectory: '/', files }));
}

function evaluateQuietly(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    const isTyped =
      error instanceof ExpressionInvalid ||
      error instanceof ExpressionFailed ||
      error instanceof ExpressionLimit;
    if (!isTyped) throw error;
  }
}

describe('hostile texts', () => {
  it('make expressions and templates fail by named errors only', () => {
    const text = fc.oneof(expressionText, fc.string({ unit: 'binary', maxLength: 40 }));
    fc.assert(
      fc.property(text, (source) => {
        evaluateQuietly(() => compileExpression(source, names).evaluate(scope));
        evaluateQuietly(() => compileTemplate({ v: `x \${${source}} y` }, names).render(scope));
      }),
      { numRuns: CASES },
    );
  });

  it('make workflow files fail by problems only', () => {
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
    fc.assert(
      fc.property(mutated, (source) => {
        const { definition, problems } = parseWorkflow(source);
        expect(definition === undefined).toBe(
          problems.some(({ severity }) => severity === 'error'),
        );
        showAll(source, problems);
      }),
      { numRuns: FILES },
    );
  }, 240_000);

  it('make values fail by problems only', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (value) => {
          compileWorkflow(value);
          compileWorkflow({
            name: 'x',
            tasks: [{ id: 'a', agent: 'echo', parameters: value, retry: value, trigger: value }],
          });
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
