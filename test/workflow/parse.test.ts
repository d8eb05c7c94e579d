// Size: one test for each problem that a file may have.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defineWorkflow } from '../../src/workflow/define.ts';
import { WorkflowInvalid } from '../../src/workflow/errors.ts';
import { MAX_SENT_TOKENS } from '../../src/workflow/limits.ts';
import { compileWorkflow, definitionHash, parseWorkflow } from '../../src/workflow/parse.ts';
import type { Problem } from '../../src/workflow/problems.ts';
import { workflowJsonSchema } from '../../src/workflow/schema.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`./fixtures/${name}.yaml`, import.meta.url), 'utf8');
const codes = (problems: readonly Problem[]) => problems.map(({ code }) => code);

function problemsOf(tasks: string, head = 'name: x\ninputs: {}\n'): Problem[] {
  return parseWorkflow(`${head}tasks:\n${tasks}`).problems;
}

describe('the founding templates', () => {
  it.each([
    ['full-stack-feature', 'feature_name', 5],
    ['bug-fix', 'bug_description', 4],
  ])('%s validates unchanged and asks for %s', (name, input, tasks) => {
    const { definition, problems } = parseWorkflow(fixture(name));
    expect(definition?.tasks).toHaveLength(tasks);
    expect(definition?.inputs[input]).toEqual({ type: 'string', required: true });
    expect(codes(problems)).toEqual(['workflow.free-name']);
    expect(definition?.settings).toEqual({
      maxParallel: 3,
      timeoutMs: 3_600_000,
      onFailure: 'stop',
      priority: 'normal',
    });
  });
});

describe('compiling', () => {
  it('turns every field of a file into the internal form', () => {
    const { definition, problems } = parseWorkflow(fixture('everything'));
    expect(problems).toEqual([]);
    expect(definition?.settings).toEqual({
      maxParallel: 8,
      timeoutMs: 3_600_000,
      onFailure: 'continue',
      priority: 'high',
    });
    expect(definition?.inputs.strict).toEqual({ type: 'boolean', required: false });
    const [find, analyze, pause, clean, report] = definition?.tasks ?? [];
    expect(find).toMatchObject({
      timeoutMs: 50,
      onFailure: 'fail',
      parameters: { request: 'Find files under ${inputs.path}' },
      retry: {
        maxAttempts: 3,
        delayMs: 2_000,
        backoff: 'exponential',
        maxDelayMs: 60_000,
        jitter: 0.2,
        retryOn: ['timeout'],
      },
    });
    expect(analyze).toMatchObject({
      as: 'file',
      maxParallel: 4,
      join: { count: 0.9, rest: 'cancel' },
      onFailure: 'skip',
    });
    expect(pause).toMatchObject({ wait: { kind: 'timer', duration: 250 }, parallel: true });
    expect(clean).toMatchObject({ capability: 'cleaning', parallel: false, trigger: 'one_failed' });
    expect(report).toMatchObject({ trigger: { count: 1 } });
  });

  it('gives `on_failure: retry` three attempts with a growing delay', () => {
    const { definition } = compileWorkflow({
      name: 'x',
      tasks: [{ id: 'a', agent: 'b', on_failure: 'retry' }],
    });
    expect(definition?.tasks[0]?.retry).toEqual({
      maxAttempts: 3,
      delayMs: 1_000,
      backoff: 'exponential',
    });
  });

  it('means the same in YAML, JSON, as a value and in code', () => {
    const source = {
      name: 'x',
      tasks: [
        { id: 'a', agent: 'echo', parameters: { n: 1 } },
        { id: 'b', agent: 'echo', dependencies: ['a'] },
      ],
    } as const;
    const inCode = defineWorkflow(source);
    const yaml =
      'name: x\ntasks:\n  - { id: a, agent: echo, parameters: { n: 1 } }\n  - { id: b, agent: echo, dependencies: [a] }\n';
    for (const { definition } of [
      parseWorkflow(yaml),
      parseWorkflow(JSON.stringify(source)),
      compileWorkflow(source),
    ]) {
      expect(definition).toEqual(inCode);
      expect(definition && definitionHash(definition)).toBe(definitionHash(inCode));
    }
  });

  it('takes a policy of an approval in code, checked by the compiler', () => {
    const { settings, tasks } = defineWorkflow({
      name: 'x',
      settings: { groups: { leads: ['ann', 'bob', 'ann'] } },
      tasks: [
        {
          id: 'sign',
          wait: {
            approval: {
              ...{ group: 'leads', quorum: 2, delegate: false },
              ...{ remind: { after: '1m', every: 3600 }, timeout: '1d', on_timeout: 'reject' },
            },
          },
        },
      ],
    });
    expect(settings.groups).toEqual({ leads: ['ann', 'bob'] });
    expect(tasks[0]?.wait).toEqual({
      ...{ kind: 'approval', group: 'leads', quorum: 2, delegate: false },
      ...{ timeoutMs: 86_400_000, onTimeout: 'deny' },
      remind: { afterMs: 60_000, everyMs: 3_600_000, max: 10 },
    });
  });

  it('throws all problems of a workflow in code', () => {
    const define = () =>
      defineWorkflow({
        name: 'x',
        // @ts-expect-error `zzz` is no id of this workflow: the compiler sees it too.
        tasks: [{ id: 'a', agent: 'e', dependencies: ['zzz'] }],
      });
    expect(define).toThrow(WorkflowInvalid);
  });
});

