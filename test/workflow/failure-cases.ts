/** What a compensation, a fallback or a hook may get wrong; read by `validation-cases.ts`. */
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
