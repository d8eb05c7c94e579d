/** The log: does it open, who has it, are the last commits whole. */

import { reasonOf } from '../../workflow/errors.ts';
import type { Connection } from '../connect.ts';
import { hasLog, openLog } from '../open-log.ts';
import type { Settings } from '../settings.ts';
import { readUpFile } from '../up-file.ts';
import { type Finding, findings } from './finding.ts';

const { ok, warn, fail } = findings('log');
/** Commits that the quick check reads; `log verify` reads all. */
const LAST_COMMITS = 1_000;

/** `found` is the orchestrator that answers, if one does. */
export async function checkLog(
  settings: Settings,
  found: Connection | undefined,
): Promise<Finding[]> {
  const { dataDir, store } = settings;
  if (store === 'memory') return [ok('open', 'the log is in memory')];
  const up = readUpFile(dataDir);
  if (found !== undefined && up !== undefined && up.nats === found.url)
    return [ok('open', `process ${up.pid} (troupe ${up.kind}) has it and answers: ${found.logId}`)];
  if (!hasLog(dataDir)) return [ok('open', `${dataDir} has no log yet; the first run makes it`)];
  try {
    return await openAndRead(settings);
  } catch (error) {
    return [failed(error, up?.pid)];
  }
}

async function openAndRead(settings: Settings): Promise<Finding[]> {
  const log = await openLog(settings);
  try {
    const { commits, diskBytes } = await log.stats();
    const size = `${(diskBytes / 1024 / 1024).toFixed(1)} MiB`;
    const opened = ok(
      'open',
      `${log.logId} opens: ${commits} commits, ${size}, in a format of this release`,
    );
    return [opened, await readLast(log)];
  } finally {
    await log.close();
  }
}

async function readLast(log: Awaited<ReturnType<typeof openLog>>): Promise<Finding> {
  let read = 0;
  try {
    const after = Math.max(0, log.durablePosition - LAST_COMMITS);
    for await (const commits of log.readAll({ after })) read += commits.length;
    return ok('check', `the last ${read} commits are whole; \`troupe log verify\` checks all`);
  } catch (error) {
    return fail('check', reasonOf(error), 'See the extent with `troupe log verify`, then restore.');
  }
}

function failed(error: unknown, pid: number | undefined): Finding {
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  const fix = typeof hint === 'string' ? hint : 'Check the data directory.';
  if (code !== 'log.locked') return fail('open', reasonOf(error), fix);
  const who = pid === undefined ? 'a process that says no address' : `process ${pid}`;
  return warn('open', `${who} has it open and does not answer`, fix);
}