// Length: one table.
describe('problems', () => {
  // Length: one source with every problem, and what is said of each.
  it('are all reported at once, with place, text and suggestion', () => {
    const source = `name: x
settings: { max_paralel: 3 }
inputs: {}
tasks:
  - id: a
    agent: codebase-analizer
  - id: b
    agent: codebase-analyzer
    dependencies: [c]
    condition: a.output.n ==
    parameters:
      text: |
        first line
        \${b2.output}
`;
    const { definition, problems } = parseWorkflow(source, {
      file: 'x.yaml',
      agents: ['codebase-analyzer'],
    });
    expect(definition).toBeUndefined();
    expect(
      problems.map(({ code, line, column, text, hint }) => ({ code, line, column, text, hint })),
    ).toMatchObject([
      {
        code: 'workflow.unknown-field',
        line: 2,
        column: 13,
        text: 'max_paralel',
        hint: 'Did you mean `max_parallel`?',
      },
      {
        code: 'workflow.unknown-agent',
        line: 6,
        column: 12,
        hint: 'Did you mean `codebase-analyzer`?',
      },
      { code: 'workflow.missing-dependency', line: 9, column: 20, text: 'c' },
      { code: 'expression.syntax', line: 10, text: 'a.output.n ==' },
      { code: 'expression.unknown-name', line: 14, column: 11 },
    ]);
    expect(problems.every(({ file }) => file === 'x.yaml')).toBe(true);
  });

  it.each([
    ['workflow.duplicate-id', '  - { id: a, agent: e }\n  - { id: a, agent: e }\n'],
    ['workflow.duplicate-key', '  - { id: a, agent: e, agent: f }\n'],
    ['workflow.invalid-id', '  - { id: "true", agent: e }\n'],
    ['workflow.invalid-field', '  - { id: "a b", agent: e }\n'],
    ['workflow.task-kind', '  - { id: a }\n'],
    ['workflow.task-kind', '  - { id: a, agent: e, capability: f }\n'],
    ['workflow.missing-field', '  - { agent: e }\n'],
    [
      'workflow.not-a-dependency',
      '  - { id: a, agent: e }\n  - { id: b, agent: e, condition: a.status == "success" }\n',
    ],
    ['workflow.not-a-dependency', '  - { id: a, agent: e, condition: a.attempts == 0 }\n'],
    [
      'workflow.never-runs',
      '  - { id: a, agent: e }\n  - { id: b, agent: e, dependencies: [a], trigger: { count: 2 } }\n',
    ],
    ['workflow.never-runs', '  - { id: a, agent: e, trigger: any }\n'],
    ['workflow.impossible-join', '  - { id: a, agent: e, foreach: [1, 2], join: { count: 3 } }\n'],
    ['workflow.foreach-list', '  - { id: a, agent: e, foreach: abc }\n'],
    ['workflow.needs-foreach', '  - { id: a, agent: e, join: { count: 1 } }\n'],
    ['expression.unknown-name', '  - { id: a, agent: e, parameters: { v: "${nope}" } }\n'],
    [
      'expression.limit',
      `  - { id: a, agent: e, condition: "${'('.repeat(100)}1${')'.repeat(100)}" }\n`,
    ],
    ['workflow.syntax', '  - { id: a, agent: e\n'],
  ])('%s is found', (code, tasks) => {
    expect(codes(problemsOf(tasks))).toContain(code);
  });

  it.each(['escalation', 'cache', 'budget'])(
    'the field `%s` of a task is refused by name',
    (field) => {
      const [problem] = problemsOf(`  - id: a\n    agent: e\n    ${field}: { x: 1 }\n`);
      expect(problem).toMatchObject({
        code: 'workflow.not-supported',
        line: 6,
        column: 5,
        path: `tasks[0].${field}`,
      });
    },
  );

  it.each(['settings: { budget: {} }', 'settings: { cache: {} }'])(
    '`%s` is refused by name',
    (line) => {
      expect(codes(problemsOf('  - { id: a, agent: e }\n', `name: x\n${line}\n`))).toEqual([
        'workflow.not-supported',
      ]);
    },
  );

  it('show the path that closes a cycle', () => {
    const [problem] = problemsOf(
      '  - { id: a, agent: e, dependencies: [c] }\n  - { id: b, agent: e, dependencies: [a] }\n  - { id: c, agent: e, dependencies: [b] }\n',
    );
    expect(problem?.message).toMatch(/a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c/);
  });

  it('have places in JSON too', () => {
    const [problem] = parseWorkflow(
      '{"name": "x",\n "tasks": [{"id": "a", "agnet": "e", "agent": "e"}]}',
    ).problems;
    expect(problem).toMatchObject({ code: 'workflow.unknown-field', line: 2, column: 24 });
    expect(
      codes(
        parseWorkflow('{"name": "x", "name": "y", "tasks": [{"id": "a", "agent": "e"}]}').problems,
      ),
    ).toEqual(['workflow.duplicate-key']);
  });
});

