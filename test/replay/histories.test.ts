/** Every log that a released version wrote is read by this one, and means the same (contracts.md, Durability promise). */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRun } from '../../src/actors/host/load.ts';
import { systemClock } from '../../src/actors/services/clock.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import { event, parseEvent } from '../../src/events/catalogue.ts';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import { FOLD_HASH, restoreRun, snapshotOf } from '../../src/machines/run/snapshot.ts';
import type { WorkflowDefinition } from '../../src/workflow/definition.ts';
import { canonicalJson, type JsonValue } from '../../src/workflow/value.ts';
import { documentsOf } from './documents.ts';
import {
  asRecorded,
  expectedOf,
  folderOf,
  openHistory,
  releases,
  reportFrom,
} from './read-history.ts';
import { recordHistory } from './record.ts';

it('what is recorded now is read back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-history-'));
  try {
    await recordHistory(folder);
    const log = await openHistory(folder);
    for (const [runId, report] of Object.entries(expectedOf(folder).reports)) {
      expect(await reportFrom(log, runId, { useSnapshot: false })).toEqual(report);
    }
    await log.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('there is a history for every release that was recorded', () => {
  expect(releases()).toContain('0.1.0');
});

/** After every event of the histories. */
const FORKED_AT = 4_000_000_000_000;

/** By fold hash: the digest of every state of the first release's history. */
const STATES = {
  'run-fold-14': '2058191ec1e84391ef0212e3eb0fa0ea197454a2b150871584da9a8324b5a9aa',
};

it('the fold hash names one fold: other states of the same history need another hash', async () => {
  const folder = folderOf('0.1.0');
  const log = await openHistory(folder);
  const digest = createHash('sha256');
  for (const runId of Object.keys(expectedOf(folder).reports).sort()) {
    const last = log.streamHead(runId)?.version ?? 0;
    for (let toVersion = 1; toVersion <= last; toVersion += 1) {
      const loaded = await loadRun(log, runId, { toVersion, useSnapshot: false });
      if (loaded === undefined) throw new Error(`${runId} has no version ${toVersion}`);
      const state = snapshotOf(loaded.run, { definition: null });
      digest.update(canonicalJson(JSON.parse(JSON.stringify(state)) as JsonValue));
    }
  }
  await log.close();
  expect({ [FOLD_HASH]: digest.digest('hex') }).toEqual(STATES);
});

describe.each(releases())('the history of %s', (release) => {
  const folder = folderOf(release);
  const { reports, documents } = expectedOf(folder);

  it.each([
    ['live', liveCells],
    ['folded', foldedCells],
  ] as const)('folds with %s cells into the recorded reports', async (_kind, cells) => {
    const log = await openHistory(folder);
    for (const [runId, report] of Object.entries(reports)) {
      const folded = await reportFrom(log, runId, { cells, useSnapshot: false });
      expect(asRecorded(folded)).toEqual(report);
    }
    await log.close();
  });

  it('folds the same from a snapshot at every version', async () => {
    const log = await openHistory(folder);
    for (const [runId, report] of Object.entries(reports)) {
      const last = log.streamHead(runId)?.version ?? 0;
      for (let version = 1; version < last; version += 1) {
        const loaded = await loadRun(log, runId, { toVersion: version, useSnapshot: false });
        const definition = loaded?.run.plan.definition as WorkflowDefinition;
        if (loaded === undefined) throw new Error(`${runId} has no version ${version}`);
        const state = JSON.parse(
          JSON.stringify(snapshotOf(loaded.run, { definition })),
        ) as JsonValue;
        const { run } = await restoreRun(state, {
          cells: foldedCells,
          definitionOf: () => Promise.resolve(definition),
        });
        expect(run.streamVersion).toBe(version);
        await log.saveSnapshot(runId, { streamVersion: version, foldHash: FOLD_HASH, state });
        expect(asRecorded(await reportFrom(log, runId, {}))).toEqual(report);
      }
    }
    await log.close();
  });

  it('can be forked at every version, and all ways of folding the fork agree', async () => {
    const log = await openHistory(folder);
    for (const runId of Object.keys(reports)) {
      const last = log.streamHead(runId)?.version ?? 0;
      for (let at = 1; at <= last; at += 1) {
        const fork = `${runId}f${at}`;
        const forked = event('run.forked', { runId: fork, from: runId, at });
        log.append({
          ...{ stream: fork, expectedVersion: 0, events: [forked], at: FORKED_AT },
          ...{ correlationId: 'c', causationId: 'c', actor: { kind: 'system' } },
        });
      }
      await log.flush();
      for (let at = 1; at <= last; at += 1) {
        const fork = `${runId}f${at}`;
        const [folded, live] = [
          await reportFrom(log, fork, { cells: foldedCells, useSnapshot: false }),
          await reportFrom(log, fork, { cells: liveCells, useSnapshot: false }),
        ];
        expect(live).toEqual(folded);
        expect(folded).toMatchObject({ status: 'running', forkedFrom: { run: runId, at } });
        const loaded = await loadRun(log, fork, { useSnapshot: false });
        if (loaded === undefined) throw new Error(`${fork} is not there`);
        const { definition } = loaded.run.plan;
        const stored = JSON.stringify(snapshotOf(loaded.run, { definition }));
        const state = JSON.parse(stored) as JsonValue;
        await log.saveSnapshot(fork, { streamVersion: 1, foldHash: FOLD_HASH, state });
        const restored = await loadRun(log, fork);
        expect(JSON.stringify(snapshotOf(restored?.run ?? loaded.run, { definition }))).toBe(
          stored,
        );
        expect(await reportFrom(log, fork, {})).toEqual(folded);
      }
    }
    await log.close();
  });

  it('rebuilds the recorded documents of every projection', async () => {
    const log = await openHistory(folder);
    const projector = new Projector({ log, clock: systemClock });
    await projector.open();
    await projector.catchUp(undefined, log.durablePosition);
    const rebuilt = await documentsOf(log);
    // A projection that came later was not recorded then.
    const known = Object.keys(documents).map((name) => [name, rebuilt[name]]);
    expect(Object.fromEntries(known)).toEqual(documents);
    await projector.close();
    await log.close();
  });

  it('holds only events of the catalogue', async () => {
    const log = await openHistory(folder);
    const types = new Set<string>();
    for await (const commits of log.readAll()) {
      for (const { events } of commits)
        for (const recorded of events) types.add(parseEvent(recorded).type);
    }
    for (const type of [
      'task.retryScheduled',
      'task.expanded',
      'task.waiting',
      'task.skipped',
      'run.paused',
      'run.stopping',
      'run.canceled',
      'task.cancelForced',
      'task.cancelAcknowledged',
    ]) {
      expect([...types]).toContain(type);
    }
    await log.close();
  });
});
