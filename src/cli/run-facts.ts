/** What a picture or a report of a run is made of: its definition, its state now, and its events where they are wanted. */
import type { Client } from '../client/client.ts';
import type { Envelope } from '../events/envelope.ts';
import type { RunReport } from '../messages/report.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import { reasonOf } from '../workflow/errors.ts';
import { isKeptValue } from '../workflow/value.ts';
import { now } from './clock.ts';
import { RunNotFoundError } from './errors.ts';
import { historyPages, type Reader, type RunHistory } from './reader.ts';

export interface RunFacts {
  definition: WorkflowDefinition;
  report: RunReport;
  /** All of them, or the first one alone. */
  envelopes: readonly Envelope[];
  /** Present where the history cannot be folded to its end: the report is of the version before. */
  unfolded?: { version: number; reason: string };
}

/**
 * Asks the orchestrator where one runs, so that no blob but that of the definition is copied; else folds the log.
 * Throws `run.not-found`, and what the fold of the first event throws.
 */
export async function readRunFacts(
  reader: Reader,
  runId: string,
  { withEvents }: { withEvents: boolean },
): Promise<RunFacts> {
  if (reader.client === undefined) return localFacts(await reader.history(runId), runId);
  const { client } = reader;
  const report = await client.report(runId);
  const envelopes = await eventsOf(client, runId, withEvents);
  const [first] = envelopes;
  if (first === undefined) throw new RunNotFoundError(runId, reader.where);
  return {
    definition: await definitionFrom(client, await definitionIn(client, first)),
    report,
    envelopes,
  };
}

/**
 * The history of a run for a walk through it. Where an orchestrator runs, its log holds nothing but the definition's
 * blob: a fold needs no other, and one that is gone must not hide how it came to that. Throws `run.not-found`.
 */
export async function walkHistory(reader: Reader, runId: string): Promise<RunHistory> {
  if (reader.client === undefined) return reader.history(runId);
  const { createMemoryLog } = await import('../log/memory-log.ts');
  const { client } = reader;
  const envelopes = await eventsOf(client, runId, true);
  const [first] = envelopes;
  // A fork begins with the state of another run: that has to be folded.
  if (first?.type === 'run.forked') return reader.history(runId);
  const log = createMemoryLog();
  const { definition } = (first?.data ?? {}) as { definition?: unknown };
  if (isKeptValue(definition))
    await log.blobs.put(await client.getBlob(definition), definition.type);
  return { log, envelopes, origins: [] };
}

/** The definition as it was recorded, by the run at the beginning of a line of forks. */
async function definitionIn(client: Client, event: Envelope): Promise<unknown> {
  let first: Envelope | undefined = event;
  while (first?.type === 'run.forked')
    [first] = (await client.history((first.data as { from: string }).from, { limit: 1 })).events;
  return (first?.data as { definition?: unknown } | undefined)?.definition;
}

async function eventsOf(client: Client, runId: string, isAll: boolean): Promise<Envelope[]> {
  if (!isAll) return (await client.history(runId, { limit: 1 })).events;
  const envelopes: Envelope[] = [];
  for await (const events of historyPages(client, runId)) envelopes.push(...events);
  return envelopes;
}

async function definitionFrom(client: Client, recorded: unknown): Promise<WorkflowDefinition> {
  if (!isKeptValue(recorded)) return recorded as WorkflowDefinition;
  const bytes = await client.getBlob(recorded);
  return JSON.parse(new TextDecoder().decode(bytes)) as WorkflowDefinition;
}

async function localFacts(history: RunHistory, runId: string): Promise<RunFacts> {
  const { log, envelopes } = history;
  const [{ stateOf }, { definitionOf, readCreated }] = await Promise.all([
    import('./run-state.ts'),
    import('../actors/host/load.ts'),
  ]);
  const definition = await definitionOf(log, await readCreated(log, runId));
  try {
    const { report } = await stateOf(log, runId, { now: now() });
    return { definition, report, envelopes };
  } catch (error) {
    const version = await lastFoldable(history, runId);
    const { report } = await stateOf(log, runId, { toVersion: version, useSnapshot: false });
    const unfolded = { version: version + 1, reason: reasonOf(error) };
    return { definition, report: { ...report, status: 'quarantined' }, envelopes, unfolded };
  }
}

/** The version before the first event that does not fold. */
async function lastFoldable(history: RunHistory, runId: string): Promise<number> {
  const { HistoryWalker } = await import('./history-walker.ts');
  const walker = await HistoryWalker.open(history, runId);
  await walker.goTo(walker.last);
  return (walker.broken?.version ?? walker.last + 1) - 1;
}
