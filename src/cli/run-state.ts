/** The state of a run at a version, from its history: what replay, `runs show` and verification look at. */
import { type LoadedRun, loadRun } from '../actors/host/load.ts';
import { reportRun } from '../actors/host/report.ts';
import type { EventLog } from '../log/event-log.ts';
import type { RunReport } from '../messages/report.ts';
import { RunNotFoundError } from './errors.ts';

export interface RunState {
  loaded: LoadedRun;
  report: RunReport;
}

export interface StateOptions {
  /** The version to stop at; default the last. */
  toVersion?: number;
  /** False: every event is folded, from version 1. */
  useSnapshot?: boolean;
  /** For the duration of a run that goes on; ms since the epoch. Default: the time of its last event. */
  now?: number;
}

/** Folds the run and reports it. Throws `run.not-found`, and what a fold throws. */
export async function stateOf(
  log: EventLog,
  runId: string,
  options: StateOptions = {},
): Promise<RunState> {
  const { now, ...loading } = options;
  const loaded = await loadRun(log, runId, loading);
  if (loaded === undefined) throw new RunNotFoundError(runId, 'the log');
  const { run, quarantine } = loaded;
  const report = await reportRun(log, run, { now: now ?? run.at, quarantine });
  return { loaded, report };
}
