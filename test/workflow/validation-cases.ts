/**
 * One case for each kind of problem. What is wrong stands between « and »: line and columns are read off the source.
 * Size: a table of the whole language, one entry a rule.
 */
import { children } from './child-cases.ts';
import { around } from './failure-cases.ts';
import { steering } from './steering-cases.ts';
import { waits } from './wait-cases.ts';

/** What stands before the tasks of a case. */
export const HEAD =
  'name: x\ninputs: { n: { type: integer, default: 1 }, who: { type: string } }\n';
const A = '  - { id: a, agent: echo }\n';

export interface Case {
  readonly code: string;
  /** A file, or its tasks where it does not begin with `name`. */
  readonly source: string;
  readonly suggestion?: string;
  readonly severity?: 'warning';
  readonly says?: RegExp;
}

const unknownFields: Case[] = [
  { code: 'workflow.unknown-field', source: `«outptus»: {}\ntasks:\n${A}`, suggestion: 'outputs' },
  { code: 'workflow.unknown-field', source: `«steps»: []\ntasks:\n${A}`, suggestion: 'tasks' },
  {
    code: 'workflow.unknown-field',
    source: `settings: { «max_paralel»: 3 }\ntasks:\n${A}`,
    suggestion: 'max_parallel',
  },
  {
    code: 'workflow.unknown-field',
    source: `context: { «variabels»: {} }\ntasks:\n${A}`,
    suggestion: 'variables',
  },
  {
    code: 'workflow.unknown-field',
    source: `name: x\ninputs: { n: { «tpye»: string } }\ntasks:\n${A}`,
    suggestion: 'type',
  },
  {
    code: 'workflow.unknown-field',
    source: '  - id: a\n    agent: echo\n    «needs»: []\n',
    suggestion: 'dependencies',
  },
  {
    code: 'workflow.unknown-field',
    source: '  - { id: a, agent: echo, retry: { «max_attempt»: 3 } }\n',
    suggestion: 'max_attempts',
  },
  {
    code: 'workflow.unknown-field',
    source: '  - { id: a, agent: echo, foreach: [1], join: { «coutn»: 1 } }\n',
    suggestion: 'count',
  },
  { code: 'workflow.unknown-field', source: '  - { id: a, wait: { timer: 1, «zzz»: 2 } }\n' },
  {
    code: 'workflow.unknown-field',
    source: `${A}  - { id: b, agent: echo, dependencies: [a], trigger: { count: 1, «cuont»: 2 } }\n`,
    suggestion: 'count',
  },
];

const shapes: Case[] = [
  { code: 'workflow.missing-field', source: `name: x\ntasks:\n  - «»agent: echo\n` },
  { code: 'workflow.invalid-field', source: `settings: { max_parallel: «0» }\ntasks:\n${A}` },
  {
    code: 'workflow.invalid-field',
    source: `settings: { on_failure: «sotp» }\ntasks:\n${A}`,
    suggestion: 'stop',
  },
  {
    code: 'workflow.invalid-field',
    source: `settings: «[]»\ntasks:\n${A}`,
    says: /a map, not a list/,
  },
  {
    code: 'workflow.invalid-field',
    source: '  - { id: a, agent: «3» }\n',
    says: /a text, not a number/,
  },
  { code: 'workflow.invalid-field', source: '  - { id: a, agent: echo, timeout: «5 years» }\n' },
  { code: 'workflow.invalid-field', source: '  - { id: «"a b"», agent: echo }\n' },
  { code: 'workflow.invalid-field', source: 'tasks: «[]»\n' },
  { code: 'workflow.invalid-field', source: `name: x\ninputs: { «"a b"»: {} }\ntasks:\n${A}` },
  {
    code: 'workflow.invalid-field',
    source: `${A}  - { id: b, agent: echo, trigger: «sometimes» }\n`,
  },
  { code: 'workflow.task-kind', source: '  - { id: «a» }\n', says: /no agent/ },
  { code: 'workflow.task-kind', source: '  - { id: «a», agent: echo, wait: { timer: 1 } }\n' },
  {
    code: 'workflow.request-twice',
    source: '  - { id: a, agent: echo, request: «x», parameters: { request: y } }\n',
  },
  {
    code: 'input.type',
    source: `name: x\ninputs: { n: { type: integer, default: «many» } }\ntasks:\n${A}`,
  },
  {
    code: 'input.enum',
    source: `name: x\ninputs: { n: { enum: [a, b], default: «c» } }\ntasks:\n${A}`,
  },
];

