/** What hooks, compensations, fallbacks and child runs may get wrong; read by `validation-cases.ts`. */
import type { Case } from './validation-cases.ts';

const A = '  - { id: a, agent: echo }\n';

/** What surrounds the tasks: compensations, fallbacks, hooks. */
export const around: Case[] = [
  {
    code: 'workflow.no-compensation',
    source: '  - { id: a, agent: echo, «compensate»: { agent: echo } }\n',
    severity: 'warning',
    says: /`stop`, so nothing is ever undone/,
  },
  {
    code: 'workflow.task-kind',
    source: `settings: { on_failure: compensate }\ntasks:\n  - { id: a, agent: echo, «compensate»: {} }\n`,
    says: /compensation of `a` has no agent/,
  },
  {
    code: 'workflow.unknown-agent',
    source: '  - { id: a, agent: echo, fallback: [echo, «ecko»] }\n',
    suggestion: 'echo',
  },
  {
    code: 'workflow.unknown-agent',
    source: `settings: { on_failure: compensate }\ntasks:\n  - { id: a, agent: echo, compensate: { agent: «ecko» } }\n`,
    suggestion: 'echo',
  },
  {
    code: 'workflow.unknown-agent',
    source: `hooks: { on_start: [{ id: h, agent: «ecko» }] }\ntasks:\n${A}`,
    suggestion: 'echo',
  },
  {
    code: 'workflow.unknown-field',
    source: `hooks: { on_start: [{ id: h, agent: echo, «conditon»: true }] }\ntasks:\n${A}`,
    suggestion: 'condition',
  },
  {
    code: 'workflow.duplicate-id',
    source: `hooks: { on_complete: [{ id: «a», agent: echo }] }\ntasks:\n${A}`,
    says: /the other one is in `tasks`/,
  },
  {
    code: 'workflow.not-in-hook',
    source: `hooks: { on_complete: [{ id: h, agent: echo, «compensate»: { agent: echo } }] }\ntasks:\n${A}`,
  },
  {
    code: 'workflow.missing-dependency',
    source: `hooks: { on_complete: [{ id: h, agent: echo, dependencies: [«a»] }] }\ntasks:\n${A}`,
  },
  {
    code: 'workflow.not-a-dependency',
    source: `hooks: { on_start: [{ id: h, agent: echo, parameters: { x: "\${«a».output}" } }] }\ntasks:\n${A}`,
    says: /`a` has not run by then/,
  },
  {
    code: 'workflow.not-a-dependency',
    source: `hooks: { on_success: [{ id: h, agent: echo }] }\ntasks:\n${A}outputs: { x: "\${«h».output}" }\n`,
    says: /`h` has not run by then/,
  },
  {
    code: 'expression.unknown-name',
    source: `inputs: {}\nsettings: { on_failure: compensate }\ntasks:\n  - { id: a, agent: echo, compensate: { agent: echo, parameters: { x: "\${«b».output}" } } }\n`,
  },
];

/** A task, then the table with a child `c` that has the inputs `n` and `mode`. */
const withChild = (task: string, more = ''): string =>
  `name: x\ntasks:\n  - ${task}\nworkflows:\n  c:\n    name: c\n    inputs: { n: { type: integer }, mode: { enum: [fast, slow], default: fast } }\n    tasks: [{ id: t, agent: echo${more} }]\n`;

export const children: Case[] = [
  {
    code: 'workflow.unknown-workflow',
    source: withChild('{ id: a, workflow: «cc» }'),
    suggestion: 'c',
  },
  {
    code: 'workflow.unknown-workflow',
    source: withChild('{ id: a, workflow: «./gone.yaml» }'),
    says: /no file/,
  },
  { code: 'input.missing', source: withChild('{ id: a, workflow: «c» }'), says: /`n`/ },
  {
    code: 'input.unknown',
    source: withChild('{ id: a, workflow: c, parameters: { n: 1, «mod»: fast } }'),
    suggestion: 'mode',
  },
  {
    code: 'input.type',
    source: withChild('{ id: a, workflow: c, parameters: { n: «many» } }'),
  },
  {
    code: 'input.type',
    source: withChild('{ id: a, workflow: c, parameters: { n: «"${1} of 2"» } }'),
  },
  {
    code: 'input.enum',
    source: withChild('{ id: a, workflow: c, parameters: { n: 1, mode: «quick» } }'),
  },
  {
    code: 'workflow.missing-dependency',
    source: withChild('{ id: a, workflow: c, parameters: { n: 1 } }', ', dependencies: [«gone»]'),
  },
  {
    code: 'workflow.unknown-agent',
    source: `name: x\ntasks: [{ id: a, workflow: c }]\nworkflows: { c: { name: c, tasks: [{ id: t, agent: «ehco» }] } }\n`,
    suggestion: 'echo',
  },
  {
    code: 'workflow.nested-workflows',
    source: `name: x\ntasks: [{ id: a, workflow: c }]\nworkflows:\n  c: { name: c, tasks: [{ id: t, agent: echo }], «workflows»: {} }\n`,
  },
  {
    code: 'workflow.endless-recursion',
    source: 'name: x\ntasks: [{ id: a, workflow: «x» }]\n',
    severity: 'warning',
  },
  {
    code: 'workflow.endless-recursion',
    source: `name: x\ntasks: [{ id: a, workflow: «c» }]\nworkflows:\n  c: { name: c, tasks: [{ id: t, workflow: d }] }\n  d: { name: d, tasks: [{ id: t, workflow: c }] }\n`,
    severity: 'warning',
    says: /c -> d -> c/,
  },
];
