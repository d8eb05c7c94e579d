/** L1 and L2 of `live-runs.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveRuns } from '../../src/actors/services/live-runs.ts';
import type { Limits } from '../../src/messages/limits.ts';

let now: number;
beforeEach(() => {
  now = 1_000;
});

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

const runsWith = (limits: Limits): LiveRuns => new LiveRuns(limits, { now: () => now });
const nobody = { tenant: undefined, session: undefined, name: 'w' };

describe('live runs', () => {
  it('L1: count once, however often they are loaded or end', () => {
    const runs = runsWith({});
    for (const stream of ['r1', 'r1', 'r2']) runs.note(stream, nobody, true);
    expect(runs.size).toBe(2);
    for (const stream of ['r1', 'r1', 'r3']) runs.ended(stream);
    expect(runs.size).toBe(1);
  });

  it('L2: over the bound of the node are refused as overloaded', () => {
    const runs = runsWith({ live_runs: 1 });
    runs.check(nobody);
    runs.note('r1', nobody, true);
    expect(errorOf(() => runs.check(nobody))).toMatchObject({
      code: 'overloaded',
      details: { limit: 1, retryAfterMs: 1_000 },
    });
    runs.ended('r1');
    runs.check(nobody);
  });

  it('L2: over a quota are refused with what is full', () => {
    const runs = runsWith({
      tenants: { acme: { live_runs: 2 } },
      sessions: { '*': { live_runs: 1 } },
    });
    const acme = (session: string) => ({ tenant: 'acme', session, name: 'w' });
    runs.note('r1', acme('s1'), true);
    expect(errorOf(() => runs.check(acme('s1')))).toMatchObject({
      code: 'quota.exceeded',
      details: { scope: 'session', name: 's1', limit: 1, live: 1 },
    });
    runs.note('r2', acme('s2'), true);
    expect(errorOf(() => runs.check(acme('s3')))).toMatchObject({
      code: 'quota.exceeded',
      message: 'the tenant "acme" has 2 live runs of at most 2',
    });
    runs.check({ tenant: 'other', session: 's3', name: 'w' });
    runs.check(nobody);
  });

  it('say when to come again, by how long it took from one end to the next', () => {
    const runs = runsWith({ live_runs: 3 });
    for (let run = 0; run < 6; run += 1) runs.note(`r${run}`, nobody, true);
    for (let run = 0; run < 3; run += 1) {
      runs.ended(`r${run}`);
      now += 400;
    }
    now -= 300;
    expect(errorOf(() => runs.check(nobody))).toMatchObject({ details: { retryAfterMs: 300 } });
    now += 10_000;
    expect(errorOf(() => runs.check(nobody))).toMatchObject({ details: { retryAfterMs: 100 } });
  });

  it('limits that change hold at once', () => {
    const runs = runsWith({ live_runs: 1 });
    runs.note('r1', nobody, true);
    runs.configure({ live_runs: 2 });
    runs.check(nobody);
  });

  it('forget tenants and sessions that have none', () => {
    const runs = runsWith({});
    for (let run = 0; run < 5_000; run += 1) {
      runs.note(`r${run}`, { tenant: `t${run}`, session: undefined }, true);
      runs.ended(`r${run}`);
    }
    expect(runs.remembered).toBeLessThanOrEqual(1_001);
  });
});
