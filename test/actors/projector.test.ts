import { expect, it } from 'vitest';
import { queryProjection } from '../../src/actors/services/projection-query.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { querySchema } from '../../src/messages/request.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { projections } from '../../src/projections/registry.ts';
import { plannedHistory, runName } from '../projections/histories.ts';
import { appendAll, ManualClock, settle } from './log-fixture.ts';

/** Every document of every projection, and every index in order: what a reader can see. */
async function everything(log: EventLog): Promise<string> {
  const seen: unknown[] = [];
  for (const { name, indexes } of projections) {
    for (const index of [undefined, ...Object.keys(indexes)]) {
      const query = { limit: 100_000, ...(index === undefined ? {} : { index }) };
      seen.push([name, index, (await log.documents.list(name, query)).documents]);
    }
  }
  return JSON.stringify(seen);
}

async function opened(
  log: EventLog,
  options: { projections?: readonly Projection[]; clock?: ManualClock } = {},
) {
  const projector = new Projector({ log, ...options });
  await projector.open();
  projector.start();
  return projector;
}

const history = plannedHistory({ runs: 60, troubles: 0.2 });
const firstHalf = history.slice(0, history.length / 2);
const secondHalf = history.slice(history.length / 2);

it('yields the same documents and indexes live, after a restart halfway, and by a rebuild', async () => {
  const live = createMemoryLog();
  const projector = await opened(live);
  for (const planned of history) {
    await appendAll(live, [planned]);
    await projector.waitFor('runs', live.durablePosition);
  }
  await projector.close();
  const expected = await everything(live);

  const restarted = createMemoryLog();
  for (const half of [firstHalf, secondHalf]) {
    const each = await opened(restarted);
    await appendAll(restarted, half);
    await each.catchUp(undefined, restarted.durablePosition);
    await each.close();
  }
  expect(await everything(restarted)).toBe(expected);

  const rebuilding = await opened(restarted);
  await rebuilding.rebuild();
  await rebuilding.catchUp(undefined, restarted.durablePosition);
  expect(await everything(restarted)).toBe(expected);
  await rebuilding.close();
});

it('rebuilds while events go on arriving, without a gap', async () => {
  const log = createMemoryLog();
  const projector = await opened(log);
  await appendAll(log, firstHalf);
  const rebuilt = projector.rebuild('runs');
  await appendAll(log, secondHalf);
  await rebuilt;
  await projector.catchUp(undefined, log.durablePosition);
  const seen = await everything(log);
  await projector.rebuild();
  await projector.catchUp(undefined, log.durablePosition);
  expect(await everything(log)).toBe(seen);
  expect(projector.status().map(({ mode, lag }) => [mode, lag])).toEqual(
    projections.map(() => ['level', 0]),
  );
  await projector.close();
});

it('catches up before it is started, as recovery needs it', async () => {
  const log = createMemoryLog();
  await appendAll(log, history);
  const projector = new Projector({ log });
  await projector.open();
  await projector.catchUp(['runs'], log.durablePosition);
  expect(projector.caughtUpTo('runs')).toBe(log.durablePosition);
  expect(projector.caughtUpTo('metrics')).toBe(0);
  projector.start();
  await projector.catchUp(undefined, log.durablePosition);
  const live = await log.documents.list('runs', { index: 'live', limit: 1_000 });
  const ended = new Set(
    history
      .filter((each) => each.events[0]?.type.match(/^run\.(succ|fail)/))
      .map((each) => each.stream),
  );
  expect(live.documents.map(({ key }) => key)).toEqual(
    Array.from({ length: 60 }, (_, index) => runName(index)).filter((name) => !ended.has(name)),
  );
  await projector.close();
});

it('rebuilds a projection whose shape changed, and leaves the others', async () => {
  const log = createMemoryLog();
  const first = await opened(log);
  await appendAll(log, firstHalf);
  await first.catchUp(undefined, log.durablePosition);
  await first.close();
  let folds = 0;
  const counted = projections.map((each) => ({
    ...each,
    version: each.name === 'agents' ? 2 : each.version,
    fold: (...[document, event, key]: Parameters<Projection['fold']>) => {
      folds += each.name === 'agents' ? 0 : 1;
      return each.fold(document, event, key);
    },
  }));
  const second = await opened(log, { projections: counted });
  await second.catchUp(undefined, log.durablePosition);
  expect(folds).toBe(0);
  expect((await log.documents.checkpoint('agents'))?.hash).toContain('v2');
  await second.close();
});

