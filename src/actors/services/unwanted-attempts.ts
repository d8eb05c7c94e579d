/**
 * Work that goes on for nobody: a worker lists an attempt whose task has ended, for the cancellation was lost on its way.
 * It is canceled again, so that its place is free for others.
 *
 * U1 While the task is open an attempt of it may still succeed, also one that was lost: it is left alone.
 * U2 Of a run that this log does not know nothing is canceled: the work may belong to another one.
 */
import { openStates } from '../../machines/task/machine.ts';
import type { AttemptRef } from '../../messages/execution.ts';
import type { Dispatcher } from '../effects/dispatcher.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import type { Attempts } from './attempts.ts';

/** Runs that are loaded at once because a worker has something of theirs. */
const MAX_LOADS = 32;

export interface UnwantedOptions {
  runtime: Pick<HostRuntime, 'log' | 'liveRuns' | 'logger'>;
  table: Pick<RunTable, 'find' | 'activate'>;
  attempts: Pick<Attempts, 'overdue'>;
  dispatcher: Pick<Dispatcher, 'cancel'>;
}

/** Cancels what workers go on listing although no run wants it; called at each judgement of silence (`listening.ts`). */
export function cancelUnwanted(options: UnwantedOptions, listenedMs: number): void {
  const { attempts, dispatcher } = options;
  const unloaded = new Set<string>();
  for (const { agent, ...ref } of attempts.overdue(listenedMs)) {
    const judged = judge(options, ref);
    if (judged === 'unloaded') unloaded.add(ref.runId);
    if (judged !== 'unwanted') continue;
    dispatcher.cancel({ ref, agent, reason: 'the task has ended', force: true });
  }
  for (const runId of [...unloaded].slice(0, MAX_LOADS)) load(options, runId);
}

function judge(
  { runtime, table }: UnwantedOptions,
  { runId, activation }: AttemptRef,
): 'wanted' | 'unwanted' | 'unloaded' {
  const host = table.find(runId);
  const run = host?.run;
  if (run !== undefined) {
    const state = run.activations.get(activation)?.state;
    return state !== undefined && openStates.has(state) ? 'wanted' : 'unwanted';
  }
  if (host !== undefined || runtime.log.streamHead(runId) === undefined) return 'wanted';
  return runtime.liveRuns.has(runId) ? 'unloaded' : 'unwanted';
}

/** The next judgement that names the attempt sees its run. */
function load({ table, runtime }: UnwantedOptions, runId: string): void {
  table.activate(runId).catch((error: unknown) => {
    runtime.logger.warn('a run of which a worker has an attempt cannot be read', {
      runId,
      error: String(error),
    });
  });
}
