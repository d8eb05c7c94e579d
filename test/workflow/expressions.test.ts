import { describe, expect, it } from 'vitest';
import { ExpressionFailed, ExpressionInvalid } from '../../src/workflow/errors.ts';
import { compileExpression, conditionHolds } from '../../src/workflow/expressions.ts';
import { compileTemplate } from '../../src/workflow/templates.ts';
import { evaluate, names, outputOfA, scope, scopeOf } from './names-and-scope.ts';

describe('numbers are one type', () => {
  it.each([
    ['a.output.n + 1', 4],
    ['1 + a.output.half', 1.5],
    ['7 / 2', 3.5],
    ['6 / 2', 3],
    ['a.output.n / 2', 1.5],
    ['7 % 4', 3],
    ['a.output.n == 3 && a.output.n > 2.5 && 3.5 > a.output.n', true],
    ['a.output.list[a.output.n - 1]', 3],
    ['a.output.list.size() / 2', 1.5],
    ['-a.output.n', -3],
    ['"n: " + string(6 / 2)', 'n: 3'],
  ])('%s is %j', (source, value) => {
    expect(evaluate(source)).toStrictEqual(value);
  });

  it.each(['7.5 % 2', 'a.output.n % 0.5', 'a.output.list[0.5]', '1 / 0', '5 % 0'])(
    '%s fails by name',
    (source) => {
      expect(() => evaluate(source)).toThrow(
        source.startsWith('a.') ? ExpressionFailed : ExpressionInvalid,
      );
    },
  );
});

describe('names', () => {
  it.each([
    ['my-task.output', 'output of my-task'],
    ['my-task.output + my.output', 'output of my-taskoutput of my'],
    ['2nd.output', 'output of 2nd'],
    ['loop.output', 'output of loop'],
    ['import.status', 'success'],
    ['package.attempts', 1],
    ['list.output', 'output of list'],
    ['map.output', 'output of map'],
    ['type.output', 'output of type'],
    ['string.output', 'output of string'],
    ['run.id', 'run_1'],
    ['run.status', 'success'],
    ['inputs.max-depth', 4],
    ['max-depth - 1', 3],
    ['feature_name', 'search'],
    ['threshold', 10],
    ['variables.both + inputs.both', 3],
    ['file == item', true],
    ['index', 1],
    ['a.error == null', true],
  ])('%s is %j', (source, value) => {
    expect(evaluate(source)).toStrictEqual(value);
  });

  it('refuses a direct name that is an input and a variable', () => {
    expect(() => evaluate('both')).toThrow(/ambiguous/);
  });

  it('suggests the name that was meant, with its place', () => {
    const thrown = refusal('1 + my-task.outptu');
    expect(thrown).toMatchObject({
      problem: 'expression.unknown-name',
      offset: 12,
      length: 6,
      suggestion: 'output',
      hint: 'Did you mean `output`?',
    });
  });

  it('keeps places right behind a name that CEL cannot read', () => {
    expect(refusal('my-task.output + nope').offset).toBe(17);
  });

  it('lists what it reads and asks for nothing else', () => {
    const expression = compileExpression(
      'a.status == "success" && size(a.output.list) > inputs.max-depth',
      names,
    );
    expect(expression.references).toMatchObject([
      { kind: 'task', id: 'a', fields: ['status', 'output'] },
      { kind: 'input', name: 'max-depth' },
    ]);
    const asked: string[] = [];
    const reading = scopeOf((id) => {
      asked.push(id);
      return {
        status: 'failed',
        get output(): never {
          throw new Error('the output was touched');
        },
        attempts: 1,
        duration: 0,
      };
    });
    expect(expression.evaluate(reading)).toBe(false);
    expect(asked).toEqual(['a']);
  });
});

function refusal(source: string): ExpressionInvalid {
  try {
    compileExpression(source, names);
  } catch (error) {
    if (error instanceof ExpressionInvalid) return error;
    throw error;
  }
  throw new Error(`${source} was accepted`);
}

describe('the original forms', () => {
  it.each([
    ['${a.output}', outputOfA],
    ['${fn:uppercase(a.output.text)}', 'HI'],
    ["${my-task.status == 'success' ? 'yes' : 'no'}", 'yes'],
    ['n=${a.output.n}, half=${a.output.half}', 'n=3, half=0.5'],
    ['${a.output.list} of ${inputs.path}', '[1,2,3] of src'],
    ['$${HOME} is ${path}', '${HOME} is src'],
    ['${ {"a": "}"}.a }', '}'],
    ['plain', 'plain'],
  ])('%s renders %j', (template, value) => {
    expect(compileTemplate(template, names).render(scope)).toStrictEqual(value);
  });

  it('renders inside lists and maps and shares what is constant', () => {
    const constant = { deep: [1, 2] };
    const template = compileTemplate({ constant, changed: ['${item}', 1] }, names);
    const rendered = template.render(scope) as { constant: unknown; changed: unknown };
    expect(rendered).toEqual({ constant, changed: ['src/a.ts', 1] });
    expect(rendered.constant).toBe(constant);
    expect(compileTemplate(constant, names).constant).toBe(true);
  });
});

