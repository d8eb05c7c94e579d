/** What is read of WfFormat, in each of its versions, and what is said about files that do not fit. */
// Size: a case for each version, and one for each mistake.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { figuresOf, type RecordedWorkflow } from '../../../src/workflow/import/recorded.ts';
import { readWfFormat } from '../../../src/workflow/import/wfformat.ts';
import { graphNames, graphText } from './graphs.ts';

type Loose = Record<string, unknown>;

const read = (value: unknown) => readWfFormat(JSON.stringify(value, null, 1), 'x.json');
const before15 = (tasks: Loose[], field = 'tasks') => ({ name: 'x', workflow: { [field]: tasks } });
const from15 = (tasks: Loose[], times?: Loose[]) => ({
  name: 'x',
  schemaVersion: '1.5',
  workflow: {
    specification: { tasks },
    ...(times !== undefined && { execution: { makespanInSeconds: 1, tasks: times } }),
  },
});

/** `label: parents (seconds)`. */
function told({ tasks }: RecordedWorkflow): string[] {
  return tasks.map(({ label, parents, seconds }) => {
    const before = parents.map((parent) => tasks[parent]?.label).join(' ');
    return `${label}: ${before} (${seconds})`;
  });
}

/** `code path` of what is wrong. */
function wrong(value: unknown): string[] {
  const errors = read(value).problems.filter(({ severity }) => severity === 'error');
  return errors.map(({ code, path }) => `${code} ${path}`);
}

describe('the recorded runs', () => {
  it.each(graphNames)('%s has the figures that its publisher computed', (name) => {
    const { recorded, problems } = readWfFormat(graphText(name), name);
    expect(problems).toEqual([]);
    const published = publishedFigures.find(([file]) => file === name);
    const { tasks, dependencies, workSeconds, criticalPathSeconds } = figuresOf(
      recorded as RecordedWorkflow,
    );
    expect([name, tasks, dependencies]).toEqual(published?.slice(0, 3));
    expect(workSeconds).toBeCloseTo(published?.[3] ?? 0, 2);
    expect(criticalPathSeconds).toBeCloseTo(published?.[4] ?? 0, 2);
  });
});

describe('versions', () => {
  it('1.5 and 1.6: ids, parents and children, times apart', () => {
    const { recorded, problems } = read(
      from15(
        [
          { name: 'split', id: 'a', parents: [], children: ['b.1'] },
          { name: 'work', id: 'b.1', parents: ['a'], children: [] },
        ],
        [
          { id: 'b.1', runtimeInSeconds: 2 },
          { id: 'a', runtimeInSeconds: 0.5 },
        ],
      ),
    );
    expect(problems).toEqual([]);
    expect(told(recorded as RecordedWorkflow)).toEqual(['a:  (0.5)', 'b.1: a (2)']);
  });

  it.each([
    ['1.4', 'tasks', 'runtimeInSeconds'],
    ['1.3', 'tasks', 'runtime'],
    ['1.0 to 1.2', 'jobs', 'runtime'],
  ])(
    '%s: workflow.%s, %s, tasks named by name; one end of a dependency is enough',
    (_version, field, runtime) => {
      const tasks = [
        { name: 'a', id: 'ID1', [runtime]: 1, children: ['b'] },
        { name: 'b', id: 'ID2', [runtime]: 2, parents: [] },
        { name: 'c', [runtime]: 3, parents: ['b', 'ID1'] },
      ];
      const { recorded, problems } = read(before15(tasks, field));
      expect(problems).toEqual([]);
      expect(told(recorded as RecordedWorkflow)).toEqual(['a:  (1)', 'b: a (2)', 'c: b a (3)']);
    },
  );

  it('tasks of one name are told apart by their ids', () => {
    const { recorded } = read(
      before15([
        { name: 'align', id: '1', runtime: 1 },
        { name: 'align', id: '2', runtime: 2, parents: ['1'] },
      ]),
    );
    expect(told(recorded as RecordedWorkflow)).toEqual(['align_1:  (1)', 'align_2: align_1 (2)']);
  });
});

describe('what is missing', () => {
  it('dependencies: taken from files, where no task names another; with a warning', () => {
    const { recorded, problems } = read(
      before15([
        { name: 'hello', runtime: 1, files: [{ link: 'output', name: 'hello.dat' }] },
        { name: 'world', runtime: 1, files: [{ link: 'output', name: 'world.dat' }] },
        {
          name: 'both',
          runtime: 1,
          files: [
            { link: 'input', name: 'hello.dat' },
            { link: 'INPUT', name: 'world.dat' },
            { link: 'input', name: 'given.dat' },
          ],
        },
      ]),
    );
    expect(told(recorded as RecordedWorkflow)).toEqual([
      'hello:  (1)',
      'world:  (1)',
      'both: hello world (1)',
    ]);
    expect(problems).toMatchObject([
      {
        code: 'import.dependencies-from-files',
        severity: 'warning',
        message: expect.stringContaining('2 dependencies'),
      },
    ]);
  });

  it('files do not count where a task names another', () => {
    const { recorded, problems } = read(
      from15(
        [
          { id: 'a', name: 'a', parents: [], children: [], outputFiles: ['f'] },
          { id: 'b', name: 'b', parents: [], children: [], inputFiles: ['f'] },
          { id: 'c', name: 'c', parents: ['a'], children: [] },
        ],
        ['a', 'b', 'c'].map((id) => ({ id, runtimeInSeconds: 1 })),
      ),
    );
    expect(problems).toEqual([]);
    expect(told(recorded as RecordedWorkflow)).toEqual(['a:  (1)', 'b:  (1)', 'c: a (1)']);
  });

  it('times: 0, with a warning that names the first; a time below 0 as well', () => {
    const { recorded, problems } = read(
      from15(
        ['a', 'b', 'c'].map((id) => ({ id, name: id, parents: [], children: [] })),
        [{ id: 'c', runtimeInSeconds: -3 }],
      ),
    );
    expect(told(recorded as RecordedWorkflow)).toEqual(['a:  (0)', 'b:  (0)', 'c:  (0)']);
    expect(problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: "a" has no recorded time and takes none (and 1 more)',
      'warning: "c" has a recorded time below 0 and takes none',
    ]);
  });

  it('an execution at all', () => {
    const { recorded, problems } = read(
      from15([{ id: 'a', name: 'a', parents: [], children: [] }]),
    );
    expect(recorded?.tasks).toHaveLength(1);
    expect(problems.map(({ code }) => code)).toEqual(['import.no-runtime']);
  });
});

