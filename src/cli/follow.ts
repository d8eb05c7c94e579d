/** Stays with a run until it ends, or until nothing but people could end it. */
import type { Client } from '../client/client.ts';
import { isTerminalEvent } from '../client/follow-run.ts';
import { outcomeOf } from '../client/run-outcome.ts';
import type { RunReport } from '../messages/report.ts';
import { exitCodes } from './exit-codes.ts';
import { duration, outputText } from './render/format.ts';
import { ProgressTracker } from './render/progress.ts';
import { failureText } from './render/words.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface FollowedRun {
  report: RunReport;
  exitCode: number;
}

export interface FollowOptions {
  client: Client;
  runId: string;
  terminal: Terminal;
  signal: AbortSignal;
  /** Print each event on stdout. */
  jsonl: boolean;
}

/** Shows progress on stderr. Rejects with the signal's reason. */
export async function followToEnd(options: FollowOptions): Promise<FollowedRun> {
  const { client, runId, terminal, signal, jsonl } = options;
  const tracker = new ProgressTracker();
  for await (const event of client.events(runId, { signal })) {
    if (jsonl) {
      terminal.printJson(event);
      await terminal.drained();
    }
    const line = tracker.take(event);
    if (line !== undefined) terminal.tell(line);
    if (isTerminalEvent(event)) break;
    const needsPerson = tracker.isWaitingForPerson || tracker.isQuarantined;
    if (needsPerson && !terminal.isInputTerminal) {
      const report = await client.report(runId, { signal });
      // A quarantine may be over by now: what was read is history.
      const isOver = tracker.isQuarantined && report.status !== 'quarantined';
      if (!isOver) return { report, exitCode: exitCodes.waitingForPerson };
    }
  }
  const report = await client.waitForRun(runId, { signal });
  return { report, exitCode: exitCodeOfReport(report) };
}

/** 0, 1 or 124. */
function exitCodeOfReport(report: RunReport): number {
  if (report.status === 'succeeded') return exitCodes.done;
  return report.error?.code === 'run.timeout' ? exitCodes.timedOut : exitCodes.failed;
}

/** The result for people: what came out, what went wrong, how to look at it again. */
export function printResult(terminal: Terminal, report: RunReport, session: Session): void {
  const text = outputText(report.output ?? null);
  if (text !== '') terminal.print(`${text}\n`);
  for (const error of outcomeOf(report).errors) {
    terminal.tell(
      `error: ${error.taskId === undefined ? '' : `${error.taskId}: `}${failureText(error)}`,
    );
  }
  terminal.print(`Run ${report.runId} ${report.status} after ${duration(report.durationMs)}.`);
  if (session.settings.store === 'memory') return; // nothing is left of it
  terminal.print(`Replay it: bin/troupe replay ${report.runId}${dataDirOption(session)}`);
}

/** Empty where the same command finds the same log without it. */
function dataDirOption({ settings, provenance }: Session): string {
  return provenance.dataDir.startsWith('--') ? ` --data-dir ${settings.dataDir}` : '';
}
