/** Runs that start other runs. */
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Scenario } from './scenarios.ts';
import { after, agent, failing } from './simulated-tasks.ts';

const child = (tasks: JsonObject[], rest: JsonObject = {}): JsonObject => ({
  name: 'child',
  tasks,
  ...rest,
});

/** Scenarios in which one run starts others. */
export const childScenarios: Scenario[] = [
  {
    name: 'child',
    workflow: {
      tasks: [
        agent('a', { gives: 20 }),
        { id: 'c', workflow: 'double', dependencies: ['a'], parameters: { n: '${a.output + 1}' } },
        agent('b', { gives: '${c.output.twice}' }, after('c')),
      ],
      outputs: { b: '${b.output}' },
      workflows: {
        double: child([agent('work', { gives: '${inputs.n * 2}', ms: 20 })], {
          inputs: { n: { type: 'integer' } },
          outputs: { twice: '${work.output}' },
        }),
      },
    },
  },
  {
    name: 'children of a foreach',
    workflow: {
      settings: { max_parallel: 2 },
      tasks: [{ id: 'each', workflow: 'one', foreach: [1, 2, 3], parameters: { n: '${item}' } }],
      outputs: { all: '${each.output}' },
      workflows: {
        one: child([agent('work', { gives: '${inputs.n * inputs.n}' })], {
          inputs: { n: { type: 'integer' } },
          outputs: { square: '${work.output}' },
        }),
      },
    },
  },
  {
    name: 'recursion',
    workflow: {
      inputs: { n: { type: 'integer' } },
      tasks: [
        {
          id: 'below',
          workflow: 'recursion',
          condition: 'inputs.n > 1',
          parameters: { n: '${inputs.n - 1}' },
        },
        agent(
          'product',
          { gives: '${inputs.n * (below.status == "success" ? int(below.output.f) : 1)}' },
          { ...after('below'), trigger: 'all_done' },
        ),
      ],
      outputs: { f: '${product.output}' },
    },
    input: { n: 4 },
  },
  {
    name: 'child that fails and is tried again',
    workflow: {
      tasks: [{ id: 'c', workflow: 'bad', retry: { max_attempts: 2, delay: 0.1 } }],
      workflows: { bad: child([agent('work', failing)]) },
    },
  },
  {
    name: 'child over its time',
    workflow: {
      tasks: [{ id: 'c', workflow: 'slow', timeout: 2 }],
      workflows: { slow: child([agent('work', { ms: 600_000 })]) },
    },
  },
  {
    name: 'child over its time that is tried again',
    workflow: {
      tasks: [{ id: 'c', workflow: 'slow', timeout: 2, retry: { max_attempts: 2, delay: 0.1 } }],
      workflows: { slow: child([agent('work', { ms: 600_000 })]) },
    },
  },
  {
    name: 'parent is canceled',
    workflow: {
      tasks: [{ id: 'c', workflow: 'slow' }, agent('never', {}, after('c'))],
      workflows: { slow: child([agent('work', { ms: 600_000 })]) },
    },
    commands: [{ atVersion: 4, afterMs: 8_000, command: { type: 'cancel', reason: 'enough' } }],
  },
];
