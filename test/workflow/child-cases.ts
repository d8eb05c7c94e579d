/** What a task that runs another workflow may get wrong; read by `validation-cases.ts`. */
import type { Case } from './validation-cases.ts';

const CHILD =
  'workflows: { child: { name: child, inputs: { count: { type: integer } }, tasks: [{ id: t, agent: echo }] } }\n';
const endless = (task: string): string =>
  `workflows: { again: { name: again, tasks: [${task}] } }\n`;

export const children: Case[] = [
  {
    code: 'workflow.unknown-workflow',
    source: `${CHILD}tasks:\n  - { id: a, workflow: «chidl», parameters: { count: 1 } }\n`,
    suggestion: 'child',
  },
  { code: 'workflow.unknown-workflow', source: '  - { id: a, workflow: «./none.yaml» }\n' },
  {
    code: 'workflow.nested-workflows',
    source:
      'workflows: { child: { name: child, «workflows»: {}, tasks: [{ id: t, agent: echo }] } }\ntasks:\n  - { id: a, workflow: child }\n',
  },
  {
    code: 'workflow.endless-recursion',
    severity: 'warning',
    source: `${endless('{ id: t, workflow: «again» }')}tasks:\n  - { id: a, workflow: again }\n`,
    says: /without a condition: again -> again/,
  },
  {
    code: 'workflow.unknown-agent',
    source:
      'workflows: { child: { name: child, tasks: [{ id: t, agent: «ecko» }] } }\ntasks:\n  - { id: a, workflow: child }\n',
    suggestion: 'echo',
  },
  {
    code: 'input.missing',
    source: `${CHILD}tasks:\n  - { id: a, workflow: «child» }\n`,
    says: /needs the input `count`/,
  },
  {
    code: 'input.unknown',
    source: `${CHILD}tasks:\n  - { id: a, workflow: child, parameters: { count: 1, «cuont»: 2 } }\n`,
    suggestion: 'count',
  },
  {
    code: 'input.type',
    source: `${CHILD}tasks:\n  - { id: a, workflow: child, parameters: { count: «one» } }\n`,
  },
];