const graph: Case[] = [
  { code: 'workflow.duplicate-id', source: `${A}  - { id: «a», agent: echo }\n` },
  { code: 'workflow.duplicate-key', source: '  - { id: a, agent: echo, «agent»: echo }\n' },
  { code: 'workflow.invalid-id', source: '  - { id: «"true"», agent: echo }\n' },
  { code: 'workflow.invalid-id', source: '  - { id: «__proto__», agent: echo }\n' },
  {
    code: 'workflow.missing-dependency',
    source:
      '  - { id: build, agent: echo }\n  - { id: b, agent: echo, dependencies: [build, «biuld»] }\n',
    suggestion: 'build',
  },
  {
    code: 'workflow.repeated-dependency',
    source: `${A}  - { id: b, agent: echo, dependencies: [a, «a»] }\n`,
    severity: 'warning',
  },
  {
    code: 'workflow.cycle',
    source: '  - { id: a, agent: echo, dependencies: [«a»] }\n',
    says: /a -> a/,
  },
  {
    code: 'workflow.cycle',
    source:
      '  - { id: z, agent: echo }\n  - { id: a, agent: echo, dependencies: [z, c] }\n' +
      '  - { id: b, agent: echo, dependencies: [z, «a»] }\n  - { id: c, agent: echo, dependencies: [b] }\n',
    says: /b -> c -> a -> b/,
  },
  {
    code: 'workflow.never-runs',
    source: `${A}  - { id: b, agent: echo, dependencies: [a], trigger: «{ count: 2 }» }\n`,
  },
  { code: 'workflow.never-runs', source: '  - { id: a, agent: echo, trigger: «any» }\n' },
  {
    code: 'workflow.never-runs',
    source: '  - { id: a, agent: echo, condition: «1 > 2» }\n',
    severity: 'warning',
  },
  {
    code: 'workflow.never-runs',
    source:
      '  - { id: a, agent: echo, on_failure: skip }\n  - { id: b, agent: echo, dependencies: [a], trigger: «one_failed» }\n',
    severity: 'warning',
  },
  {
    code: 'workflow.unreachable',
    source:
      '  - { id: a, agent: echo, trigger: any }\n  - { id: «b», agent: echo, dependencies: [a] }\n',
    severity: 'warning',
  },
  {
    code: 'workflow.unknown-agent',
    source: '  - { id: a, agent: «codebase-analizer» }\n',
    suggestion: 'codebase-analyzer',
  },
  {
    code: 'workflow.unknown-capability',
    source: '  - { id: a, capability: «analyse:security» }\n',
    suggestion: 'analyze:security',
  },
];

const instances: Case[] = [
  {
    code: 'workflow.impossible-join',
    source: '  - { id: a, agent: echo, foreach: [1, 2], join: { count: «3» } }\n',
  },
  {
    code: 'workflow.impossible-join',
    source: '  - { id: a, agent: echo, foreach: "${[1, 2]}", join: { count: «3» } }\n',
  },
  {
    code: 'workflow.needs-foreach',
    source: '  - { id: a, agent: echo, «join»: { count: 1 } }\n',
  },
  { code: 'workflow.foreach-list', source: '  - { id: a, agent: echo, foreach: «abc» }\n' },
];

