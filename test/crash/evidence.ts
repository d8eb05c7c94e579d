/** What log and journal say after a storm, against what was promised. */
import { upcast } from '../../src/events/catalogue.ts';
import { envelopesOf } from '../../src/events/envelope.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import type { Kill } from './cluster.ts';
import { type Execution, readExecutions } from './journal.ts';

export interface LogEvidence {
  runs: number;
  /** Runs that have not exactly one end. */
  withoutEnd: string[];
  /** `task.succeeded` for each `<runId>/<activation>`. */
  successes: Map<string, number>;
  /** Attempts that ended with `worker.lost`. */
  lost: number;
}

/** Reads the whole log of a stopped orchestrator. */
export async function readLogEvidence(directory: string): Promise<LogEvidence> {
  const log = await openLevelLog({ directory, upcast });
  const ends = new Map<string, number>();
  const successes = new Map<string, number>();
  let lost = 0;
  try {
    for await (const commits of log.readAll()) {
      for (const commit of commits) {
        for (const { stream, type, data } of envelopesOf(commit)) {
          const { taskId, error } = data as { taskId?: string; error?: { code: string } };
          if (type === 'run.created') ends.set(stream, 0);
          else if (type === 'run.succeeded') ends.set(stream, (ends.get(stream) ?? 0) + 1);
          else if (type === 'task.succeeded') increase(successes, `${stream}/${taskId}`);
          else if (type === 'task.attemptFailed' && error?.code === 'worker.lost') lost += 1;
        }
      }
    }
  } finally {
    await log.close();
  }
  const withoutEnd = [...ends].filter(([, count]) => count !== 1).map(([run]) => run);
  return { runs: ends.size, withoutEnd, successes, lost };
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export interface Repetitions {
  executions: number;
  /** Executions beyond the first of an activation that the kill of a worker explains. */
  allowed: number;
  /** The others: none may exist. */
  unexplained: string[];
}

/** An execution is in flight until its result is in the worker's cache on disk, shortly after the agent has returned. */
const CACHE_WRITE_MS = 100;

/** An activation may run again only if its execution before was in flight when its worker was killed. */
export function judgeRepetitions(journal: string, kills: readonly Kill[]): Repetitions {
  const killedAt = new Map<number, number>();
  for (const { pid, at, victim } of kills) if (victim === 'worker') killedAt.set(pid, at);
  const last = new Map<string, Execution>();
  const executions = readExecutions(journal);
  const unexplained: string[] = [];
  let allowed = 0;
  for (const execution of executions) {
    const before = last.get(execution.place);
    last.set(execution.place, execution);
    if (before === undefined) continue;
    if (wasInFlight(before, killedAt.get(before.pid))) allowed += 1;
    else unexplained.push(`${JSON.stringify(before)} then ${JSON.stringify(execution)}`);
  }
  return { executions: executions.length, allowed, unexplained };
}

function wasInFlight(execution: Execution, killedAt: number | undefined): boolean {
  if (killedAt === undefined) return false;
  return execution.endedAt === undefined || killedAt - execution.endedAt <= CACHE_WRITE_MS;
}
