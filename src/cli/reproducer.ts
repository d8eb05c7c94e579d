/**
 * The shortest history after which what went wrong with a run is about to happen again. What is left out comes after
 * that; what came before is needed to get there.
 */
import { RunFolder } from '../actors/host/load.ts';
import type { Envelope } from '../events/envelope.ts';
import type { EventLog } from '../log/event-log.ts';
import { reasonOf, TroupeError } from '../workflow/errors.ts';
import { NotReproducibleError } from './errors.ts';

export interface Reproducer {
  /** The last version that is needed; its commit is whole. */
  toVersion: number;
  /** `fold`: folding it throws. `attempt`: an orchestrator gives the attempt out again. `decision`: the next message breaks it. */
  kind: 'fold' | 'attempt' | 'decision';
  /** What goes wrong. */
  code: string;
  message: string;
  /** Of an attempt. */
  task?: string;
}

type Data = Record<string, unknown>;

/** Throws `run.not-reproducible` for a run that is neither broken nor failed. */
export async function findReproducer(
  log: EventLog,
  runId: string,
  envelopes: readonly Envelope[],
): Promise<Reproducer> {
  return (
    (await brokenFold(log, runId)) ?? quarantined(envelopes) ?? failed(envelopes) ?? refuse(runId)
  );
}

function refuse(runId: string): never {
  throw new NotReproducibleError(runId);
}

/** Folds commit by commit: the first one that cannot be folded is the last one needed. */
async function brokenFold(log: EventLog, runId: string): Promise<Reproducer | undefined> {
  const folder = new RunFolder(log, runId, {});
  for await (const commits of log.readStream(runId)) {
    for (const commit of commits) {
      try {
        await folder.take(commit);
      } catch (error) {
        const code = error instanceof TroupeError ? error.code : 'defect.exception';
        const toVersion = commit.firstVersion + commit.events.length - 1;
        return { toVersion, kind: 'fold', code, message: reasonOf(error) };
      }
    }
  }
  return undefined;
}

function quarantined(envelopes: readonly Envelope[]): Reproducer | undefined {
  const found = envelopes.findLast(({ type }) => type === 'run.quarantined')?.data as
    | Data
    | undefined;
  if (found === undefined) return undefined;
  const { code, message } = found['error'] as { code: string; message: string };
  const evidence = found['message'] as Data | undefined;
  const startedVersion = evidence?.['startedVersion'];
  if (typeof startedVersion === 'number') {
    const task = String(evidence?.['taskId']);
    return { toVersion: startedVersion, kind: 'attempt', code, message, task };
  }
  return { toVersion: Number(found['streamVersion']), kind: 'decision', code, message };
}

/** Of a run that failed: the attempt whose failure nothing followed. */
function failed(envelopes: readonly Envelope[]): Reproducer | undefined {
  if (envelopes.at(-1)?.type !== 'run.failed') return undefined;
  const end = envelopes.findLast(({ type, data }) => type === 'task.failed' && hasAttempt(data));
  const { taskId, attempt, error } = (end?.data ?? {}) as Data;
  const start = envelopes.findLast(
    ({ type, data }) =>
      type === 'task.started' &&
      (data as Data)['taskId'] === taskId &&
      (data as Data)['attempt'] === attempt,
  );
  if (start === undefined) return undefined;
  const { code, message } = error as { code: string; message: string };
  const task = String(taskId);
  return { toVersion: start.streamVersion, kind: 'attempt', code, message, task };
}

function hasAttempt(data: unknown): boolean {
  return typeof (data as Data)['attempt'] === 'number';
}
