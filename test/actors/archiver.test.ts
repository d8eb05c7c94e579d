/**
 * Retention: A1 to A5 of `archiver.ts`, and S5 of `projection-state.ts`.
 * Size: one log with everything that retention judges, and each thing that may come between.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Archiver, type LiveHosts } from '../../src/actors/services/archiver.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import { event, type RunEvent } from '../../src/events/catalogue.ts';
import { archivePath } from '../../src/log/archive-file.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { importLines } from '../../src/log/import-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import type { RetentionPolicy } from '../../src/policies/retention.ts';
import { projections } from '../../src/projections/registry.ts';
import { collect } from '../contract/event-log.ts';
import { temporaryDirectory } from '../log/temporary-directory.ts';

const DAY = 86_400_000;
const NOW = 1_000 * DAY;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let log: EventLog;
let projector: Projector;

beforeEach(async () => {
  directory = await temporaryDirectory();
  log = await openLevelLog({ directory: directory.path, now: () => NOW });
  projector = new Projector({ log });
  await projector.open();
  projector.start();
});
afterEach(async () => {
  await projector.close();
  await log.close();
  await directory.remove();
});

function append(stream: string, at: number, events: object[], unique?: string[]): void {
  log.append({
    ...{ stream, at, correlationId: 'c', causationId: 'm', actor: { kind: 'system' as const } },
    expectedVersion: log.streamHead(stream)?.version ?? 0,
    events: events as RunEvent[],
    ...(unique === undefined ? {} : { unique }),
  });
}

interface Made {
  at: number;
  parent?: string;
  isOpen?: boolean;
  forkOf?: string;
}

/** A run of one task; ended unless it is open. */
function make(stream: string, { at, parent, isOpen, forkOf }: Made): void {
  const task = { taskId: 'a', attempt: 1 };
  const lineage = parent === undefined ? {} : { parent: { runId: parent, activation: 'child' } };
  const begun =
    forkOf === undefined
      ? { type: 'run.created', schemaVersion: 1, data: { ...created, ...lineage } }
      : event('run.forked', { from: forkOf, at: 1 } as never);
  append(
    stream,
    at,
    [
      begun,
      { type: 'task.started', schemaVersion: 1, data: { ...task, agent: 'echo', rule: 'named' } },
    ],
    [`request:${stream}`],
  );
  if (isOpen === true) return;
  const done = { ...task, agent: 'echo', worker: 'w', startedAt: at, output: stream };
  append(stream, at + 10, [
    { type: 'task.succeeded', schemaVersion: 1, data: done },
    {
      type: 'run.succeeded',
      schemaVersion: 1,
      data: { name: 'flow', startedAt: at, output: null },
    },
  ]);
}

const created = {
  ...{ name: 'flow', definitionHash: 'h', priority: 'normal', inputs: {} },
  definition: { version: '1.0', name: 'flow', tasks: [{ id: 'a', agent: 'echo' }] },
};

/** What the feed and the child reactor have passed. */
async function passed(position: number): Promise<void> {
  for (const cursor of ['feed', 'child-runs'])
    await log.documents.write(cursor, {
      ...{ puts: [], deletes: [] },
      checkpoint: { position, hash: `${cursor}:1` },
    });
}

async function archive(policy: Partial<RetentionPolicy>, dryRun = false, live?: LiveHosts) {
  await log.flush();
  return new Archiver({
    ...{ log, projector, dryRun, now: () => NOW },
    ...(live === undefined ? {} : { live }),
    directory: join(directory.path, 'archive'),
    policy: { action: 'archive', ...policy },
  }).run();
}

const runsLeft = async (): Promise<string[]> =>
  (await log.documents.list('runs', { limit: 100 })).documents.map(({ key }) => key);

/** Everything that queries see, by projection. */
async function everything(): Promise<Record<string, unknown>> {
  await projector.catchUp(undefined, log.durablePosition);
  const found: Record<string, unknown> = {};
  for (const { name, indexes } of projections) {
    const lists = [await log.documents.list(name, { limit: 1_000 })];
    for (const index of Object.keys(indexes))
      lists.push(await log.documents.list(name, { index, limit: 1_000 }));
    found[name] = lists.map(({ documents }) => documents);
  }
  return found;
}