it('stops a projection that cannot fold an event, with the place, and goes on with the others', async () => {
  const log = createMemoryLog();
  const broken = projections.map((each) => ({
    ...each,
    fold: (...[document, event, key]: Parameters<Projection['fold']>) => {
      if (each.name === 'runs' && event.position === 40) throw new Error('cannot fold this');
      return each.fold(document, event, key);
    },
  }));
  const projector = await opened(log, { projections: broken });
  await appendAll(log, history);
  await projector.waitFor('step_attempts', log.durablePosition);
  const runs = projector.status().find(({ name }) => name === 'runs');
  expect(runs).toMatchObject({
    mode: 'failed',
    failure: { position: 40, message: 'cannot fold this' },
  });
  await expect(projector.waitFor('runs', 41)).rejects.toMatchObject({ code: 'projection.failed' });
  await projector.close();
  const repaired = await opened(log);
  await repaired.waitFor('runs', log.durablePosition);
  await repaired.close();
});

it('writes a document once a batch, however often it changed', async () => {
  const log = createMemoryLog();
  const clock = new ManualClock();
  const puts: string[] = [];
  const write = log.documents.write.bind(log.documents);
  log.documents.write = (name, changes) => {
    puts.push(...changes.puts.map(({ key }) => `${name}:${key}`));
    return write(name, changes);
  };
  const projector = await opened(log, { clock });
  await appendAll(log, plannedHistory({ runs: 5, troubles: 0 }));
  await settle();
  expect(puts).toEqual([]);
  clock.advance(500);
  await settle();
  expect(puts.length).toBeGreaterThan(10);
  expect(new Set(puts).size).toBe(puts.length);
  await projector.close();
});

it('stores what is folded when a query comes, and answers from what it has when that cannot be stored', async () => {
  const log = createMemoryLog();
  const projector = await opened(log, { clock: new ManualClock() });
  const ask = () =>
    queryProjection({ log, projector, name: 'runs', query: querySchema.parse({ limit: 1_000 }) });
  await appendAll(log, plannedHistory({ runs: 5, troubles: 0 }));
  await settle();
  expect((await log.documents.list('runs', { limit: 1_000 })).documents).toEqual([]);
  const first = await ask();
  expect(first.documents).toHaveLength(5);
  expect(first.position).toBe(log.durablePosition);

  const write = log.documents.write.bind(log.documents);
  log.documents.write = () => Promise.reject(new Error('no room'));
  const more = plannedHistory({ runs: 8, troubles: 0 }).slice(-10);
  await appendAll(log, more);
  await settle();
  expect(await ask()).toEqual(first);
  log.documents.write = write;
  expect((await ask()).position).toBe(log.durablePosition);
  await projector.close();
});

it('tells a caller that waits too long that the projection lags', async () => {
  const log = createMemoryLog();
  const clock = new ManualClock();
  const projector = await opened(log, { clock });
  const waiting = projector.waitFor('runs', 1, 500);
  clock.advance(500);
  await expect(waiting).rejects.toMatchObject({ code: 'projection.lagging' });
  await expect(projector.waitFor('nothing', 1)).rejects.toMatchObject({
    code: 'projection.unknown',
  });
  await projector.close();
});

it('answers queries by key, index, page, position and time, in the past as it did then', async () => {
  const log = createMemoryLog();
  const projector = await opened(log);
  const ask = (name: string, query: object) =>
    queryProjection({ log, projector, name, query: querySchema.parse(query) });
  await appendAll(log, firstHalf);
  const then = log.durablePosition;
  const known = await ask('runs', { after: then, index: 'live', limit: 5 });
  const metrics = await ask('metrics', { after: then });
  await appendAll(log, secondHalf);
  expect((await ask('runs', { asOf: then, index: 'live', limit: 5 })).documents).toEqual(
    known.documents,
  );
  expect((await ask('metrics', { asOf: then })).documents).toEqual(metrics.documents);
  const key = runName(0);
  expect((await ask('runs', { key, asOf: 1 })).documents[0]?.document).toMatchObject({
    streamVersion: 2,
  });
  const next = await ask('runs', {
    after: then,
    limit: 5,
    page: (await ask('runs', { limit: 5 })).next,
  });
  expect(next.documents[0]?.key).toBe(runName(5));
  expect((await ask('runs', { asOf: '1970-01-01T00:00:00.000Z' })).documents).toEqual([]);
  const events = await ask('run_events', { key, limit: 3, reverse: true });
  expect(
    events.documents.map(({ document }) => (document as { streamVersion: number }).streamVersion),
  ).toEqual([0, 1, 2].map((back) => (log.streamHead(key)?.version as number) - back));
  await expect(ask('runs', { index: 'nothing' })).rejects.toMatchObject({ code: 'query.invalid' });
  await expect(ask('runs', { index: '__proto__' })).rejects.toMatchObject({
    code: 'query.invalid',
  });
  await expect(ask('run_events', {})).rejects.toMatchObject({ code: 'query.invalid' });
  await expect(ask('else', {})).rejects.toMatchObject({ code: 'projection.unknown' });
  await projector.close();
});