// Length: one table.
describe('functions', () => {
  it.each([
    ['uppercase("aß")', 'ASS'],
    ['"ABC".lowercase()', 'abc'],
    ['trim("  x ")', 'x'],
    ['"a.b.c".replace(".", "-")', 'a-b-c'],
    ['split("a,b", ",")', ['a', 'b']],
    ['["a", 1, null].join("-")', 'a-1-null'],
    ['truncate("abcdef", 4, "..")', 'ab..'],
    ['json({"a": [1, null]})', '{"a":[1,null]}'],
    ['parseJson("{\\"a\\": 1}").a', 1],
    ['size("é😀")', 2],
    ['size({"a": 1})', 1],
    ['a.output.list.map(x, x * 2)', [2, 4, 6]],
    ['map(a.output.list, x, x > 1, x * 2)', [4, 6]],
    ['a.output.list.filter(x, x != 2)', [1, 3]],
    ['[[1], [2, [3]], 4].flatten()', [1, 2, [3], 4]],
    ['unique([1, "1", {"a": 1}, {"a": 1}, 1])', [1, '1', { a: 1 }]],
    ['sort([10, 9, 1])', [1, 9, 10]],
    ['[{"n": 2}, {"n": 1}].sort("n").map(x, x.n)', [1, 2]],
    ['range(3)', [0, 1, 2]],
    ['range(2, 4)', [2, 3]],
    ['default(a.output.absent, 7)', 7],
    ['default(a.output.absent.deeper, 7)', 7],
    ['default(a.output.none, 7)', 7],
    ['a.output.none', null],
    ['a.output.none == null', true],
    ['default(nowhere, 7)', 7],
    ['default(a.output.absent + 1, 7)', 7],
    ['has(a.output.n) && !has(a.output.absent)', true],
    ['hash({"b": 1, "a": 2}) == hash({"a": 2, "b": 1})', true],
    ['basename("src/x/y.ts")', 'y.ts'],
    ['dirname("src/x/y.ts")', 'src/x'],
    ['glob("src/x/y.ts", "src/**/*.{ts,js}")', true],
    ['glob("src/x/y.ts", "src/*.ts")', false],
    ['glob(a.output.files, "**/*.ts")', ['src/a.ts']],
    ['[1, "a", null, [2]]', [1, 'a', null, [2]]],
    ['a.status == "failed" ? 1 : "one"', 'one'],
    ['2 in a.output.list && "n" in a.output', true],
    ['a.output.list.all(x, x > 0) && a.output.list.exists(x, x == 3)', true],
    ['a.output.absent == 1 || a.output.n == 3', true],
  ])('%s is %j', (source, value) => {
    expect(evaluate(source)).toStrictEqual(value);
  });

  it('takes functions of the program', () => {
    const twice = {
      minimum: 1,
      maximum: 1,
      run: ([value]: readonly unknown[]) => Number(value) * 2,
    };
    const table = { ...names, functions: new Map([...names.functions, ['twice', twice]]) };
    expect(compileExpression('a.output.n.twice()', table).evaluate(scope)).toBe(6);
  });
});

describe('failures', () => {
  it('names the expression that failed', () => {
    expect(() => evaluate('a.output.absent')).toThrow(/`absent` is not there in `a.output.absent`/);
  });

  it('says why a task has no output', () => {
    const skipped = scopeOf(() => ({ status: 'skipped', attempts: 0, duration: 0 }));
    const expression = compileExpression('my-task.output.n', names);
    expect(() => expression.evaluate(skipped)).toThrow(
      /`my-task.output` is not there because the task is skipped/,
    );
    expect(compileExpression('default(my-task.output, 1)', names).evaluate(skipped)).toBe(1);
  });

  it('finds wrong types of constants, unknown functions and syntax before a run', () => {
    expect(refusal('"a" - 1').problem).toBe('expression.type');
    expect(refusal('uppercas("a")').hint).toBe('Did you mean `uppercase`?');
    expect(refusal('a.output.n &&').problem).toBe('expression.syntax');
    expect(refusal('uppercase()').problem).toBe('expression.arity');
  });

  it('refuses a condition that is neither true nor false', () => {
    expect(() => conditionHolds(compileExpression('a.output.n', names), scope)).toThrow(
      ExpressionFailed,
    );
  });
});
