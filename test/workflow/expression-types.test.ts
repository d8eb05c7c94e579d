/** What is certain of an expression before a run: its constant, its type, and the problems that follow from them. */

import { describe, expect, it } from 'vitest';
import { ExpressionFailed, ExpressionInvalid, ExpressionLimit } from '../../src/workflow/errors.ts';
import { compileExpression } from '../../src/workflow/expressions.ts';
import { typeName } from '../../src/workflow/operators.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { names, scope } from './names-and-scope.ts';

function problems(task: JsonObject, rest: JsonObject = {}) {
  const isWait = task.wait !== undefined;
  return compileWorkflow({
    name: 'w',
    ...rest,
    tasks: [
      { id: 'a', agent: 'echo' },
      { id: 'b', ...(isWait ? {} : { agent: 'echo' }), dependencies: ['a'], ...task },
    ],
  }).problems.filter(({ severity }) => severity === 'error');
}

describe('what can only fail at run time is a problem of the definition', () => {
  it.each<[JsonObject, string]>([
    [{ condition: '1' }, 'tasks[1].condition'],
    [{ condition: '"yes"' }, 'tasks[1].condition'],
    [{ condition: '${null}' }, 'tasks[1].condition'],
    [{ condition: 'size([1])' }, 'tasks[1].condition'],
    [{ condition: 'a.output.list.size()' }, 'tasks[1].condition'],
    [{ condition: 'a.output.n + 1' }, 'tasks[1].condition'],
    [{ condition: '["x", a.output]' }, 'tasks[1].condition'],
    [{ condition: 'a.output.n > 1 ? "yes" : "no"' }, 'tasks[1].condition'],
    [{ foreach: '${1}' }, 'tasks[1].foreach'],
    [{ foreach: 'a ${1}' }, 'tasks[1].foreach'],
    [{ foreach: '${a.output.list} ' }, 'tasks[1].foreach'],
    [{ foreach: '${a.output.n == 1}' }, 'tasks[1].foreach'],
    [{ foreach: '${size(a.output)}' }, 'tasks[1].foreach'],
    [{ wait: { timer: '${"abc"}' } }, 'tasks[1].wait.timer'],
    [{ wait: { timer: '${-1}' } }, 'tasks[1].wait.timer'],
    [{ wait: { timer: '${a.output.n > 1}' } }, 'tasks[1].wait.timer'],
    [{ wait: { timer: '${[1]}' } }, 'tasks[1].wait.timer'],
  ])('%j', (task, path) => {
    expect(problems(task)).toMatchObject([{ code: 'expression.type', path }]);
  });

  it('says what is wanted and what was found', () => {
    expect(problems({ condition: 'size([1])' })[0]).toMatchObject({
      message: 'a condition is true or false, not a number',
      hint: 'Compare it: `x == 1`, `x.size() > 0`.',
      text: 'size([1])',
    });
    expect(problems({ wait: { timer: '${"abc"}' } })[0]?.message).toMatch(/"5m", not "abc"$/);
  });

  it('reports a wrong expression once', () => {
    expect(problems({ foreach: '${nope +}' })).toMatchObject([{ code: 'expression.syntax' }]);
  });
});

describe('what may be right at run time is none', () => {
  it.each<[JsonObject]>([
    [{ condition: 'true' }],
    [{ condition: 'a.output' }],
    [{ condition: 'a.output.n + a.output.n == 1' }],
    [{ condition: '1 > 2 || a.output.ready' }],
    [{ condition: 'default(a.output.ready, false)' }],
    [{ condition: 'a.output.n > 1 ? a.output.ready : "no"' }],
    [{ condition: 'has(a.output.x) && a.output.list.all(x, x > 1)' }],
    [{ foreach: '${a.output + a.output}' }],
    [{ foreach: '${a.output.list.map(x, x)}' }],
    [{ foreach: '${[1, 2]}' }],
    [{ foreach: '${range(3)}' }],
    [{ foreach: ['${1}', 2] }],
    [{ wait: { timer: '${1.5}' } }],
    [{ wait: { timer: '${"5m"}' } }],
    [{ wait: { timer: '${a.output.n}s' } }],
    [{ wait: { timer: '${a.output.n * 2}' } }],
  ])('%j', (task) => expect(problems(task)).toEqual([]));

  it('believes no function that a program has put in the place of ours', () => {
    const size = { minimum: 1, maximum: 1, run: () => true };
    const table = { ...names, functions: new Map([...names.functions, ['size', size]]) };
    expect(compileExpression('size([1])', table).type).toBeUndefined();
    expect(compileExpression('size([1])', names).type).toBe('number');
  });

  it('is right about every expression that has a value', () => {
    const piece = fc.constantFrom(
      ...'a.output.n a.output.list a.output.text 1 0.5 "x" true null [1] {"k":1} + - * / == < in && || ! ? : ( ) size( string( .size() .map(x,x) default( , range(2)'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), (parts) => {
        const source = parts.join(' ');
        try {
          const compiled = compileExpression(source, names);
          const value = compiled.evaluate(scope);
          if (compiled.type !== undefined) expect(typeName(value)).toBe(compiled.type);
          if (compiled.constant !== undefined) expect(value).toStrictEqual(compiled.constant);
        } catch (error) {
          const isTyped =
            error instanceof ExpressionInvalid ||
            error instanceof ExpressionFailed ||
            error instanceof ExpressionLimit;
          if (!isTyped) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('the name `__proto__`', () => {
  it.each([
    '${__proto__}',
    '${inputs.__proto__}',
    '${default(__proto__, 1)}',
    '${[1].map(__proto__, __proto__)}',
  ])('is refused in %s, and no definition gets another prototype', (expression) => {
    expect(problems({ parameters: { p: expression } })).toMatchObject([
      { code: 'expression.unknown-name', message: '`__proto__` cannot be a name' },
    ]);
  });

  it('leaves the inputs of a definition as they are', () => {
    const { definition } = compileWorkflow({
      name: 'w',
      tasks: [{ id: 'a', agent: 'echo', parameters: { p: '${free}' } }],
    });
    expect(Object.keys(definition?.inputs ?? {})).toEqual(['free']);
    expect(Object.getPrototypeOf(definition?.inputs)).toBe(Object.prototype);
  });
});
