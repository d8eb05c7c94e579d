/**
 * What a run touches that went wrong: other runs, schedules, work that is held back, attempts that crashed, and whom they
 * took with them. Read from documents and from the run's own fold; it changes nothing.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import { dueAtOf, runState } from '../../machines/run/aggregate.ts';
import { isCrash } from '../../machines/run/crashes.ts';
import { endedRunStates } from '../../machines/run/machine.ts';
import type { BlastRadius, CrashedAttempt } from '../../messages/blast-radius.ts';
import type { RunRecord } from '../../projections/runs.ts';
import type { ScheduleRecord } from '../../projections/schedules.ts';
import { LOST_CODE, type StepAttempt } from '../../projections/step-attempts.ts';
import { RunNotFound } from '../host/errors.ts';
import { type LoadedRun, loadRun, type Quarantine, readQuarantine } from '../host/load.ts';
import {
  alikeOf,
  ancestorsOf,
  definitionHashOf,
  familyOf,
  recordOf,
  touched,
} from './touched-runs.ts';

/** Projections that have to be level with what is asked about. */
export const BLAST_PROJECTIONS = ['runs', 'step_attempts', 'schedules'] as const;

const PAGE = 500;
const MAX_HELD = 1_000;
/** Failed attempts that are looked at, of each code. */
const MAX_LOOKED_AT = 5_000;
/** By index, the prefixes of codes that are crashes. */
const CRASH_CODES = [LOST_CODE, 'agent.error', 'defect.'];

/** Throws `run.not-found`, and what reading throws. `BLAST_PROJECTIONS` have to be level with the log. */
export async function blastRadius(
  log: EventLog,
  runId: string,
  /** The file with it, where it has left the log. */
  archive?: string,
): Promise<BlastRadius> {
  const { documents } = log;
  const run = await recordOf(documents, runId);
  if (run === undefined) throw new RunNotFound(runId, archive);
  const loaded = await folded(log, runId);
  const definitionHash = await definitionHashOf(documents, run);
  const ancestors = await ancestorsOf(documents, run);
  const { family, isWhole } = await familyOf(documents, runId);
  const known = new Set([runId, ...[...ancestors, ...family].map((each) => each.runId)]);
  return {
    ...touched(run),
    definitionHash,
    quarantine: await quarantineOf(log, run, loaded?.quarantine),
    ancestors,
    family,
    ...(await alikeOf(documents, { hash: definitionHash, known })),
    schedules: await schedulesOf(log, run),
    ...heldIn(loaded),
    ...(await crashesOf(log, runId)),
    isWhole,
  };
}

/** Undefined where its history cannot be folded, which may be why it is in quarantine. */
async function folded(log: EventLog, runId: string): Promise<LoadedRun | undefined> {
  try {
    return await loadRun(log, runId);
  } catch (error) {
    if ((await readQuarantine(log, runId)) === undefined) throw error;
    return undefined;
  }
}

function heldIn(loaded: LoadedRun | undefined): Pick<BlastRadius, 'held' | 'open' | 'pending'> {
  if (loaded === undefined) return { held: null, open: 0, pending: 0 };
  const { run } = loaded;
  if (endedRunStates.has(runState(run))) return { held: [], open: 0, pending: 0 };
  const held = [...run.open].slice(0, MAX_HELD).map((activation) => ({
    task: activation.id,
    state: activation.state,
    attempt: activation.context.attempt,
    agent: activation.context.agent ?? activation.node.task.agent ?? null,
    dueAt: dueAtOf(activation),
  }));
  return { held, open: run.open.size, pending: run.pending.size + run.pendingCleanup.size };
}

async function quarantineOf(
  log: EventLog,
  run: RunRecord,
  folded: Quarantine | undefined,
): Promise<BlastRadius['quarantine']> {
  if (run.status !== 'quarantined') return null;
  const found = folded ?? (await readQuarantine(log, run.runId));
  if (found === undefined) return null;
  let evidence: unknown = null;
  const after = { fromVersion: Math.max(found.streamVersion, 1) };
  for await (const commits of log.readStream(run.runId, after)) {
    for (const { events } of commits) {
      const last = (events as RunEvent[]).findLast(({ type }) => type === 'run.quarantined');
      if (last?.type === 'run.quarantined') evidence = last.data.message ?? last.data.error;
    }
  }
  return { ...found, evidence };
}

async function schedulesOf(log: EventLog, run: RunRecord): Promise<BlastRadius['schedules']> {
  const found: BlastRadius['schedules'] = [];
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const page = await log.documents.list('schedules', { limit: PAGE, ...from });
    for (const { document } of page.documents) {
      const { name, workflow, status, nextDueAt } = document as unknown as ScheduleRecord;
      const startedIt = run.requestId?.startsWith(`schedule:${name}/`) === true;
      if (startedIt || workflow === run.name) found.push({ name, status, nextDueAt, startedIt });
    }
    if (page.next === undefined) return found;
    after = page.next;
  }
}

async function crashesOf(
  log: EventLog,
  runId: string,
): Promise<Pick<BlastRadius, 'crashed' | 'collateral'>> {
  const crashed: CrashedAttempt[] = [];
  const lost: CrashedAttempt[] = [];
  for (const code of CRASH_CODES) {
    for await (const attempt of failedWith(log, code)) {
      if (attempt.runId === runId) crashed.push(attempt);
      else if (code === LOST_CODE) lost.push(attempt);
    }
  }
  const workers = new Set(
    crashed.filter(({ code }) => code === LOST_CODE).map(({ worker }) => worker),
  );
  return { crashed, collateral: lost.filter(({ worker }) => workers.has(worker)) };
}

/** The newest first. */
async function* failedWith(log: EventLog, prefix: string): AsyncGenerator<CrashedAttempt> {
  let after: string | undefined;
  for (let left = MAX_LOOKED_AT; left > 0; left -= PAGE) {
    const from = after === undefined ? {} : { after };
    const query = { index: 'failed', prefix, limit: PAGE, reverse: true, ...from };
    const page = await log.documents.list('step_attempts', query);
    for (const { document } of page.documents) {
      const { runId, taskId, attempt, agent, worker, error } = document as unknown as StepAttempt;
      if (error === null || !isCrash(error, worker ?? undefined)) continue;
      yield { runId, task: taskId, attempt, agent, worker, code: error.code };
    }
    if (page.next === undefined) return;
    after = page.next;
  }
}