describe('retention', () => {
  beforeEach(async () => {
    make('run_a1', { at: NOW - 40 * DAY });
    make('run_b1', { at: NOW - 35 * DAY });
    make('run_b2', { at: NOW - 35 * DAY, parent: 'run_b1' });
    make('run_c1', { at: NOW - 34 * DAY });
    make('run_c2', { at: NOW - 34 * DAY, parent: 'run_c1', isOpen: true });
    make('run_d1', { at: NOW - 33 * DAY, isOpen: true });
    make('run_e1', { at: NOW - 2 * DAY });
    await log.flush();
    await passed(log.durablePosition);
  });

  it('takes what is older than asked, with its children, and leaves what goes on', async () => {
    const report = await archive({ olderThanMs: 30 * DAY });
    expect(report).toMatchObject({ runs: 3, families: 2, stayed: { 'goes-on': 1 } });
    expect(report.shown).toEqual(['run_b1', 'run_a1']);
    expect(await runsLeft()).toEqual(['run_c1', 'run_c2', 'run_d1', 'run_e1']);
    const { documents } = await log.documents.list('step_attempts', { limit: 100 });
    expect(documents.map(({ key }) => key.split('/')[0])).toEqual(await runsLeft());
    expect(await verifyLog(log)).toMatchObject({ ok: true });
    expect(await archive({ olderThanMs: 30 * DAY })).toMatchObject({ runs: 0 });
  });

  it('takes what is beyond a number, the newest first', async () => {
    await archive({ beyond: 2 });
    expect(await runsLeft()).toEqual(['run_c1', 'run_c2', 'run_d1', 'run_e1']);
    await archive({ beyond: 0, action: 'delete' });
    expect(await runsLeft()).toEqual(['run_c1', 'run_c2', 'run_d1']);
  });

  it('says what would leave and changes nothing', async () => {
    const before = await collect(log.readAll());
    expect(await archive({ beyond: 0 }, true)).toMatchObject({
      dryRun: true,
      runs: 4,
      families: 3,
    });
    expect(await collect(log.readAll())).toEqual(before);
  });

  it('A2 writes a file that an empty log takes, with the same events', async () => {
    const events = [
      ...(await collect(log.readStream('run_b1'))),
      ...(await collect(log.readStream('run_b2'))),
    ];
    await archive({ olderThanMs: 30 * DAY });
    const text = await readFile(archivePath(join(directory.path, 'archive'), 'run_b1'), 'utf8');
    const copy = createMemoryLog();
    await importLines(copy, text.split('\n'));
    expect(await collect(copy.readAll())).toEqual(
      events.sort((one, other) => one.position - other.position),
    );
  });

  it('S5 a rebuild equals the live one, also of what counts over runs', async () => {
    await archive({ olderThanMs: 30 * DAY });
    make('run_f1', { at: NOW - DAY });
    await log.flush();
    const live = await everything();
    await projector.rebuild();
    expect(await everything()).toEqual(live);
    expect(await log.documents.get('metrics', 'all')).toMatchObject({
      runs: { created: 8, succeeded: 6 },
    });
  });

  it('S5 a projector that starts after the removal folds what it has not seen', async () => {
    await projector.close();
    const late = new Projector({ log });
    await late.open();
    projector = late;
    await archive({ olderThanMs: 30 * DAY, action: 'delete' });
    late.start();
    await late.catchUp(undefined, log.durablePosition);
    expect(await runsLeft()).toEqual(['run_c1', 'run_c2', 'run_d1', 'run_e1']);
  });

  it('A3 leaves what the feed has not published', async () => {
    await passed(3);
    expect(await archive({ olderThanMs: 30 * DAY })).toMatchObject({
      families: 1,
      stayed: { 'not-published': 1, 'goes-on': 1 },
    });
  });

  it('leaves a run that a fork needs', async () => {
    make('run_g1', { at: NOW - DAY, forkOf: 'run_a1' });
    await log.flush();
    await passed(log.durablePosition);
    const report = await archive({ olderThanMs: 30 * DAY });
    expect(report.stayed).toEqual({ forked: 1, 'goes-on': 1 });
    expect(await runsLeft()).toContain('run_a1');
  });

  it('A2 writes what a fork begins with into its file', async () => {
    make('run_g1', { at: NOW - 31 * DAY, forkOf: 'run_a1' });
    make('run_h1', { at: NOW - 31 * DAY, forkOf: 'run_g1' });
    make('run_i1', { at: NOW - 31 * DAY, forkOf: 'run_d1' });
    await log.flush();
    await passed(log.durablePosition);
    const report = await archive({ olderThanMs: 30 * DAY });
    expect(report.stayed).toEqual({ forked: 2, 'goes-on': 1 });
    const versions = async (runId: string): Promise<unknown[]> => {
      const text = await readFile(archivePath(join(directory.path, 'archive'), runId), 'utf8');
      const copy = createMemoryLog();
      await importLines(copy, text.split('\n'));
      return ['run_a1', 'run_d1', 'run_g1', runId].map((each) => copy.streamHead(each)?.version);
    };
    expect(await versions('run_h1')).toEqual([4, undefined, 4, 4]);
    // Its origin goes on: only what the fork has of it.
    expect(await versions('run_i1')).toEqual([undefined, 2, undefined, 4]);
  });

  it('A4 keeps the keys of young runs taken', async () => {
    await archive({ beyond: 0 });
    expect(log.uniqueOwner('request:run_a1')).toBeUndefined();
    expect(log.uniqueOwner('request:run_e1')).toBe('run_e1');
  });

  describe('A5 what comes meanwhile', () => {
    const leaving = new Set<string>();
    /** Something that has passed the door before the runs were marked, and is appended now. */
    const meanwhile = (work: (runId: string) => boolean): LiveHosts => ({ leaving, dismiss: work });
    const take = (live: LiveHosts) => archive({ olderThanMs: 30 * DAY }, false, live);

    afterEach(() => expect(leaving.size).toBe(0));

    it('a fork keeps its origin, and the others leave', async () => {
      const live = meanwhile((runId) => {
        expect([...leaving].sort()).toEqual(['run_a1', 'run_b1', 'run_b2']);
        if (runId === 'run_a1') make('run_g1', { at: NOW, forkOf: 'run_a1' });
        return true;
      });
      const report = await take(live);
      expect(report).toMatchObject({ runs: 2, families: 1, shown: ['run_b1'] });
      expect(report.stayed).toEqual({ forked: 1, 'goes-on': 1 });
      expect(await runsLeft()).toContain('run_a1');
      expect(await verifyLog(log)).toMatchObject({ ok: true });
    });

    it('a fork of a child keeps the whole family', async () => {
      const live = meanwhile((runId) => {
        if (runId === 'run_b2') make('run_g1', { at: NOW, forkOf: 'run_b2' });
        return true;
      });
      expect(await take(live)).toMatchObject({ runs: 1, stayed: { forked: 1, 'goes-on': 1 } });
      expect(await runsLeft()).toEqual(expect.arrayContaining(['run_b1', 'run_b2']));
    });

    it('a run that goes on stays, and one whose child has begun', async () => {
      const live = meanwhile((runId) => {
        if (runId === 'run_a1')
          append('run_a1', NOW, [event('run.retried', { tasks: ['a'] } as never)]);
        if (runId === 'run_b1') make('run_b3', { at: NOW, parent: 'run_b1', isOpen: true });
        return true;
      });
      const report = await take(live);
      expect(report).toMatchObject({ runs: 0, families: 0, commits: 0, shown: [] });
      expect(await runsLeft()).toEqual(expect.arrayContaining(['run_a1', 'run_b1', 'run_b2']));
    });

    it('a run that has something to do in memory stays', async () => {
      const report = await take(meanwhile((runId) => runId !== 'run_b2'));
      expect(report).toMatchObject({ runs: 1, stayed: { changed: 1, 'goes-on': 1 } });
    });

    it('nothing is written any more when a file could not be', async () => {
      for (let run = 0; run < 60; run += 1) make(`run_z${run}`, { at: NOW - 50 * DAY });
      await log.flush();
      await passed(log.durablePosition);
      const folder = dirname(archivePath(join(directory.path, 'archive'), 'run_z9'));
      await mkdir(archivePath(join(directory.path, 'archive'), 'run_z9'), { recursive: true });
      await expect(take(meanwhile(() => true))).rejects.toMatchObject({ code: 'log.io' });
      expect((await readdir(folder)).filter((name) => !name.endsWith('.jsonl'))).toEqual([]);
      expect(await runsLeft()).toContain('run_a1');
    });

    it('marks go also when nothing could be written', async () => {
      await writeFile(join(directory.path, 'archive'), 'in the way');
      await expect(take(meanwhile(() => true))).rejects.toMatchObject({ code: 'log.io' });
      expect(await runsLeft()).toContain('run_a1');
    });
  });
});
