/** Definitions that ask for much work are answered in time: texts that never close, names that nobody has. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import { compileTemplate, unwrapped } from '../../src/workflow/templates.ts';
import { costOf, unitCost } from '../support/cost.ts';
import { names, scope } from './names-and-scope.ts';

/** Of the floor: some three seconds on the reference machine. Far above what it takes, far below what it took. */
const PATIENCE = 60;

function inTime(work: () => void): void {
  const cost = costOf(work);
  expect(cost / unitCost(), `${Math.round(cost)} ms`).toBeLessThan(PATIENCE);
}

describe('a text with `${`', () => {
  it('that is never closed is refused in one pass', () => {
    const source = `\${ ${'\\"'.repeat(60_000)}`;
    inTime(() => expect(() => compileTemplate(source, names)).toThrow('not closed'));
  });

  it('may hold a quote that is never closed', () => {
    const { problem } = refusal(() => compileTemplate('${ a.output.n \' } and "', names));
    expect(problem).toBe('expression.syntax');
  });

  it.each([
    ['${a.output.n}', 'a.output.n'],
    ['${a.output.text == "}"}', 'a.output.text == "}"'],
    ['${size({"k": 1}) > 0}', 'size({"k": 1}) > 0'],
    ['${a.output.n} and ${a.output.n}', undefined],
    ['${a.output.n', undefined],
    ['a.output.n', undefined],
  ])('%s as a whole is %j', (source, inside) => {
    expect(unwrapped(source)).toBe(inside);
  });

  it('in a list gives its value, also null', () => {
    const template = compileTemplate(['${a.output.none}', 'text', '${a.output.n}'], names);
    expect(template.render(scope)).toEqual([null, 'text', 3]);
  });
});

function refusal(work: () => unknown): { problem?: unknown } {
  try {
    work();
  } catch (error) {
    return error as { problem?: unknown };
  }
  throw new Error('nothing was refused');
}

describe('names that nobody has', () => {
  /** Many long names that are alike: the worst case for a comparison. */
  const ids = Array.from({ length: 2_000 }, (_, index) => `${'ab'.repeat(30)}${1_000 + index}`);
  const tasks = ids.map((id) => ({ id, agent: 'echo' }));

  it('are refused in time as dependencies', () => {
    const dependencies = Array.from({ length: 5_000 }, (_, index) => `${'ba'.repeat(30)}x${index}`);
    const workflow = { name: 'w', tasks: [...tasks, { id: 'last', agent: 'echo', dependencies }] };
    inTime(() => {
      const { problems } = compileWorkflow(workflow, { agents: ['echo'] });
      expect(problems.some(({ code }) => code === 'workflow.missing-dependency')).toBe(true);
    });
  });

  it('are refused in time in expressions, and the first with a suggestion', () => {
    const parameters = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [
        `p${index}`,
        `\${${'ab'.repeat(30)}zz${index}}`,
      ]),
    );
    const workflow = {
      name: 'w',
      inputs: { there: { type: 'any' } },
      tasks: [...tasks, { id: 'last', agent: 'echo', parameters }],
    };
    inTime(() => {
      const { problems } = compileWorkflow(workflow as never, { agents: ['echo'] });
      expect(
        problems.filter(({ code }) => code === 'expression.unknown-name').length,
      ).toBeGreaterThan(100);
    });
  });
});
