/** U1 and U2 of `queued-tasks.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import { QueuedTasks } from '../../src/actors/services/queued-tasks.ts';
import type { Limits } from '../../src/messages/limits.ts';

let now: number;
beforeEach(() => {
  now = 1_000;
});

const tasksWith = (limits: Limits): QueuedTasks => new QueuedTasks(limits, { now: () => now });
const acme = (session?: string, name = 'w') => ({ tenant: 'acme', session, name });

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('queued tasks', () => {
  it('U2: of a tenant, a session and a workflow are bounds for new runs', () => {
    const queued = tasksWith({
      tenants: { acme: { queued: 10 } },
      sessions: { '*': { queued: 5 } },
      workflows: { w: { queued: 7 } },
    });
    queued.changed(acme('s1'), 5);
    expect(errorOf(() => queued.check(acme('s1', 'other')))).toMatchObject({
      code: 'quota.exceeded',
      message: 'the session "s1" has 5 tasks that wait of at most 5',
      details: { scope: 'session', name: 's1', limit: 5, queued: 5 },
    });
    queued.check(acme('s2'));
    queued.changed(acme('s2'), 2);
    expect(errorOf(() => queued.check(acme('s2')))).toMatchObject({
      details: { scope: 'workflow', name: 'w', limit: 7, queued: 7 },
    });
    queued.changed(acme(undefined, 'other'), 3);
    expect(errorOf(() => queued.check(acme(undefined, 'third')))).toMatchObject({
      details: { scope: 'tenant', name: 'acme', limit: 10, queued: 10 },
    });
    queued.check({ tenant: 'else', session: undefined, name: 'other' });
    queued.changed(acme('s1'), -5);
    queued.check(acme('s1'));
    expect(queued.total).toBe(5);
  });

  it('U1: are counted before there is a limit, and one that goes lets all in', () => {
    const queued = tasksWith({});
    queued.changed(acme(), 4);
    queued.check(acme());
    queued.configure({ tenants: { acme: { queued: 4 } } });
    expect(errorOf(() => queued.check(acme()))).toMatchObject({ code: 'quota.exceeded' });
    queued.configure({ tenants: { acme: { queued: 5 } } });
    queued.check(acme());
    queued.configure({ tenants: { acme: { queued: 0 } } });
    expect(errorOf(() => queued.check(acme()))).toMatchObject({ details: { limit: 0 } });
    queued.configure({});
    queued.check(acme());
  });

  it('say when to come again, by how fast they have begun', () => {
    const queued = tasksWith({ tenants: { acme: { queued: 4 } } });
    queued.changed(acme(), 20);
    const waitMs = (): unknown =>
      (errorOf(() => queued.check(acme())) as { details: { retryAfterMs: number } }).details
        .retryAfterMs;
    expect(waitMs()).toBe(1_000);
    for (let begun = 0; begun < 5; begun += 1) {
      now += 200;
      queued.changed(acme(), -2);
    }
    // 10 wait, one begins each 100 ms: the 7 that are too many need 700 ms.
    expect(waitMs()).toBe(700);
    queued.changed(acme(), 100_000);
    expect(waitMs()).toBe(60_000);
  });
});
