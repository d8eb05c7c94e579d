/** What cannot be built is measured before it is, and a run fails by name. What work costs: `expression-cost.long.test.ts`. */
import { describe, expect, it } from 'vitest';
import type { RunAggregate } from '../../src/machines/run/aggregate.ts';
import { evaluate as evaluateInRun } from '../../src/machines/run/scope.ts';
import { leastJsonLength } from '../../src/workflow/operators.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { PureRun } from '../machines/pure-run.ts';

const BIG = 'x'.repeat(1_600_000);

describe('the least length of a JSON text', () => {
  it.each<[JsonValue]>([
    [null],
    [true],
    [0],
    [-12],
    [1234],
    ['ab'],
    [[]],
    [{}],
    [[1, [2], 'c']],
    [{ a: 1, b: {} }],
  ])('of %j is its length', (value) => {
    const written = JSON.stringify(value).length;
    expect(leastJsonLength(value, 1_000)).toBe(written);
  });

  it('is never above its length', () => {
    const values: JsonValue = [1e21, 0.1, -0.5, 1e-7, 123_456_789.25, 'é"\n', { 'k"': '\u0001' }];
    for (const value of values)
      expect(leastJsonLength(value, 1_000)).toBeLessThanOrEqual(JSON.stringify(value).length);
  });

  it('stops once it is over the limit', () => {
    expect(leastJsonLength([BIG, BIG, BIG, BIG], 10)).toBeLessThan(2 * BIG.length);
  });
});

describe('a run', () => {
  const parameters = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, '${a.output.big}']));
  const runWith = (task: Record<string, JsonValue>) => {
    const run = new PureRun({
      name: 'w',
      tasks: [
        { id: 'a', agent: 'echo' },
        { id: 'b', agent: 'echo', dependencies: ['a'], ...task },
      ],
    });
    run.succeed('a', { big: BIG });
    return run;
  };
  const errorOf = (run: PureRun) => run.run.activations.get('b')?.error;

  it('fails a task whose parameters are too large together; a text counts each time it is named', () => {
    expect(errorOf(runWith({ parameters: parameters(60) }))).toMatchObject({
      code: 'payload.too-large',
      retryable: false,
    });
    expect(errorOf(runWith({ parameters: parameters(400) }))?.code).toBe('payload.too-large');
  });

  it('starts a task whose parameters fit', () => {
    expect(runWith({ parameters: parameters(40) }).statuses().b).toBe('running');
  });

  it('fails a `foreach` over more than a value may hold', () => {
    const run = runWith({ foreach: '${range(600).map(i, a.output.big)}' });
    expect(errorOf(run)?.code).toBe('payload.too-large');
  });

  it('fails a task whose text is too long by the limit of expressions', () => {
    const run = runWith({ parameters: { h: '${hash(range(600).map(i, a.output.big))}' } });
    expect(errorOf(run)?.code).toBe('expression.limit');
  });

  it('takes a text that the engine refuses for a failure, and every other RangeError for a defect', () => {
    const run = {} as RunAggregate;
    expect(evaluateInRun(run, undefined, () => 'x'.repeat(2 ** 28).repeat(4))).toMatchObject({
      kind: 'failed',
      failure: { code: 'expression.limit', retryable: false },
    });
    const defect = (): JsonValue => {
      throw new RangeError('a loop without a body');
    };
    expect(() => evaluateInRun(run, undefined, defect)).toThrow(RangeError);
  });
});
