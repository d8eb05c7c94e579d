/** The report of an aggregate with every value in it, read from the log where it is not in memory. */
import type { EventLog } from '../../log/event-log.ts';
import { type RunAggregate, type ValueRef, valueKey } from '../../machines/run/aggregate.ts';
import { type ReportOptions, refsOfReport, reportOf } from '../../machines/run/report.ts';
import type { RunReport } from '../../messages/report.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { readValue } from './load.ts';

/** `now`: milliseconds since the epoch, for the duration of a run that goes on. */
export async function reportRun(
  log: EventLog,
  run: RunAggregate,
  options: Omit<ReportOptions, 'valueOf'>,
): Promise<RunReport> {
  const values = new Map<string, JsonValue>();
  // The run goes on while values are read: what it has more of by then is read as well.
  for (
    let missing = missingRefs(run, values);
    missing.length > 0;
    missing = missingRefs(run, values)
  ) {
    for (const ref of missing) values.set(keyOf(ref), await readShown(log, run.header.runId, ref));
  }
  return reportOf(run, { ...options, valueOf: (ref) => values.get(keyOf(ref)) ?? null });
}

/** A blob that cannot be read is shown as its reference: the report of a broken run must tell the rest. */
async function readShown(log: EventLog, runId: string, ref: ValueRef): Promise<JsonValue> {
  try {
    return await readValue(log, runId, ref);
  } catch (error) {
    const isBlob = error instanceof TroupeError && error.code.startsWith('blob.');
    if (isBlob && ref.at === 'blob') return ref.blob;
    throw error;
  }
}

function missingRefs(run: RunAggregate, values: ReadonlyMap<string, JsonValue>): ValueRef[] {
  return refsOfReport(run).filter((ref) => !values.has(keyOf(ref)));
}

function keyOf(ref: ValueRef): string {
  return ref.at === 'inline' ? '' : valueKey(ref);
}
