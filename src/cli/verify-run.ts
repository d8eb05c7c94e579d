/**
 * Whether a run's history still gives the state that was served: everything is folded again from version 1 and
 * compared with the fold that starts at a snapshot, the orchestrator's own report, and the document of `runs`.
 */
import { isDeepStrictEqual } from 'node:util';
import { isEnded } from '../client/run-outcome.ts';
import type { Envelope } from '../events/envelope.ts';
import { snapshotOf } from '../machines/run/snapshot.ts';
import type { RunReport } from '../messages/report.ts';
import { reasonOf } from '../workflow/errors.ts';
import type { JsonObject } from '../workflow/value.ts';
import type { Reader } from './reader.ts';
import { type RunState, stateOf } from './run-state.ts';

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

export interface Verdict {
  runId: string;
  ok: boolean;
  events: number;
  streamVersion: number;
  checks: Check[];
}

/** Throws `run.not-found`; every difference is a check that is not ok. */
export async function verifyRun(reader: Reader, runId: string): Promise<Verdict> {
  const { log, envelopes } = await reader.history(runId);
  const checks: Check[] = [versions(envelopes)];
  const events = envelopes.length;
  const streamVersion = envelopes.at(-1)?.streamVersion ?? 0;
  const full = await folded(
    () => stateOf(log, runId, { useSnapshot: false, toVersion: streamVersion }),
    checks,
  );
  if (full !== undefined) {
    checks.push(
      await sameAsSnapshot(full, () => stateOf(log, runId, { toVersion: streamVersion })),
    );
    checks.push(await sameAsDocument(full.report, { reader, streamVersion }));
    if (reader.client !== undefined)
      checks.push(sameAsServed(full.report, await reader.client.report(runId)));
  }
  return { runId, ok: checks.every(({ ok }) => ok), events, streamVersion, checks };
}

/** Reading checked every record; what is left is whether all are there. */
function versions(envelopes: readonly Envelope[]): Check {
  const gap = envelopes.findIndex(({ streamVersion }, index) => streamVersion !== index + 1);
  const detail =
    gap < 0
      ? `${envelopes.length} events read, checksums and versions in order`
      : `version ${gap + 1} is missing`;
  return { name: 'history', ok: gap < 0, detail };
}

async function folded(
  fold: () => Promise<RunState>,
  checks: Check[],
): Promise<RunState | undefined> {
  try {
    const state = await fold();
    checks.push({
      name: 'fold',
      ok: true,
      detail: `every event is legal; the run is ${state.report.status}`,
    });
    return state;
  } catch (error) {
    checks.push({ name: 'fold', ok: false, detail: reasonOf(error) });
    return undefined;
  }
}

async function sameAsSnapshot(
  full: RunState,
  fromSnapshot: () => Promise<RunState>,
): Promise<Check> {
  const other = await fromSnapshot();
  const equal =
    isDeepStrictEqual(plain(full), plain(other)) && isDeepStrictEqual(full.report, other.report);
  return {
    name: 'snapshot',
    ok: equal,
    detail: equal
      ? 'the fold from the newest snapshot is the same'
      : 'the fold from the newest snapshot differs',
  };
}

/** The whole state as JSON, so that equal states compare equal however they were reached. */
function plain({ loaded }: RunState): unknown {
  return JSON.parse(JSON.stringify(snapshotOf(loaded.run, { definition: null })));
}

async function sameAsDocument(
  report: RunReport,
  at: { reader: Reader; streamVersion: number },
): Promise<Check> {
  const { documents } = await at.reader.query('runs', { key: report.runId });
  const document = documents[0]?.document as JsonObject | undefined;
  const name = 'projection';
  if (document === undefined)
    return { name, ok: false, detail: 'the projection runs has no document of it' };
  const version = Number(document['streamVersion']);
  if (version > at.streamVersion)
    return { name, ok: true, detail: `the projection runs is already at version ${version}` };
  const equal =
    version === at.streamVersion &&
    document['status'] === report.status &&
    document['name'] === report.name;
  const served = `${String(document['status'])} at version ${version}`;
  return {
    name,
    ok: equal,
    detail: equal
      ? `the projection runs has the same: ${served}`
      : `the projection runs has ${served}`,
  };
}

/** A run that goes on may have moved since its history was read: then there is nothing to compare. */
function sameAsServed(report: RunReport, served: RunReport): Check {
  const name = 'orchestrator';
  if (!isEnded(served)) return { name, ok: true, detail: `the run goes on (${served.status})` };
  const wanted: unknown = JSON.parse(JSON.stringify(report));
  const equal = isDeepStrictEqual(wanted, JSON.parse(JSON.stringify(served)));
  return {
    name,
    ok: equal,
    detail: equal ? 'the report it serves is the same' : 'the report it serves differs',
  };
}
