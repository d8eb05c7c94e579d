/** The typed builder: every pattern in TypeScript is what its file is, and names that do not exist do not compile. */
import { describe, expect, it } from 'vitest';
import * as choices from '../../examples/patterns/choices.ts';
import * as control from '../../examples/patterns/control.ts';
import * as instances from '../../examples/patterns/instances.ts';
import * as joins from '../../examples/patterns/joins.ts';
import * as states from '../../examples/patterns/states.ts';
import { defineWorkflow } from '../../src/workflow/define.ts';
import type { WorkflowDefinition } from '../../src/workflow/definition.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { patterns, textOf } from './patterns.ts';

const defined = new Map<string, WorkflowDefinition>(
  [control, choices, joins, instances, states].flatMap((group) =>
    Object.values(group).map((definition): [string, WorkflowDefinition] => [
      definition.name,
      definition,
    ]),
  ),
);

it.each(patterns)('$id $title: the file and the builder give the same definition', (pattern) => {
  const { definition, problems } = parseWorkflow(textOf(pattern), { file: pattern.file });
  expect(problems).toEqual([]);
  expect(definition).toBeDefined();
  expect(defined.get(definition?.name ?? '')).toEqual(definition);
});

it('holds the patterns and nothing else', () => {
  expect(defined.size).toBe(patterns.length);
  expect(patterns.every(({ file }) => defined.has(file.slice('p01-'.length)))).toBe(true);
});

describe('what names something that does not exist does not compile, and is refused at run time', () => {
  const pass = true as const;
  const shared = {
    name: 'typed',
    tasks: [
      { id: 'a', pass },
      { id: 'b', pass },
    ],
  } as const;

  it('an edge', () => {
    expect(() =>
      defineWorkflow({
        ...shared,
        // @ts-expect-error No task has this id.
        edges: [{ from: 'a', to: 'z' }],
      }),
    ).toThrow('not valid');
  });

  it('a start', () => {
    expect(() =>
      defineWorkflow({
        ...shared,
        // @ts-expect-error No task has this id.
        start: 'z',
      }),
    ).toThrow('not valid');
  });

  it('what is canceled', () => {
    expect(() =>
      defineWorkflow({
        name: 'typed',
        tasks: [
          { id: 'a', pass, region: 'search' },
          // @ts-expect-error Neither a task nor a region.
          { id: 'b', pass, cancel: ['serach'] },
        ],
      }),
    ).toThrow('not valid');
  });

  it('what is completed, and the end of a milestone', () => {
    expect(() =>
      defineWorkflow({
        name: 'typed',
        tasks: [
          { id: 'a', agent: 'echo', foreach: { feed: 'more' } },
          // @ts-expect-error No task has these ids.
          { id: 'b', pass, complete: ['z'], milestone: { until: 'y' } },
        ],
      }),
    ).toThrow('not valid');
  });

  it('regions that are named do', () => {
    const { tasks } = defineWorkflow({
      name: 'typed',
      regions: { search: { mutex: 'disk' } },
      tasks: [
        { id: 'a', pass, region: 'search' },
        { id: 'b', agent: 'echo', foreach: { feed: 'more', items: [1] } },
        { id: 'c', pass, cancel: ['search', 'b'] },
      ],
    });
    expect(tasks.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});
