/** Reads and folds the recorded logs of released versions (`histories/<release>/`). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadOptions, loadRun } from '../../src/actors/host/load.ts';
import { reportRun } from '../../src/actors/host/report.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { importLines } from '../../src/log/import-log.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { RunReport, TaskReport } from '../../src/messages/report.ts';
import type { JsonValue } from '../../src/workflow/value.ts';

const root = join(import.meta.dirname, 'histories');

export const folderOf = (release: string): string => join(root, release);

/** What was recorded beside a log. */
export interface Expected {
  reports: Record<string, RunReport>;
  /** Documents of every projection, by name, then by key. */
  documents: Record<string, Record<string, JsonValue>>;
}

export function releases(): string[] {
  return readdirSync(root).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
}

export function expectedOf(folder: string): Expected {
  return JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
}

/** The log as it was, in memory. */
export async function openHistory(folder: string): Promise<MemoryLog> {
  const log = createMemoryLog({ upcast });
  const text = readFileSync(join(folder, 'log.jsonl'), 'utf8');
  await importLines(log, text.split('\n'));
  return log;
}

/** The report of a run that has ended, folded as said. */
export async function reportFrom(
  log: MemoryLog,
  runId: string,
  options: LoadOptions,
): Promise<RunReport> {
  const loaded = await loadRun(log, runId, options);
  if (loaded === undefined) throw new Error(`${runId} is not in the history`);
  return reportRun(log, loaded.run, { now: 0 });
}

/** A report without what reports say only since a later release (`cancel` of a task). */
export function asRecorded(report: RunReport): RunReport {
  const withoutCancel = ({ cancel: _, instances, ...task }: TaskReport): TaskReport => ({
    ...task,
    ...(instances === undefined ? {} : { instances: instances.map(withoutCancel) }),
  });
  const tasks = Object.entries(report.tasks).map(([id, task]) => [id, withoutCancel(task)]);
  return { ...report, tasks: Object.fromEntries(tasks) as RunReport['tasks'] };
}
