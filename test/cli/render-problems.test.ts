import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemText, SourceLines } from '../../src/cli/render/problem-text.ts';
import { sarifLog } from '../../src/cli/render/sarif.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { problemRules } from '../../src/workflow/problem-rules.ts';
import type { Problem } from '../../src/workflow/problems.ts';

const plain = { hasColor: false };

function rendered(source: string, style = plain): string[] {
  const lines = new SourceLines(source);
  return parseWorkflow(source, { file: 'x.yaml' }).problems.map((problem) =>
    problemText(problem, lines, style),
  );
}

const problem: Problem = {
  code: 'workflow.syntax',
  severity: 'error',
  message: 'wrong',
  hint: 'Do better.',
  file: 'x.yaml',
  line: 1,
  column: 1,
  endColumn: 1,
  path: '',
  text: '',
};

describe('a problem on a terminal', () => {
  it('shows place, line, carets and what to do', () => {
    const [text] = rendered(
      'name: x\nsettings: { max_paralel: 3 }\ntasks: [{ id: a, agent: e }]\n',
    );
    expect(text).toBe(
      [
        'x.yaml:2:13 error workflow.unknown-field: there is no field `max_paralel` in `settings`',
        '    |',
        '  2 | settings: { max_paralel: 3 }',
        '    |             ^^^^^^^^^^^',
        '  hint: Did you mean `max_parallel`?',
      ].join('\n'),
    );
  });

  it('has colours only when they are wanted', () => {
    const source = 'name: x\ntasks: []\n';
    expect(rendered(source).join()).not.toContain('\u001b');
    expect(rendered(source, { hasColor: true }).join()).toContain('\u001b[31m^^\u001b[0m');
  });

  it('keeps tabs and counts wide letters twice, so that the carets stand right', () => {
    const lines = new SourceLines('\tä日本x\n');
    const text = problemText({ ...problem, column: 5, endColumn: 6 }, lines, plain);
    expect(text.split('\n')[3]).toBe('    | \t     ^');
  });

  it('cuts a long line around the place', () => {
    const lines = new SourceLines(`${'a'.repeat(500)}WRONG${'b'.repeat(500)}`);
    const [, , line = '', carets = ''] = problemText(
      { ...problem, column: 501, endColumn: 506 },
      lines,
      plain,
    ).split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('WRONG');
  });

  it('points at one place where something is missing', () => {
    expect(problemText(problem, new SourceLines('abc'), plain)).toContain('    | ^\n');
  });

  it('shows no excerpt where there is no place', () => {
    const text = problemText({ ...problem, line: 0, column: 0 }, undefined, plain);
    expect(text).toBe('x.yaml error workflow.syntax: wrong\n  hint: Do better.');
  });

  it('never passes on what a terminal acts on', () => {
    const text = rendered(
      'name: x\ntasks:\n  - { id: a, agent: e, "\\e[2J\\u202e": 1 }\r\n',
    ).join();
    expect(text).toContain('\ufffd');
    expect(text).not.toMatch(/\p{Cc}(?<!\n)|\u202e/u);
  });
});

describe('SARIF', () => {
  const source = 'name: x\ntasks:\n  - { id: a, "agnet": e, agent: e }\n';
  const root = join(import.meta.dirname, '..');
  const log = sarifLog({
    version: '1.2.3',
    workingDirectory: root,
    files: [
      {
        file: join('a folder', 'x.yaml'),
        problems: parseWorkflow(source).problems,
        lines: new SourceLines(source),
      },
      { file: join(root, '..', 'y.yaml'), problems: [{ ...problem, line: 0 }], lines: undefined },
    ],
  }) as {
    runs: [
      {
        tool: { driver: { rules: { id: string; help: { text: string } }[] } };
        results: Record<string, unknown>[];
      },
    ];
  };
  const [run] = log.runs;

  it('has a rule with help for each kind of problem', () => {
    const { rules } = run.tool.driver;
    expect(rules.map(({ id }) => id)).toEqual(Object.keys(problemRules));
    expect(rules.filter(({ help }) => help.text === '')).toEqual([]);
    for (const { ruleId, ruleIndex } of run.results)
      expect(rules[Number(ruleIndex)]?.id).toBe(ruleId);
  });

  it('has the region, a relative URI and a fix in the quotes of the source', () => {
    expect(log).toMatchObject({ version: '2.1.0' });
    const artifactLocation = { uri: 'a%20folder/x.yaml', uriBaseId: '%SRCROOT%' };
    const region = { startLine: 3, startColumn: 14, endLine: 3, endColumn: 21 };
    expect(run.results[0]).toMatchObject({
      ruleId: 'workflow.unknown-field',
      level: 'error',
      message: { text: 'there is no field `agnet` in a task. Did you mean `agent`?' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { ...artifactLocation, index: 0 },
            region: { ...region, snippet: { text: '"agnet"' } },
            contextRegion: { startLine: 3, endLine: 3 },
          },
          logicalLocations: [{ fullyQualifiedName: 'tasks[0].agnet' }],
        },
      ],
      fixes: [
        {
          artifactChanges: [
            {
              artifactLocation,
              replacements: [{ deletedRegion: region, insertedContent: { text: '"agent"' } }],
            },
          ],
        },
      ],
    });
  });

  it('names a file elsewhere in full, and leaves out a region that is not known', () => {
    const uri = expect.stringMatching(/^file:\/\/\/.*y\.yaml$/);
    expect(run.results[1]?.['locations']).toEqual([
      { physicalLocation: { artifactLocation: { uri, index: 1 } } },
    ]);
  });
});
