/** Every kind of problem has a case in the table; what is reported of it is exact. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { problemRules } from '../../src/workflow/problem-rules.ts';
import type { ValidationOptions } from '../../src/workflow/validate.ts';
import { soundnessCases } from './soundness-cases.ts';
import { HEAD, cases as languageCases } from './validation-cases.ts';

const cases = [...languageCases, ...soundnessCases];

/** Everything behind the head; a text of tasks gets its `tasks:`. */
function fileOf(source: string): string {
  if (/^(\{"|«)?name/.test(source)) return source;
  return `${HEAD}${source.startsWith('  -') ? 'tasks:\n' : ''}${source}`;
}

const options: ValidationOptions = {
  agents: ['echo', 'codebase-analyzer'],
  capabilities: ['analyze:security'],
};

/** Where the marks are, and the source without them. */
function unmarked(marked: string) {
  const start = marked.indexOf('«');
  const before = marked.slice(0, start).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  const length = marked.indexOf('»') - start - 1;
  return {
    source: marked.replace('«', '').replace('»', ''),
    place: { line: before.length, column, endColumn: column + length },
  };
}

describe('validation', () => {
  it.each(cases.map((one) => [one.code, one.source, one] as const))('%s: %s', (code, text, one) => {
    const { source, place } = unmarked(fileOf(text));
    const { problems, definition } = parseWorkflow(source, { file: 'x.yaml', ...options });
    const found = problems.find(
      (problem) =>
        problem.code === code && problem.line === place.line && problem.column === place.column,
    );
    expect(found, JSON.stringify(problems, null, 1)).toMatchObject({
      ...place,
      file: 'x.yaml',
      severity: one.severity ?? 'error',
      message: expect.stringMatching(one.says ?? /./),
      hint: expect.stringMatching(/\.$|\?$/),
    });
    expect(found?.suggestion).toBe(one.suggestion);
    expect(definition === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
  });

  it('has a case for each rule', () => {
    const tested = new Set(cases.map(({ code }) => code));
    const elsewhere = [
      'workflow.too-large',
      'workflow.too-deep',
      'workflow.too-many-problems',
      'cli.file-unreadable',
    ];
    expect(Object.keys(problemRules).filter((code) => !tested.has(code))).toEqual(elsewhere);
  });

  it('has a line in the documentation for each rule', () => {
    const page = readFileSync(new URL('../../docs/validation.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => /^\| `[a-z]+\.[a-z-]+` /.test(line))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
    const rules = Object.entries(problemRules);
    expect(rows).toEqual(
      rules.map(([code, { summary, help }]) => ['', `\`${code}\``, summary, help, '']),
    );
  });

  it('reports no code without a rule', () => {
    const folder = new URL('../../src/workflow/', import.meta.url);
    const used = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !['errors.ts', 'problem-rules.ts'].includes(file))
      .flatMap((file) => [
        ...readFileSync(new URL(file, folder), 'utf8').matchAll(
          /(?:code|problem): '((?:workflow|expression|input|value)\.[a-z-]+)'/g,
        ),
      ])
      .map(([, code = '']) => code);
    expect(used.length).toBeGreaterThan(30);
    expect([...new Set(used)].filter((code) => !Object.hasOwn(problemRules, code))).toEqual([]);
  });
});

describe('a syntax error', () => {
  it.each([
    `${HEAD}tasks:\n  - id: a\n   agent: e\n  - id: b\n    agnet: [\n`,
    '- a\nb: 1\nc: 2\nd: 3\n',
    'name: x\ntasks: [1, 2\nother: 3\nmore: 4\n',
    'name: "unclosed\ntasks: []\nother: 1\n',
  ])('comes alone: %j', (source) => {
    expect(parseWorkflow(source).problems.map(({ code }) => code)).toEqual(['workflow.syntax']);
  });

  it('comes with others that cannot be its consequence', () => {
    const { problems } = parseWorkflow('name: "\\q"\ndescription: "\\z"\ntasks: []\n');
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['workflow.syntax', 1],
      ['workflow.syntax', 2],
    ]);
  });
});

describe('all problems', () => {
  it('of one text are reported together', () => {
    const { problems } = parseWorkflow(
      `${HEAD}tasks:\n  - { id: a, agent: echo, parameters: { v: "\${one + two} \${three(four)} \${a b}" } }\n`,
    );
    expect(problems.map(({ code, column }) => [code, column])).toEqual([
      ['expression.unknown-name', 47],
      ['expression.unknown-name', 53],
      ['expression.unknown-function', 60],
      ['expression.unknown-name', 66],
      ['expression.syntax', 77],
    ]);
  });
});

describe('agents that may join', () => {
  const check = (agent: string) =>
    parseWorkflow(
      `${HEAD}tasks:\n  - { id: a, agent: ${agent} }\n  - { id: b, agent: ${agent} }\n`,
      {
        ...options,
        mayJoin: ['agent'],
      },
    ).problems.map(({ severity }) => severity);

  it('are a warning, once for each name', () => {
    expect(check('somebody')).toEqual(['warning']);
    expect(check('echo2')).toEqual(['warning']);
  });

  it('are errors where a long known name was meant', () => {
    expect(check('codebase-analizer')).toEqual(['error', 'error']);
  });
});
