/** What a mutex, a region, a milestone or a cancellation may get wrong; read by `validation-cases.ts`. */
import type { Case } from './validation-cases.ts';

const A = '  - { id: a, agent: echo }\n';
const B = '  - { id: b, agent: echo }\n';

/** What is wrong stands between « and ». */
export const steering: Case[] = [
  {
    code: 'workflow.unknown-task',
    source: `${A}${B}  - { id: c, agent: echo, milestone: { until: «bb» } }\n`,
    suggestion: 'b',
  },
  {
    code: 'workflow.unknown-task',
    source: `  - { id: a, agent: echo, milestone: { after: «first», until: b } }\n${B}`,
  },
  {
    code: 'workflow.unknown-task',
    source: `  - { id: slow, agent: echo, region: search }\n  - { id: b, agent: echo, cancel: [slow, «serach»] }\n`,
    suggestion: 'search',
  },
  {
    code: 'workflow.unknown-task',
    source:
      '  - { id: each, agent: echo, foreach: [1] }\n  - { id: b, agent: echo, complete: [«eahc»] }\n',
    suggestion: 'each',
  },
  { code: 'workflow.own-name', source: '  - { id: a, agent: echo, cancel: [«a»] }\n' },
  { code: 'workflow.own-name', source: '  - { id: a, agent: echo, milestone: { until: «a» } }\n' },
  {
    code: 'workflow.needs-condition',
    source: `edges: [{ from: b, to: a, loop: { max: 1, «on_max»: fail } }]\ntasks:\n${A}${B}`,
  },
  {
    code: 'workflow.invalid-field',
    source: `edges: [{ from: b, to: a, condition: "true", loop: { max: 1, on_max: «acept» } }]\ntasks:\n${A}${B}`,
    suggestion: 'accept',
  },
  {
    code: 'workflow.needs-loop',
    source:
      '  - { id: a, agent: echo, repeat: { max: 2 } }\n  - { id: b, agent: echo, dependencies: [a], parameters: { n: "${«round»}" } }\n',
    says: /in no loop/,
  },
  {
    code: 'workflow.needs-agent',
    source: '  - { id: a, wait: { signal: go }, «fallback»: [echo] }\n',
  },
  {
    code: 'workflow.not-supported',
    source: '  - { id: a, pass: true, «foreach»: [1, 2] }\n',
    says: /passes/,
  },
  {
    code: 'workflow.needs-pass',
    source: '  - { id: a, agent: echo, «output»: { n: 1 } }\n',
  },
  {
    code: 'expression.unknown-name',
    source: `inputs: {}\ntasks:\n${A}  - { id: b, pass: true, dependencies: [a], output: { n: "\${«aa».output}" } }\n`,
    suggestion: 'a',
  },
  {
    code: 'workflow.needs-foreach',
    source: `${A}  - { id: b, agent: echo, complete: [«a»] }\n`,
    says: /which has no `foreach`/,
  },
  {
    code: 'workflow.never-runs',
    source: `${A}${B}  - { id: c, agent: echo, dependencies: [a], milestone: { until: «a» } }\n`,
    says: /`a` comes before it/,
  },
  {
    code: 'workflow.never-runs',
    source:
      '  - { id: a, agent: echo, cancel: [«b»] }\n  - { id: b, agent: echo, dependencies: [a] }\n',
    says: /which cancels it/,
  },
  {
    code: 'workflow.unknown-region',
    source:
      'regions: { writing: {} }\ntasks:\n  - { id: a, agent: echo, region: writing }\n  - { id: b, agent: echo, region: «writting» }\n',
    suggestion: 'writing',
  },
  {
    code: 'workflow.unused-region',
    source: `regions: { «writing»: { mutex: m } }\ntasks:\n${A}`,
    severity: 'warning',
  },
  {
    code: 'workflow.ambiguous-name',
    source: `${A}  - { id: b, agent: echo, region: «a» }\n`,
    says: /a region and a task/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: a, agent: echo, region: r, mutex: «m» }\n',
    says: /holds `m` already/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: a, agent: echo, region: r }\n  - { id: x, agent: echo, dependencies: [a], mutex: «m» }\n  - { id: b, agent: echo, dependencies: [x], region: r }\n',
    says: /`a` takes `m` for the region `r`, which then waits in `b` for `x`/,
  },
  {
    // `early` depends on `x` as well, and need not wait for it.
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: quick, agent: echo }\n  - { id: x, agent: echo, mutex: «m» }\n  - { id: early, agent: echo, dependencies: [quick, x], trigger: any, region: r }\n  - { id: late, agent: echo, dependencies: [x], region: r }\n',
    says: /`early` takes `m` for the region `r`, which then waits in `late` for `x`/,
  },
  {
    // `mid` is skipped when `quick` fails, before `x` has ended.
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: quick, agent: echo }\n  - { id: x, agent: echo, mutex: «m» }\n  - { id: mid, agent: echo, dependencies: [quick, x] }\n  - { id: early, agent: echo, dependencies: [mid], trigger: all_done, region: r }\n  - { id: late, agent: echo, dependencies: [x], trigger: all_done, region: r }\n',
    says: /`early` takes `m` for the region `r`, which then waits in `late` for `x`/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { one: { mutex: m }, two: { mutex: n } }\ntasks:\n  - { id: a, agent: echo, region: one }\n  - { id: a2, agent: echo, region: one, dependencies: [a], mutex: «n» }\n  - { id: b, agent: echo, region: two }\n  - { id: b2, agent: echo, region: two, dependencies: [b], mutex: m }\n',
    says: /`a2` of `one` wants `n` of `two`, `b2` of `two` wants `m` of `one`/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: x, agent: echo, mutex: m }\n  - { id: a, agent: echo, dependencies: [x], region: r }\nedges:\n  - { from: a, to: x, «loop»: { max: 2 } }\n',
    says: /the loop from `a` leads back to it while the region `r` holds `m`/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: x, agent: echo, mutex: «m» }\n  - { id: y, agent: echo }\n  - { id: a, agent: echo, dependencies: [x], region: r }\n  - { id: b, agent: echo, dependencies: [a, y], trigger: one_success, region: r }\n',
    says: /`b` takes `m` for the region `r`, which then waits in `a` for `x`/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { r: { mutex: m } }\ntasks:\n  - { id: x, agent: echo, mutex: «m» }\n  - { id: y, agent: echo }\n  - { id: c, agent: echo, dependencies: [x, y] }\n  - { id: a, agent: echo, dependencies: [x], region: r }\n  - { id: b, agent: echo, dependencies: [c], trigger: all_done, region: r }\n',
    says: /`b` takes `m` for the region `r`, which then waits in `a` for `x`/,
  },
  {
    code: 'workflow.deadlock',
    source:
      'regions: { one: { mutex: m }, two: { mutex: n } }\ntasks:\n  - { id: a, agent: echo, region: one }\n  - { id: x, agent: echo, dependencies: [a], mutex: «n» }\n  - { id: a2, agent: echo, dependencies: [x], region: one }\n  - { id: b, agent: echo, region: two }\n  - { id: b2, agent: echo, region: two, dependencies: [b], mutex: m }\n',
    says: /`x`, which `one` waits for, wants `n` of `two`, `b2` of `two` wants `m` of `one`/,
  },
];
