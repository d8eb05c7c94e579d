/** What the order of the imported tasks is worth, by schedules without any overhead. */
import { describe, expect, it } from 'vitest';
import { importedWorkflow } from '../../../src/workflow/import/imported-workflow.ts';
import type { RecordedWorkflow } from '../../../src/workflow/import/recorded.ts';
import { readWfFormat } from '../../../src/workflow/import/wfformat.ts';
import type { WorkflowSource } from '../../../src/workflow/schema.ts';
import { graphNames, graphText } from './graphs.ts';
import { listSchedule } from './list-schedule.ts';

const WITHIN = 1.05;

interface Bounded {
  name: string;
  maxParallel: number;
  /** Makespan over the lower bound. */
  imported: number;
  recorded: number;
}

/** The same tasks in the order of the record. */
function inRecordedOrder(workflow: WorkflowSource, { tasks }: RecordedWorkflow): WorkflowSource {
  const places = new Map(tasks.map(({ label }, index) => [label, index]));
  const place = ({ id, description = id }: WorkflowSource['tasks'][number]): number =>
    places.get(description) ?? Number.NaN;
  return { ...workflow, tasks: workflow.tasks.toSorted((a, b) => place(a) - place(b)) };
}

/** Each graph with 2, 3, 4, 6, 8, 12, 16 and 32 places, where these are fewer than it can use. */
const bounded = graphNames.flatMap((name): Bounded[] => {
  const record = readWfFormat(graphText(name)).recorded as RecordedWorkflow;
  const most = importedWorkflow(record).figures.maxParallel;
  return [2, 3, 4, 6, 8, 12, 16, 32]
    .filter((maxParallel) => maxParallel < most)
    .map((maxParallel) => {
      const { workflow, figures } = importedWorkflow(record, { maxParallel });
      const ratio = (source: WorkflowSource): number =>
        listSchedule(source, maxParallel) / figures.lowerBoundMs;
      const recorded = ratio(inRecordedOrder(workflow, record));
      return { name, maxParallel, imported: ratio(workflow), recorded };
    });
});

const mean = (values: number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the order of the longest paths', () => {
  it('is within 5 % of the lower bound for 38 of 67 bounded schedules, that of the record for 18', () => {
    const imported = bounded.map((one) => one.imported);
    const recorded = bounded.map((one) => one.recorded);
    const met = (ratios: number[]): number => ratios.filter((ratio) => ratio <= WITHIN).length;
    expect(bounded.length).toBe(67);
    expect(mean(imported)).toBeLessThan(mean(recorded) - 0.07);
    expect([met(imported), met(recorded)]).toEqual([38, 18]);
  });

  it.each(graphNames)('%s meets its critical path with as many places as it asks for', (name) => {
    const record = readWfFormat(graphText(name)).recorded as RecordedWorkflow;
    const { workflow, figures } = importedWorkflow(record);
    expect(listSchedule(workflow, figures.maxParallel)).toBe(figures.criticalPathMs);
  });
});