const expressions: Case[] = [
  { code: 'expression.syntax', source: '  - { id: a, agent: echo, condition: inputs.n ==«» }\n' },
  {
    code: 'expression.syntax',
    source: '  - { id: a, agent: echo, parameters: { v: "x «${»inputs.n" } }\n',
  },
  {
    code: 'expression.type',
    source: '  - { id: a, agent: echo, condition: «inputs.who» }\n',
    says: /not a text/,
  },
  {
    code: 'expression.type',
    source: '  - { id: a, agent: echo, foreach: "«${inputs.n}»" }\n',
    says: /not a number/,
  },
  {
    code: 'expression.type',
    source: `context: { variables: { limit: 3 } }\ntasks:\n  - { id: a, agent: echo, foreach: "«\${limit}»" }\n`,
  },
  {
    code: 'expression.type',
    source: `${A}  - { id: b, agent: echo, dependencies: [a], condition: «a.status» }\n`,
  },
  {
    code: 'expression.type',
    source: '  - { id: a, agent: echo, condition: «1 + "x"» == 2 }\n',
  },
  { code: 'expression.type', source: '  - { id: a, wait: { timer: "«${[1]}»" } }\n' },
  {
    code: 'expression.unknown-name',
    source: '  - { id: a, agent: echo, parameters: { v: "${inputs.«whom»}" } }\n',
    suggestion: 'who',
  },
  {
    code: 'expression.unknown-name',
    source: `${A}  - { id: b, agent: echo, dependencies: [a], condition: a.«outptu» == 1 }\n`,
    suggestion: 'output',
  },
  {
    code: 'expression.unknown-name',
    source: '  - { id: a, agent: echo, parameters: { v: "say \\"hi\\" to ${«nobody»}" } }\n',
  },
  {
    code: 'expression.unknown-name',
    source: `  - id: a\n    agent: echo\n    parameters:\n      v: |\n        one\n        two \${«nobody»}\n`,
  },
  {
    code: 'expression.unknown-name',
    source: `tasks:\n${A}outputs: { r: "\${«aa».output}" }\n`,
    suggestion: 'a',
  },
  {
    code: 'expression.unknown-function',
    source: '  - { id: a, agent: echo, parameters: { v: "${fn:«upercase»(inputs.who)}" } }\n',
    suggestion: 'uppercase',
  },
  {
    code: 'expression.unknown-function',
    source: '  - { id: a, agent: echo, condition: inputs.who.«matches»("x") }\n',
  },
  {
    code: 'expression.arity',
    source: '  - { id: a, agent: echo, parameters: { v: "${«size(1, 2)»}" } }\n',
  },
  { code: 'expression.literal', source: '  - { id: a, agent: echo, condition: «b"x"» == 1 }\n' },
  {
    code: 'expression.limit',
    source: `  - { id: a, agent: echo, condition: «${'('.repeat(100)}1${')'.repeat(100)}» }\n`,
  },
  {
    code: 'workflow.not-a-dependency',
    source: `${A}  - { id: b, agent: echo, parameters: { v: "a \${«a».output}" } }\n`,
  },
  {
    code: 'workflow.not-a-dependency',
    source: '  - { id: a, agent: echo, condition: 1 == «a».attempts }\n',
    says: /names itself/,
  },
  {
    code: 'workflow.ambiguous-name',
    source: `context: { variables: { who: 1 } }\ntasks:\n  - { id: a, agent: echo, parameters: { v: "\${«who»}" } }\n`,
  },
  {
    code: 'workflow.free-name',
    source: `name: x\ntasks:\n  - { id: a, agent: echo, parameters: { v: "for \${«feature»}" } }\n`,
    severity: 'warning',
  },
  {
    code: 'workflow.no-output',
    source: `tasks:\n  - { id: a, agent: echo, condition: false }\noutputs: { r: "\${«a».output}" }\n`,
    says: /can never run/,
  },
];

const laterParts: Case[] = [
  ...['escalation', 'cache', 'budget'].map(
    (field): Case => ({
      code: 'workflow.not-supported',
      source: `  - id: a\n    agent: echo\n    «${field}»: { x: 1 }\n`,
    }),
  ),
  {
    code: 'workflow.no-loop',
    source: `edges: [{ from: a, to: b, «loop»: { max: 1 } }]\ntasks:\n${A}  - { id: b, agent: echo }\n`,
  },
  {
    code: 'workflow.missing-dependency',
    source: `edges: [{ from: «c», to: a }]\ntasks:\n${A}`,
  },
  { code: 'workflow.not-supported', source: `settings: { «budget»: {} }\ntasks:\n${A}` },
  { code: 'workflow.not-supported', source: '  - { id: a, «foreach»: [1], wait: { timer: 1 } }\n' },
];

