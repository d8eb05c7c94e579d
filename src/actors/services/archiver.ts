/**
 * Lets ended runs leave the log, as a policy says: family by family, archived first where that is asked.
 *
 * A1 A family leaves as a whole, in one durable step with the event that says so (`system.runsRemoved`). A crash before
 *    it leaves everything (and perhaps a file that is written again), a crash after it nothing.
 * A2 An archive is durable and read back before its runs leave, and can be read alone: a fork has its origins in it.
 * A3 What the feed or the child reactor has not passed yet stays: subscribers and parents hear of every end.
 * A4 Unique keys stay taken for seven days, also when their run has left.
 * A5 Runs are marked before they are judged for the last time, and marked until they are gone: nothing is forked from
 *    them, retried or begun in them meanwhile (`runtime.ts`, `leaving`).
 * A6 Memory is bounded by a page of documents and a batch of families.
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
import { familyOf, originsOf, topRuns } from './run-families.ts';

const KEEP_KEYS_MS = 7 * 24 * 60 * 60 * 1_000;
/** Of one step: what waits in memory for one commit. */
const BATCH_RUNS = 200;
const BATCH_COMMITS = 20_000;
const PARALLEL_FILES = 16;
const SHOWN_RUNS = 100;
const SYSTEM = 'system';

/** What an archiver does to runs that others may use (A5). */
export interface LiveHosts {
  /** Where runs are marked. */
  leaving: Set<string>;
  /** Takes a run out of memory; false where it has something to do. */
  dismiss(runId: string): boolean;
}

export interface ArchiverOptions {
  log: EventLog;
  projector: Projector;
  now: () => number;
  /** Where archives go; without it nothing can be archived. */
  directory: string | undefined;
  /** The runs in memory; left out where nobody else uses the log. */
  live?: LiveHosts;
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
    for await (const top of topRuns(log.documents, this.#options.pause)) {
      if (!endedStatuses.has(top.status)) continue;
      if (isDue(top, this.#policy, { now: now(), rank })) await this.#take(top);
      rank += 1;
    }
    await this.#leave();
    if (!this.#report.dryRun) this.#report.freedKeys += await log.releaseKeys(now() - KEEP_KEYS_MS);
    return this.#report;
  }

  async #take(top: RunRecord): Promise<void> {
    const { runs, reason } = await this.#judge(top);
    if (reason !== undefined) {
      this.#stays(reason);
      return;
    }
    const { log, now } = this.#options;
    const ids = runs.map(({ runId }) => runId);
    const removal = await log.prepareRemoval(ids, { keepKeysSince: now() - KEEP_KEYS_MS });
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

  #stays(reason: StayReason): void {
    const { stayed } = this.#report;
    stayed[reason] = (stayed[reason] ?? 0) + 1;
  }

  /** The family of a run, and why it has to stay if it does. */
  async #judge(top: RunRecord): Promise<{ runs: RunRecord[]; reason: StayReason | undefined }> {
    const family = await familyOf(this.#options.log.documents, top);
    return { runs: family.runs, reason: whyItStays(family) };
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
    // After a failure no file is begun, and none is written any more when the runs are let go.
    const works = Array.from({ length: PARALLEL_FILES }, () =>
      work().catch((error: unknown) => {
        left.length = 0;
        throw error;
      }),
    );
    await Promise.allSettled(works);
    await Promise.all(works);
  }

  async #archive({ root, runs }: Family): Promise<string> {
    const { log, directory } = this.#options;
    if (directory === undefined) throw new RangeError('there is no directory for archives');
    const path = archivePath(directory, root);
    const [top] = runs as [RunRecord];
    const origins = await originsOf(log.documents, top);
    const parts = [...origins, ...runs.map(({ runId }) => ({ stream: runId }))];
    const { bytes } = await writeArchive(log, parts, path);
    this.#report.archiveBytes += bytes;
    return path;
  }

  /** A5: the families that were gathered leave, but for those that changed since they were looked at. */
  async #leave(): Promise<void> {
    const leaving = this.#options.live?.leaving;
    const gathered = this.#batch;
    this.#batch = [];
    const marked = runIdsOf(gathered);
    for (const runId of marked) leaving?.add(runId);
    try {
      const families = await this.#unchanged(gathered);
      if (families.length > 0) await this.#remove(families);
    } finally {
      for (const runId of marked) leaving?.delete(runId);
    }
  }

  /** What was on its way before the mark is in the log and in the documents by the time a family is judged again. */
  async #unchanged(gathered: readonly Family[]): Promise<Family[]> {
    const { log, projector, live } = this.#options;
    const busy = new Set(runIdsOf(gathered).filter((runId) => live?.dismiss(runId) === false));
    await log.flush();
    await projector.catchUp(['runs'], log.durablePosition);
    const families: Family[] = [];
    for (const family of gathered) {
      const isBusy = family.runs.some(({ runId }) => busy.has(runId));
      const reason = isBusy ? 'changed' : await this.#whyItStaysNow(family);
      if (reason === undefined) families.push(family);
      else this.#takeBack(family, reason);
    }
    return families;
  }

  async #whyItStaysNow(family: Family): Promise<StayReason | undefined> {
    const { log } = this.#options;
    const top = await log.documents.get('runs', family.root);
    if (top === undefined) return 'changed';
    const { runs, reason } = await this.#judge(top as unknown as RunRecord);
    if (reason !== undefined) return reason;
    const { streams } = family.removal;
    const isSame = streams.every(
      ({ stream, version }) => log.streamHead(stream)?.version === version,
    );
    return isSame && runs.length === family.runs.length ? undefined : 'changed';
  }

  /** A1: they leave in one commit. */
  async #remove(families: readonly Family[]): Promise<void> {
    if (this.#policy.action === 'archive') await this.#archiveAll(families);
    const { log, projector, now } = this.#options;
    const removals = families.map(({ removal }) => removal);
    const positions = removals.flatMap((removal) => removal.positions);
    const bases = await projector.capture(largest(positions));
    for (const runId of runIdsOf(families)) await log.dropSnapshots(runId);
    const head = log.streamHead(SYSTEM) ?? { version: 0, at: 0 };
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
    await log.flush();
    this.#report.freedKeys += removals.reduce((sum, { freedKeys }) => sum + freedKeys.length, 0);
    await projector.catchUp(undefined, log.durablePosition);
  }

  #takeBack({ root, runs, removal }: Family, reason: StayReason): void {
    const report = this.#report;
    report.runs -= runs.length;
    report.families -= 1;
    report.commits -= removal.positions.length;
    report.shown = report.shown.filter((shown) => shown !== root);
    this.#stays(reason);
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

function runIdsOf(families: readonly Family[]): string[] {
  return families.flatMap(({ runs }) => runs.map(({ runId }) => runId));
}

function largest(positions: readonly number[]): number {
  let found = 0;
  for (const position of positions) found = Math.max(found, position);
  return found;
}
