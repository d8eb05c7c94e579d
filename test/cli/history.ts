/** Histories of real runs for tests of what is shown of them: the recorded ones, and small ones made on the spot. */

import type { RunHistory } from '../../src/cli/reader.ts';
import { envelopesOf } from '../../src/events/envelope.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { PureRun } from '../machines/pure-run.ts';
import { expectedOf, folderOf, openHistory, releases } from '../replay/read-history.ts';

/** Every run of the newest recorded release. */
export async function recordedRuns(): Promise<{ runId: string; history: RunHistory }[]> {
  const folder = folderOf(releases().at(-1) ?? '');
  const log = await openHistory(folder);
  return Promise.all(
    Object.keys(expectedOf(folder).reports).map(async (runId) => ({
      runId,
      history: { log, envelopes: await envelopesIn(log, runId), origins: [] },
    })),
  );
}

/** The history of a run that was decided without a host, one commit an event. */
export async function historyOf(pure: PureRun): Promise<RunHistory> {
  const log = createMemoryLog();
  for (const { event, at, streamVersion } of pure.history) {
    log.append({
      stream: 'run_1',
      expectedVersion: streamVersion - 1,
      at,
      correlationId: 'req_1',
      causationId: 'test',
      actor: { kind: 'client' },
      events: [event],
    });
  }
  await log.flush();
  return { log, envelopes: await envelopesIn(log, 'run_1'), origins: [] };
}

async function envelopesIn(
  log: RunHistory['log'],
  runId: string,
): Promise<RunHistory['envelopes']> {
  const envelopes: RunHistory['envelopes'] = [];
  for await (const commits of log.readStream(runId))
    for (const commit of commits) envelopes.push(...envelopesOf(commit));
  return envelopes;
}
