/** The history of a run that was adapted: recorded once, folded by every later release into the same. */
import { expect, it } from 'vitest';
import { loadRun } from '../../src/actors/host/load.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import { foldedCells, liveCells } from '../../src/machines/cell.ts';
import { FOLD_HASH, snapshotOf } from '../../src/machines/run/snapshot.ts';
import { documentsOf } from './documents.ts';
import { expectedOf, folderOf, openHistory, reportFrom } from './read-history.ts';

const folder = folderOf('adapted');
const { reports, documents } = expectedOf(folder);

it('holds patches, and one that was taken back', async () => {
  const log = await openHistory(folder);
  const patches: unknown[] = [];
  for await (const commits of log.readAll())
    for (const { events } of commits)
      for (const { type, data } of events) if (type === 'run.adapted') patches.push(data);
  expect(patches).toMatchObject([{ tasks: 5 }, { tasks: 4 }, { tasks: 5, undoes: 6 }]);
  await log.close();
});

it.each([
  ['live', liveCells],
  ['folded', foldedCells],
] as const)('folds with %s cells into the recorded reports', async (_kind, cells) => {
  const log = await openHistory(folder);
  for (const [runId, report] of Object.entries(reports))
    expect(await reportFrom(log, runId, { cells, useSnapshot: false })).toEqual(report);
  await log.close();
});

it('folds the same from a snapshot at every version', async () => {
  const log = await openHistory(folder);
  for (const [runId, report] of Object.entries(reports)) {
    const last = log.streamHead(runId)?.version ?? 0;
    for (let version = 1; version < last; version += 1) {
      const loaded = await loadRun(log, runId, { toVersion: version, useSnapshot: false });
      if (loaded === undefined) throw new Error(`${runId} has no version ${version}`);
      const { definition } = loaded.run.plan;
      const state = JSON.parse(JSON.stringify(snapshotOf(loaded.run, { definition })));
      await log.saveSnapshot(runId, { streamVersion: version, foldHash: FOLD_HASH, state });
      expect(await reportFrom(log, runId, {})).toEqual(report);
    }
  }
  await log.close();
});

it('rebuilds the recorded documents of every projection', async () => {
  const log = await openHistory(folder);
  const projector = new Projector({ log });
  await projector.open();
  await projector.catchUp(undefined, log.durablePosition);
  const rebuilt = await documentsOf(log);
  const known = Object.keys(documents).map((name) => [name, rebuilt[name]]);
  expect(Object.fromEntries(known)).toEqual(documents);
  await projector.close();
  await log.close();
});