const SECRETS = 'context: { secrets: { TOKEN: { env: TOKEN } } }';

const secrets: Case[] = [
  {
    code: 'secret.literal',
    source: `context: { secrets: { A: «hunter2» } }\ntasks:\n${A}`,
    says: /^`A` must/,
  },
  {
    code: 'secret.literal',
    source: `context: { secrets: { A: «{ value: hunter2 }» } }\ntasks:\n${A}`,
  },
  {
    code: 'secret.literal',
    source: `context: { secrets: { A: «{ env: A, file: b }» } }\ntasks:\n${A}`,
  },
  {
    code: 'secret.literal',
    source: `context: { secrets: { A: «{ env: "not a name" }» } }\ntasks:\n${A}`,
  },
  { code: 'secret.literal', source: `context: { secrets: «hunter2» }\ntasks:\n${A}` },
  { code: 'secret.literal', source: `«secrets»: { A: hunter2 }\ntasks:\n${A}` },
  { code: 'secret.literal', source: '  - { id: a, agent: echo, «secrets»: [A] }\n' },
  {
    code: 'expression.unknown-name',
    source: '  - { id: a, agent: echo, parameters: { v: "${secrets.«TOKEN»}" } }\n',
    says: /no secret `TOKEN`/,
  },
  {
    code: 'expression.unknown-name',
    source: `${SECRETS}\ntasks:\n  - { id: a, agent: echo, parameters: { v: "\${secrets.«TOKN»}" } }\n`,
    suggestion: 'TOKEN',
    says: /no secret `TOKN`/,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\ntasks:\n  - { id: a, agent: echo, condition: '«secrets».TOKEN == "x"' }\n`,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\ntasks:\n  - { id: a, agent: echo, parameters: { v: "\${hash(«secrets».TOKEN)}" } }\n`,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\ntasks:\n  - { id: a, pass: true, output: "\${«secrets.TOKEN»}" }\n`,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\ntasks:\n  - { id: a, agent: echo, foreach: ["\${«secrets.TOKEN»}"] }\n`,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\ntasks:\n  - { id: a, wait: { approval: { message: "\${«secrets.TOKEN»}" } } }\n`,
  },
  {
    code: 'secret.place',
    source: `${SECRETS}\noutputs: { v: "\${«secrets.TOKEN»}" }\ntasks:\n${A}`,
  },
];

const texts: Case[] = [
  { code: 'workflow.syntax', source: '  - { id: a, agent: echo«»\n' },
  {
    code: 'workflow.syntax',
    source: '  - id: a\n    agent: echo\n    description: «s»ay: this\n',
    says: /second `:`/,
  },
  { code: 'workflow.syntax', source: 'name: x\ntasks:\n«\t»- id: a\n', says: /tab/ },
  { code: 'workflow.syntax', source: `name: x\ntasks:\n${A}«---»\nname: y\n` },
  { code: 'workflow.key', source: `name: x\nmetadata: { «[1]»: 2 }\ntasks:\n${A}` },
  { code: 'value.unsupported', source: `name: x\nmetadata: { a: «.inf» }\ntasks:\n${A}` },
  {
    code: 'workflow.unknown-field',
    source: '{"name": "x",\n "tasks": [{"id": "a", «"agnet"»: "e", "agent": "echo"}]}',
    suggestion: 'agent',
  },
  {
    code: 'expression.unknown-name',
    source:
      '{"name": "x", "inputs": {},\n "tasks": [{"id": "a", "agent": "echo", "condition": "\\"x\\" == «nobody»"}]}',
  },
];

/** Every case. */
export const cases: readonly Case[] = [
  ...unknownFields,
  ...shapes,
  ...graph,
  ...instances,
  ...expressions,
  ...steering,
  ...around,
  ...children,
  ...laterParts,
  ...waits,
  ...secrets,
  ...texts,
];
