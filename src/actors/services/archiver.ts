/**
 * Lets ended runs leave the log, as a policy says: family by family, archived first where that is asked.
 *
 * A1 A family leaves as a whole, in one durable step with the event that says so (`system.runsRemoved`). A crash before
 *    it leaves everything (and perhaps a file that is written again), a crash after it nothing.
 * A2 An archive is durable and read back before its runs leave.
 * A3 What the feed or the child reactor has not passed yet stays: subscribers and parents hear of every end.
 * A4 Unique keys stay taken for seven days, also when their run has left.
 * A5 Memory is bounded by a page of documents and a batch of families.
 */
import { event } from '../../events/catalogue.ts';
import { archivePath, writeArchive } from '../../log/archive-file.ts';
import type { EventLog, Removal } from '../../log/event-log.ts';
import {
  endedStatuses,
  isDue,
  type RetentionPolicy,
  type StayReason,
  whyItStays,
} from '../../policies/retention.ts';
import type { RunRecord } from '../../projections/runs.ts';
import { CHILD_CURSOR } from './child-reactor.ts';
import { FEED_CURSOR } from './feed.ts';
import type { Projector } from './projector.ts';

const KEEP_KEYS_MS = 7 * 24 * 60 * 60 * 1_000;
const PAGE = 500;
/** Runs of one family; larger ones stay. */
const MAX_FAMILY = 10_000;
/** Of one step: what waits in memory for one commit. */
const BATCH_RUNS = 200;
const BATCH_COMMITS = 20_000;
const PARALLEL_FILES = 16;
const SHOWN_RUNS = 100;
const SYSTEM = 'system';

export interface ArchiverOptions {
  log: EventLog;
  projector: Projector;
  now: () => number;
  /** Where archives go; without it nothing can be archived. */
  directory: string | undefined;
  /** Told of runs that have left. */
  onRemoved?: (runIds: readonly string[]) => void;
  pause?: (() => Promise<void>) | undefined;
}

export interface RetentionReport {
  action: RetentionPolicy['action'];
  dryRun: boolean;
  /** Runs that left, children too; of a dry run, those that would. */
  runs: number;
  families: number;
  commits: number;
  /** Of the archives. */
  archiveBytes: number;
  /** The first 100 of the runs at the top. */
  shown: string[];
  /** Families that were due and stayed, by reason. */
  stayed: Partial<Record<StayReason, number>>;
  /** Unique keys that may be used again. */
  freedKeys: number;
}

interface Family {
  root: string;
  runs: RunRecord[];
  file?: string;
  removal: Omit<Removal, 'bases'>;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #policy: RetentionPolicy;
  readonly #report: RetentionReport;
  #batch: Family[] = [];

