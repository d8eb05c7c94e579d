/** The workflow that a recorded run becomes. */
import { describe, expect, it } from 'vitest';
import {
  type ImportedWorkflow,
  type ImportOptions,
  importedWorkflow,
  importedYaml,
} from '../../../src/workflow/import/imported-workflow.ts';
import type { RecordedWorkflow } from '../../../src/workflow/import/recorded.ts';
import { readWfFormat } from '../../../src/workflow/import/wfformat.ts';
import { compileWorkflow, parseWorkflow } from '../../../src/workflow/parse.ts';
import { costOf, unitCost } from '../../support/cost.ts';
import { graphNames, graphText } from './graphs.ts';

type Row = [label: string, seconds: number, parents?: number[]];

function imported(rows: Row[], options?: ImportOptions): ImportedWorkflow {
  return importedWorkflow(
    {
      name: 'x',
      description: undefined,
      tasks: rows.map(([label, seconds, parents = []]) => ({ label, seconds, parents })),
      order: rows.map((_, index) => index),
    },
    options,
  );
}

const line = ({ workflow }: ImportedWorkflow): string[] =>
  workflow.tasks.map(({ id, parameters }) => `${id} ${String(parameters?.['ms'])}`);

describe('a recorded run', () => {
  it.each(graphNames)(
    '%s becomes a valid workflow with all its tasks, dependencies and times',
    (name) => {
      const recorded = readWfFormat(graphText(name)).recorded as RecordedWorkflow;
      const { workflow, figures } = importedWorkflow(recorded);
      const { definition, problems } = parseWorkflow(importedYaml(workflow, ['a note']));
      expect(problems).toEqual([]);
      expect(definition).toEqual(compileWorkflow(workflow).definition);
      const byLabel = new Map(
        workflow.tasks.map((task) => [task.description ?? task.id, task] as const),
      );
      for (const { label, seconds, parents } of recorded.tasks) {
        const task = byLabel.get(label);
        expect(task).toMatchObject({
          agent: 'sleep',
          parameters: { ms: Math.round(seconds * 1_000) },
        });
        const labels = (task?.dependencies ?? []).map((id) => {
          const before = workflow.tasks.find((other) => other.id === id);
          return before?.description ?? before?.id;
        });
        expect(labels).toEqual(parents.map((parent) => recorded.tasks[parent]?.label));
      }
      expect(figures.tasks).toBe(recorded.tasks.length);
    },
  );

  it('has its tasks in the order of their longest path, parents before children', () => {
    const rows: Row[] = [
      ['short', 1],
      ['long', 2],
      ['end', 3, [1]],
      ['no time', 0],
      ['last', 5, [3]],
    ];
    expect(line(imported(rows))).toEqual([
      'long 2000',
      'no_time 0',
      'last 5000',
      'end 3000',
      'short 1000',
    ]);
  });

  it('runs as many at a time as its parents allow, if nothing else is said', () => {
    const rows: Row[] = [
      ['a', 1],
      ['b', 2],
      ['c', 1, [0]],
      ['d', 1, [0]],
      ['e', 1, [1]],
    ];
    expect(imported(rows).workflow.settings).toEqual({ max_parallel: 3 });
    expect(imported(rows, { maxParallel: 2 }).figures).toMatchObject({
      maxParallel: 2,
      lowerBoundMs: 3_000,
    });
  });

  it('gets more time than an hour where it needs it', () => {
    expect(imported([['a', 2_000.2]]).workflow.settings?.timeout).toBe(4_001);
  });
});

describe('the scale', () => {
  const rows: Row[] = [
    ['a', 10],
    ['b', 20, [0]],
    ['c', 30, [0]],
  ];

  it('is a factor for every time', () => {
    expect(line(imported(rows, { scale: { factor: 0.001 } }))).toEqual(['a 10', 'c 30', 'b 20']);
    expect(imported(rows, { scale: { factor: 0 } }).figures).toMatchObject({
      workMs: 0,
      lowerBoundMs: 0,
    });
  });

  it('or the time of the shortest run, by the bound that holds', () => {
    const scale = { shortestMs: 1_000 };
    expect(imported(rows, { scale }).figures).toMatchObject({
      factor: 1 / 40,
      lowerBoundMs: 1_000,
      workMs: 1_500,
    });
    expect(imported(rows, { scale, maxParallel: 1 }).figures).toMatchObject({
      factor: 1 / 60,
      lowerBoundMs: 1_000,
    });
    expect(imported([['a', 0]], { scale }).figures.factor).toBe(1);
  });

  it('is refused where the run would be too long', () => {
    expect(() => imported(rows, { scale: { factor: 1e9 } })).toThrow(
      expect.objectContaining({ code: 'import.too-long' }),
    );
  });
});

describe('ids', () => {
  it('are those of the record where they can be; else made of it, unique, with the record in the description', () => {
    const long = 'x'.repeat(200);
    const { workflow } = imported([
      ['a.b', 9],
      ['a/b', 8],
      ['a_b', 7],
      ['true', 6],
      [long, 5],
      [`${long}y`, 4],
      ['', 3],
    ]);
    expect(workflow.tasks.map(({ id }) => id)).toEqual([
      'a_b',
      'a_b_2',
      'a_b_3',
      'task_true',
      'x'.repeat(128),
      `${'x'.repeat(126)}_2`,
      'task_',
    ]);
    expect(workflow.tasks.map(({ description }) => description)).toEqual([
      'a.b',
      'a/b',
      'a_b',
      'true',
      long,
      `${long}y`,
      '',
    ]);
    expect(compileWorkflow(workflow).problems).toEqual([]);
  });

  it('of 20,000 tasks with one beginning take time in proportion, not its square', () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, index): Row => [`${'x'.repeat(130)}${index}`, 1],
    );
    const cost = costOf(() => {
      expect(new Set(imported(rows).workflow.tasks.map(({ id }) => id)).size).toBe(20_000);
    });
    // Measured: 3 floors; as the square some hundreds.
    expect(cost / unitCost(), `${Math.round(cost)} ms`).toBeLessThan(40);
  });
});
