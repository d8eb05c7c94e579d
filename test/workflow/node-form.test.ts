/** The graph form compiles to what `tasks` and `dependencies` compile to. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow, definitionHash, parseWorkflow } from '../../src/workflow/parse.ts';
import { PureRun } from '../machines/pure-run.ts';

const TASKS = `name: x
tasks:
  - { id: plan, agent: echo }
  - { id: code, agent: echo, dependencies: [plan], condition: plan.output.ok }
  - { id: test, agent: echo, dependencies: [code] }
`;
const EDGES = `edges:
  - { from: start, to: plan }
  - { from: plan, to: code, condition: plan.output.ok }
  - { from: code, to: test }
  - { from: test, to: end, condition: test.output.ok }
`;
const LIST = `name: x
nodes:
  - { id: plan, agent: echo }
  - { id: code, agent: echo }
  - { id: test, agent: echo }
${EDGES}`;
const MAP = `name: x
nodes:
  plan: { agent: echo }
  code: { agent: echo }
  test: { agent: echo }
${EDGES}`;

function hashOf(source: string): string {
  const { definition, problems } = parseWorkflow(source);
  expect(problems).toEqual([]);
  return definition === undefined ? '' : definitionHash(definition);
}

describe('the graph form', () => {
  it('is another way to write the same definition', () => {
    expect(hashOf(LIST)).toBe(hashOf(TASKS));
    expect(hashOf(MAP)).toBe(hashOf(TASKS));
  });

  it('gives a task the condition of its edge from start', () => {
    const run = new PureRun(
      {
        name: 'x',
        inputs: { deep: { type: 'boolean' } },
        nodes: [
          { id: 'a', agent: 'echo' },
          { id: 'b', agent: 'echo' },
        ],
        edges: [
          { from: 'start', to: 'a', condition: 'inputs.deep' },
          { from: 'start', to: 'b' },
        ],
      },
      { input: { deep: false } },
    );
    expect(run.statuses()).toEqual({ a: 'skipped', b: 'running' });
  });

  it('takes `start` and `end` for tasks where there are such tasks', () => {
    const { definition } = compileWorkflow({
      name: 'x',
      nodes: [
        { id: 'start', agent: 'echo' },
        { id: 'a', agent: 'echo' },
      ],
      edges: [{ from: 'start', to: 'a' }],
    });
    expect(definition?.tasks[1]?.dependencies).toEqual(['start']);
  });

  it.each([
    [LIST.replace('code, agent', 'code, agnet'), 'workflow.unknown-field', 4, 'nodes[1].agnet'],
    [
      MAP.replace('code: { agent', 'code: { agnet'),
      'workflow.unknown-field',
      4,
      'nodes.code.agnet',
    ],
    [
      MAP.replace('plan.output.ok', 'plam.output.ok'),
      'expression.unknown-name',
      8,
      'edges[1].condition',
    ],
    [LIST.replace('to: plan', 'to: plam'), 'workflow.missing-dependency', 7, 'edges[0].to'],
    [`${TASKS}nodes: []\n`, 'workflow.invalid-field', 6, 'nodes'],
    ['name: x\nnodes: 3\n', 'workflow.invalid-field', 2, 'nodes'],
    ['name: x\nnodes: []\n', 'workflow.invalid-field', 2, 'nodes'],
    [
      'name: x\nnodes:\n  - { id: a, agent: echo }\n  - { id: a, agent: echo }\n',
      'workflow.duplicate-id',
      4,
      'nodes[1].id',
    ],
  ])('reports problems where the nodes stand: %j', (source, code, line, path) => {
    const { problems } = parseWorkflow(source);
    expect(problems).toContainEqual(expect.objectContaining({ code, line, path }));
  });
});