describe('what is no workflow at all', () => {
  it.each([
    ['', 'the file is empty'],
    ['# nothing\n', 'the file is empty'],
    ['just text\n', 'a workflow is a map of fields, and this is a text'],
    ['- 1\n', 'a workflow is a map of fields, and this is a list'],
  ])('%j is said so', (source, message) => {
    expect(parseWorkflow(source).problems).toMatchObject([{ message, line: 1 }]);
  });
});

describe('texts that take the parser long', () => {
  it.each([
    ['open brackets', '['.repeat(60_000)],
    ['lists in lists', '- '.repeat(60_000)],
    [
      'maps in maps',
      Array.from({ length: 1_400 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
    ],
  ])('are told that they are nested too deep: %s', (_, source) => {
    const { problems } = parseWorkflow(source);
    expect(codes(problems)).toEqual(['workflow.too-deep']);
  });

  it.each([
    ['anchors', 'a:\n', '- &a 1\n'],
    ['aliases', 'a: &a 1\nb: [', '*a,'],
    ['commas', '[', ','],
    ['wrong escapes', '"', '\\q'],
    ['tags', 'a:\n', '- !x 1\n'],
    ['empty lines', 'a: [\n', '\n'],
  ])('cost no more than a look when somebody else sent them: %s', (_, begin, item) => {
    const source = begin + item.repeat(200_000);
    const { problems } = parseWorkflow(source, { maxTokens: MAX_SENT_TOKENS });
    expect(problems).toMatchObject([
      { code: 'workflow.too-large', hint: expect.stringContaining('JSON') },
    ]);
  });

  it('have their tokens counted, and not the brackets or escapes that are text', () => {
    const source = `name: x\ndescription: >+\n${'  [\n'.repeat(600)}  "\\q"\ntasks: [{ id: a, agent: e }]\n`;
    expect(parseWorkflow(source, { maxTokens: 100 }).problems).toEqual([]);
    expect(codes(parseWorkflow(source, { maxTokens: 10 }).problems)).toEqual([
      'workflow.too-large',
    ]);
  });

  it('are told where a problem below an alias is', () => {
    const source =
      'name: x\ntasks:\n- &t { id: a, agnet: e }\n- *t\n- &t { id: b, agnet: e }\n- *t\n';
    const { problems } = parseWorkflow(source);
    const places = problems.filter(({ code }) => code === 'workflow.unknown-field');
    expect(places.map(({ line, path }) => [line, path])).toEqual([
      [3, 'tasks[0].agnet'],
      [3, 'tasks[1].agnet'],
      [5, 'tasks[2].agnet'],
      [5, 'tasks[3].agnet'],
    ]);
  });
});

describe('hostile files', () => {
  it('cannot make aliases explode', () => {
    const levels = Array.from(
      { length: 30 },
      (_, index) => `  l${index + 1}: &l${index + 1} [*l${index}, *l${index}]\n`,
    ).join('');
    const { problems } = parseWorkflow(
      `name: x\nmetadata:\n  l0: &l0 [1]\n${levels}tasks: [{ id: a, agent: e }]\n`,
    );
    expect(codes(problems)).toContain('workflow.too-large');
  });

  it('cannot nest without end, nor refer to themselves', () => {
    expect(codes(parseWorkflow('['.repeat(20_000)).problems).length).toBeGreaterThan(0);
    expect(
      codes(
        parseWorkflow(
          `name: x\nmetadata: { m: ${'['.repeat(80)}${']'.repeat(80)} }\ntasks: [{ id: a, agent: e }]\n`,
        ).problems,
      ),
    ).toContain('workflow.too-deep');
    expect(
      parseWorkflow('name: x\nmetadata: &m { again: *m }\ntasks: [{ id: a, agent: e }]\n')
        .definition,
    ).toBeUndefined();
  });

  it('cannot nest JSON without end', () => {
    const deep = `${'['.repeat(20_000)}"]"${']'.repeat(20_000)}`;
    const { problems } = parseWorkflow(
      `{"name": "x",\n"metadata": {"m": ${deep}},\n"tasks": [{"id": "a", "agnet": "e"}]}`,
    );
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['workflow.too-deep', 2],
      ['workflow.task-kind', 3],
      ['workflow.unknown-field', 3],
    ]);
  });

  it('cannot hide a second document', () => {
    const one = 'name: x\ninputs: {}\ntasks: [{ id: a, agent: e }]\n';
    expect(codes(parseWorkflow(`${one}---\n${one}`).problems)).toEqual(['workflow.syntax']);
  });

  it('can merge maps, with the keys written out winning', () => {
    const { definition } = parseWorkflow(
      'name: x\ninputs: {}\ntasks:\n  - &base { id: a, agent: e, timeout: 1s }\n  - { <<: *base, id: b }\n',
    );
    expect(definition?.tasks[1]).toMatchObject({ id: 'b', agent: 'e', timeoutMs: 1_000 });
  });
});

describe('the published schema', () => {
  it('describes the fields of a task and allows no others', () => {
    const schema = workflowJsonSchema() as {
      properties: {
        tasks: { items: { properties: Record<string, unknown>; additionalProperties: unknown } };
      };
    };
    expect(Object.keys(schema.properties.tasks.items.properties)).toEqual(
      expect.arrayContaining(['id', 'agent', 'foreach', 'trigger', 'retry']),
    );
    expect(schema.properties.tasks.items.additionalProperties).toBe(false);
  });
});
