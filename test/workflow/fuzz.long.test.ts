/** Hostile expressions and values; hostile files are in `fuzz-files.long.test.ts`. */
import { describe, it } from 'vitest';
import { ExpressionFailed, ExpressionInvalid, ExpressionLimit } from '../../src/workflow/errors.ts';
import { compileExpression } from '../../src/workflow/expressions.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import { compileTemplate } from '../../src/workflow/templates.ts';
import fc from '../support/property.ts';
import { expressionText } from './hostile-texts.ts';
import { names, scope } from './names-and-scope.ts';

const CASES = 10_000;

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