const task = (id: string, more: Loose = {}) => ({
  id,
  name: id,
  parents: [],
  children: [],
  ...more,
});

/** Files, and where they are wrong. */
const mistakes: readonly [what: string, value: unknown, wrong: string[]][] = [
  ['no WfFormat', { name: 'x', tasks: [] }, ['import.unknown-format ']],
  ['a list', [], ['import.unknown-format ']],
  ['another workflow', { workflow: { nodes: [] } }, ['import.unknown-format workflow']],
  ['no task', before15([]), ['import.invalid-field workflow.tasks']],
  [
    'a time that is a text',
    before15([{ name: 'a', runtime: '1' }]),
    ['import.invalid-field workflow.tasks[0].runtime'],
  ],
  ['a task without a name', before15([{ runtime: 1 }]), ['import.invalid-field workflow.tasks[0]']],
  [
    'names of nobody, all at once',
    from15([task('alpha', { children: ['beta'] }), task('gamma', { parents: ['alpa'] })]),
    [
      'import.unknown-task workflow.specification.tasks[0].children[0]',
      'import.unknown-task workflow.specification.tasks[1].parents[0]',
    ],
  ],
  [
    'a name of several',
    before15([
      { name: 'a', id: '1' },
      { name: 'a', id: '2' },
      { name: 'b', parents: ['a'] },
    ]),
    ['import.ambiguous-task workflow.tasks[2].parents[0]'],
  ],
  [
    'an id twice',
    from15([task('a'), task('a')]),
    ['import.duplicate-task workflow.specification.tasks[1].id'],
  ],
  [
    'a time twice',
    from15(
      [task('a')],
      [
        { id: 'a', runtimeInSeconds: 1 },
        { id: 'a', runtimeInSeconds: 2 },
      ],
    ),
    ['import.duplicate-task workflow.execution.tasks[1].id'],
  ],
  [
    'a cycle',
    from15(
      [task('a', { parents: ['c'] }), task('b', { parents: ['a'] }), task('c', { parents: ['b'] })],
      [
        { id: 'a', runtimeInSeconds: 1 },
        { id: 'b', runtimeInSeconds: 1 },
        { id: 'c', runtimeInSeconds: 1 },
      ],
    ),
    ['import.cycle workflow.specification.tasks[1]'],
  ],
];

describe('what is wrong', () => {
  it.each(mistakes)('%s is refused, with its place', (_what, value, expected) => {
    const { recorded, problems } = read(value);
    expect(recorded).toBeUndefined();
    expect(wrong(value)).toEqual(expected);
    for (const { line, column, hint, file } of problems) {
      expect(line * column).toBeGreaterThan(0);
      expect(hint).toMatch(/\S/);
      expect(file).toBe('x.json');
    }
  });

  it('a mistyped name gets a suggestion, a cycle its way', () => {
    const near = read(from15([task('alpha'), task('gamma', { parents: ['alpa'] })]));
    expect(near.problems.find(({ code }) => code === 'import.unknown-task')?.hint).toBe(
      'Did you mean `alpha`?',
    );
    const cycle = read(
      before15([
        { name: 'a', runtime: 1, parents: ['b'] },
        { name: 'b', runtime: 1, parents: ['a'] },
      ]),
    );
    expect(cycle.problems[0]?.message).toMatch(/a -> b -> a|b -> a -> b/);
  });

  it.each([
    ['cut off', '{"workflow": {"tasks": [', 'workflow.syntax'],
    ['empty', '', 'import.unknown-format'],
    [
      'not a number',
      '{"workflow": {"tasks": [{"name": "a", "runtime": NaN}]}}',
      'import.invalid-field',
    ],
  ])('a text that is %s', (_what, text, code) => {
    const { recorded, problems } = readWfFormat(text);
    expect(recorded).toBeUndefined();
    expect(problems[0]?.code).toBe(code);
  });
});

/** From the index of the collection: file, tasks, edges, sum of the times, critical path. */
const publishedFigures = readFileSync(new URL('./fixtures/figures.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): [string, number, number, number, number] => {
    const [name = '', ...numbers] = line.split('\t');
    const [tasks = 0, edges = 0, work = 0, path = 0] = numbers.map(Number);
    return [name, tasks, edges, work, path];
  });
