import { expect, it } from 'vitest';
import { endedWhenBegins } from '../../src/workflow/certain-order.ts';
import { buildGraph } from '../../src/workflow/graph.ts';
import { compileWorkflow } from '../../src/workflow/parse.ts';

const agent = (id: string, dependencies: string[] = [], trigger = 'all_success') => ({
  ...{ id, agent: 'echo', dependencies },
  ...(dependencies.length === 0 ? {} : { trigger }),
});

/** The tasks that begin only when `x` has ended. */
function after(tasks: object[]): string[] {
  const { definition } = compileWorkflow({ name: 'w', tasks: [agent('x'), agent('y'), ...tasks] });
  if (definition === undefined) throw new Error('the workflow is not valid');
  const isAfter = endedWhenBegins({ definition, graph: buildGraph(definition.tasks) }, 0);
  return definition.tasks.flatMap(({ id }, index) => (isAfter(index) ? [id] : []));
}

it.each([
  ['all_success', ['x', 'y'], true],
  ['all_done', ['x', 'y'], true],
  ['none_failed', ['x', 'y'], true],
  ['one_success', ['x', 'y'], false],
  ['one_success', ['x'], true],
  ['one_failed', ['x', 'y'], false],
  ['any', ['x', 'y'], false],
  ['any', ['x'], true],
])('a task with `%s` on %j begins after x: %j', (trigger, dependencies, isAfter) => {
  expect(after([agent('a', dependencies, trigger)])).toEqual(isAfter ? ['a'] : []);
});

it('goes on through tasks that run', () => {
  expect(after([agent('a', ['x']), agent('b', ['a']), agent('c', ['b', 'y'])])).toEqual([
    ...['a', 'b', 'c'],
  ]);
});

it('a task that is skipped early lets one with `all_done` begin early', () => {
  const tasks = [agent('a', ['x', 'y']), agent('b', ['a'], 'all_done'), agent('c', ['a'])];
  expect(after(tasks)).toEqual(['a', 'c']);
  expect(after([agent('a', ['x']), agent('b', ['a'], 'all_done')])).toEqual(['a', 'b']);
});

it('one success of two branches that both come after it comes after it', () => {
  const tasks = [agent('a', ['x']), agent('b', ['x', 'y']), agent('c', ['a', 'b'], 'one_success')];
  expect(after(tasks)).toEqual(['a', 'b', 'c']);
});