  constructor(options: ArchiverOptions & { policy: RetentionPolicy; dryRun: boolean }) {
    this.#options = options;
    const { policy, dryRun } = options;
    this.#policy = policy;
    this.#report = {
      ...{ action: policy.action, dryRun, runs: 0, families: 0, commits: 0, archiveBytes: 0 },
      ...{ shown: [], stayed: {}, freedKeys: 0 },
    };
  }

  /** Goes through all ended runs once. Throws `log.io` and what else reading and writing fail with. */
  async run(): Promise<RetentionReport> {
    const { log, projector, now } = this.#options;
    await projector.catchUp(undefined, log.durablePosition);
    let rank = 0;
    for await (const top of this.#tops()) {
      if (!endedStatuses.has(top.status)) continue;
      if (isDue(top, this.#policy, { now: now(), rank })) await this.#take(top);
      rank += 1;
    }
    await this.#leave();
    if (!this.#report.dryRun) this.#report.freedKeys += await log.releaseKeys(now() - KEEP_KEYS_MS);
    return this.#report;
  }

  /** Runs without a parent, the newest first. */
  async *#tops(): AsyncGenerator<RunRecord> {
    const { documents } = this.#options.log;
    for (let after: string | undefined; ; ) {
      const from = after === undefined ? {} : { after };
      const page = await documents.list('runs', { limit: PAGE, reverse: true, ...from });
      for (const { document } of page.documents) {
        const run = document as unknown as RunRecord;
        if (run.parent === null) yield run;
      }
      await this.#options.pause?.();
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  async #take(top: RunRecord): Promise<void> {
    const { runs, isWhole } = await this.#familyOf(top);
    const ids = new Set(runs.map(({ runId }) => runId));
    const forks = (await this.#forksOf(runs)).filter((fork) => !ids.has(fork));
    const reason = whyItStays({ runs, forks, isWhole });
    if (reason !== undefined) {
      this.#stays(reason);
      return;
    }
    const { log, now } = this.#options;
    const removal = await log.prepareRemoval([...ids], { keepKeysSince: now() - KEEP_KEYS_MS });
    if (largest(removal.positions) > (await this.#passedByAll())) {
      this.#stays('not-published');
      return;
    }
    const report = this.#report;
    report.runs += runs.length;
    report.families += 1;
    report.commits += removal.positions.length;
    if (report.shown.length < SHOWN_RUNS) report.shown.push(top.runId);
    if (report.dryRun) return;
    const family: Family = { root: top.runId, runs, removal };
    this.#batch.push(family);
    const commits = this.#batch.reduce((sum, each) => sum + each.removal.positions.length, 0);
    const count = this.#batch.reduce((sum, each) => sum + each.runs.length, 0);
    if (count >= BATCH_RUNS || commits >= BATCH_COMMITS) await this.#leave();
  }

  #stays(reason: StayReason, families = 1): void {
    const { stayed } = this.#report;
    stayed[reason] = (stayed[reason] ?? 0) + families;
  }

  async #familyOf(top: RunRecord): Promise<{ runs: RunRecord[]; isWhole: boolean }> {
    const runs = [top];
    for (let next = 0; next < runs.length; next += 1) {
      const { runId } = runs[next] as RunRecord;
      for await (const child of this.#listed('parent', runId)) runs.push(child);
      if (runs.length > MAX_FAMILY) return { runs, isWhole: false };
    }
    return { runs, isWhole: true };
  }

  async #forksOf(runs: readonly RunRecord[]): Promise<string[]> {
    const forks: string[] = [];
    for (const { runId } of runs)
      for await (const fork of this.#listed('forkedFrom', runId)) forks.push(fork.runId);
    return forks;
  }

  async *#listed(index: string, of: string): AsyncGenerator<RunRecord> {
    const { documents } = this.#options.log;
    for (let after: string | undefined; ; ) {
      const from = after === undefined ? {} : { after };
      const page = await documents.list('runs', {
        ...{ index, prefix: `${of}/`, limit: PAGE },
        ...from,
      });
      for (const { document } of page.documents) yield document as unknown as RunRecord;
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  /** A3. */
  async #passedByAll(): Promise<number> {
    const { documents } = this.#options.log;
    const cursors = await Promise.all(
      [FEED_CURSOR, CHILD_CURSOR].map((cursor) => documents.checkpoint(cursor)),
    );
    return Math.min(...cursors.map((cursor) => cursor?.position ?? 0));
  }

  /** A2: several files at a time, for each waits for the disk. */
  async #archiveAll(families: readonly Family[]): Promise<void> {
    const left = [...families];
    const work = async (): Promise<void> => {
      for (let family = left.shift(); family !== undefined; family = left.shift())
        family.file = await this.#archive(family);
    };
    await Promise.all(Array.from({ length: PARALLEL_FILES }, work));
  }

  async #archive({ root, runs }: Family): Promise<string> {
    const { log, directory } = this.#options;
    if (directory === undefined) throw new RangeError('there is no directory for archives');
    const path = archivePath(directory, root);
    const { bytes } = await writeArchive(
      log,
      runs.map(({ runId }) => ({ stream: runId })),
      path,
    );
    this.#report.archiveBytes += bytes;
    return path;
  }

  /** A1: the families that were gathered leave in one commit. */
  async #leave(): Promise<void> {
    const families = this.#batch;
    this.#batch = [];
    if (families.length === 0) return;
    if (this.#policy.action === 'archive') await this.#archiveAll(families);
    const { log, projector, now, onRemoved } = this.#options;
    const removals = families.map(({ removal }) => removal);
    const positions = removals.flatMap((removal) => removal.positions);
    const bases = await projector.capture(largest(positions));
    const runIds = families.flatMap(({ runs }) => runs.map(({ runId }) => runId));
    for (const runId of runIds) await log.dropSnapshots(runId);
    const head = log.streamHead(SYSTEM) ?? { version: 0, at: 0 };
    try {
      log.append({
        ...{ stream: SYSTEM, expectedVersion: head.version, at: Math.max(head.at, now()) },
        ...{ correlationId: 'retention', causationId: 'retention', actor: { kind: 'system' } },
        events: [this.#removedEvent(families)],
        removal: {
          bases,
          positions,
          streams: removals.flatMap(({ streams }) => streams),
          freedKeys: removals.flatMap(({ freedKeys }) => freedKeys),
          keptKeys: removals.flatMap(({ keptKeys }) => keptKeys),
        },
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'log.version-conflict') throw error;
      // One of them has gone on since it was looked at: all of this batch wait for the next time.
      this.#takeBack(families);
      return;
    }
    await log.flush();
    this.#report.freedKeys += removals.reduce((sum, { freedKeys }) => sum + freedKeys.length, 0);
    onRemoved?.(runIds);
    await projector.catchUp(undefined, log.durablePosition);
  }

  #takeBack(families: readonly Family[]): void {
    const report = this.#report;
    for (const { root, runs, removal } of families) {
      report.runs -= runs.length;
      report.families -= 1;
      report.commits -= removal.positions.length;
      report.shown = report.shown.filter((shown) => shown !== root);
    }
    this.#stays('changed', families.length);
  }

  #removedEvent(families: readonly Family[]) {
    const runs = families.flatMap(({ root, runs: members, file }) =>
      members.map(({ runId }) => ({
        runId,
        ...(runId === root ? {} : { root }),
        ...(runId !== root || file === undefined ? {} : { file }),
      })),
    );
    return event('system.runsRemoved', { runs, reason: this.#policy.action });
  }
}

function largest(positions: readonly number[]): number {
  let found = 0;
  for (const position of positions) found = Math.max(found, position);
  return found;
}
