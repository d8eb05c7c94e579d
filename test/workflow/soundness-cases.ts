/** Cases of what the analysis finds, for the table of validation. */
import type { Case } from './validation-cases.ts';

const A = '  - { id: a, agent: echo }\n';
const J = '  - { id: j, agent: echo, dependencies: [a, w] }\n';

export const soundnessCases: readonly Case[] = [
  {
    code: 'workflow.never-runs',
    source: `${A}  - { id: fix, agent: echo, dependencies: [a], trigger: one_failed }\n  - { id: b, agent: echo, dependencies: «[a, fix]» }\n`,
    severity: 'warning',
    says: /`a` has to succeed \(a -> b\), and `a` has to fail \(a -> fix -> b\)|has to fail \(a -> fix -> b\)/,
  },
  {
    code: 'workflow.never-runs',
    source: `${A}  - { id: b, agent: echo, dependencies: [a], condition: «a.status == "failed"» }\n`,
    severity: 'warning',
  },
  {
    code: 'workflow.never-runs',
    source: `${A}  - { id: yes, agent: echo, dependencies: [a], condition: a.output.ok }\n  - { id: no, agent: echo, dependencies: [a], condition: "!a.output.ok" }\n  - { id: both, agent: echo, dependencies: «[yes, no]» }\n`,
    severity: 'warning',
    says: /yes -> both.*no -> both|no -> both.*yes -> both/,
  },
  {
    code: 'workflow.never-runs',
    source:
      '  - { id: a, agent: echo, emit: 2 }\n  - { id: m, agent: echo, dependencies: [a], trigger: «{ merge: 3 }» }\n',
    severity: 'warning',
    says: /`merge: 3` cannot hold/,
  },
  {
    code: 'workflow.unreachable',
    source:
      '  - { id: a, agent: echo, emit: 2 }\n  - { id: m, agent: echo, dependencies: [a], trigger: { merge: 3 } }\n  - { id: «after», agent: echo, dependencies: [m] }\n',
    severity: 'warning',
    says: /m -> after/,
  },
  {
    code: 'workflow.may-wait',
    source: `${A}  - { id: w, «wait»: { signal: go } }\n${J}`,
    severity: 'warning',
    says: /`j` can wait for ever: `w` has no timeout, w -> j/,
  },
  {
    code: 'workflow.may-wait',
    source: `${A}  - { id: w, «wait»: { approval: { timeout: 5, on_timeout: wait } } }\n${J}`,
    severity: 'warning',
  },
  {
    code: 'workflow.may-wait',
    source: `${A}  - { id: w, «wait»: { first: { one: { signal: go }, two: { signal: stop } } } }\n${J}`,
    severity: 'warning',
  },
  {
    code: 'workflow.may-wait',
    source: `  - { id: a, agent: echo, mutex: m }\n  - { id: w, «wait»: { signal: go }, mutex: m }\n`,
    severity: 'warning',
    says: /keeps `m`/,
  },
];
