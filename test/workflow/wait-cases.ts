/** What a wait, a feed or a join may get wrong; read by `validation-cases.ts`. */
import type { Case } from './validation-cases.ts';

const A = '  - { id: a, agent: echo }\n';

/** Waits, feeds and joins: what is wrong stands between « and ». */
export const waits: Case[] = [
  { code: 'workflow.wait-kind', source: '  - { id: a, «wait»: {} }\n' },
  {
    code: 'workflow.wait-kind',
    source: '  - { id: a, «wait»: { timer: 1, signal: go } }\n',
    says: /timer and signal/,
  },
  { code: 'workflow.wait-kind', source: '  - { id: a, wait: { «first»: {} } }\n' },
  { code: 'workflow.wait-kind', source: '  - { id: a, wait: { first: { «x»: {} } } }\n' },
  {
    code: 'workflow.wait-kind',
    source: '  - { id: a, wait: { first: { «x»: { timer: 1, signal: s }, y: { timer: 2 } } } }\n',
  },
  {
    code: 'workflow.same-signal',
    source: '  - { id: a, wait: { first: { x: { signal: s }, «y»: { signal: s } } } }\n',
  },
  {
    code: 'workflow.needs-timeout',
    source: '  - { id: a, wait: { signal: { name: s, «on_timeout»: continue } } }\n',
  },
  {
    code: 'workflow.needs-timeout',
    source: '  - { id: a, wait: { approval: { «on_timeout»: approve } } }\n',
  },
  {
    code: 'workflow.escalate-to',
    source: '  - { id: a, wait: { approval: { timeout: 1, on_timeout: «escalate» } } }\n',
  },
  {
    code: 'workflow.escalate-to',
    source: '  - { id: a, wait: { approval: { timeout: 1, escalate_to: «bosses» } } }\n',
  },
  {
    code: 'workflow.invalid-field',
    source: '  - { id: a, wait: { approval: { quorum: «0» } } }\n',
  },
  {
    code: 'workflow.invalid-field',
    source: '  - { id: a, wait: { approval: { timeout: 1, on_timeout: «abort» } } }\n',
    says: /deny, reject, fail, approve, escalate or wait/,
  },
  {
    code: 'workflow.invalid-field',
    source: '  - { id: a, wait: { approval: { remind: «soon» } } }\n',
  },
  {
    code: 'workflow.invalid-field',
    source: '  - { id: a, wait: { approval: { remind: { every: 5, max: «101» } } } }\n',
  },
  {
    code: 'workflow.remind-never',
    source: '  - { id: a, wait: { approval: { remind: «0» } } }\n',
  },
  {
    code: 'workflow.remind-never',
    source: '  - { id: a, wait: { approval: { remind: { every: «1h» }, timeout: 30m } } }\n',
    says: /after 3600 s, and the approval ends after 1800 s/,
  },
  {
    code: 'workflow.remind-never',
    source:
      '  - { id: a, wait: { approval: { remind: { every: 1, after: «60» }, timeout: 30 } } }\n',
  },
  {
    code: 'workflow.unknown-group',
    source:
      'settings: { groups: { leads: [ann] } }\ntasks:\n  - { id: a, wait: { approval: { group: «laeds» } } }\n',
    suggestion: 'leads',
  },
  {
    code: 'workflow.unknown-group',
    source:
      'settings: { groups: { leads: [ann] } }\ntasks:\n  - { id: a, wait: { approval: { group: leads, timeout: 1, on_timeout: escalate, escalate_to: «bosses» } } }\n',
    says: /who belongs to `bosses`/,
  },
  {
    code: 'workflow.quorum',
    source:
      'settings: { groups: { leads: [ann, ann] } }\ntasks:\n  - { id: a, wait: { approval: { group: «leads», quorum: 2 } } }\n',
    says: /`leads` has 1 person/,
  },
  {
    code: 'workflow.no-attempts',
    severity: 'warning',
    source: '  - { id: a, wait: { signal: s }, «timeout»: 5 }\n',
    says: /without one/,
  },
  {
    code: 'workflow.unknown-field',
    source: '  - { id: a, wait: { «aproval»: {} } }\n',
    suggestion: 'approval',
  },
  {
    code: 'workflow.join-twice',
    source: '  - { id: a, agent: echo, foreach: [1], join: { count: 1, «until»: "true" } }\n',
  },
  {
    code: 'expression.type',
    source: '  - { id: a, agent: echo, foreach: [1], join: { until: «1 + 1» } }\n',
  },
  {
    code: 'workflow.not-a-dependency',
    source: `${A}  - { id: b, agent: echo, foreach: [1], join: { until: "«a».output == 1" } }\n`,
  },
  {
    code: 'workflow.needs-foreach',
    source: '  - { id: a, agent: echo, «detach»: true }\n',
  },
  {
    code: 'workflow.no-output',
    source:
      '  - { id: a, agent: echo, foreach: [1], detach: true }\n  - { id: b, agent: echo, dependencies: [a], parameters: { x: "${«a».output}" } }\n',
  },
  {
    code: 'workflow.shared-signal',
    severity: 'warning',
    source:
      '  - { id: a, agent: echo, foreach: { feed: files } }\n  - { id: b, «wait»: { signal: files } }\n',
  },
  {
    code: 'expression.unknown-name',
    source: '  - { id: a, wait: { approval: { message: "${«nobody»}" } } }\n',
  },
];
