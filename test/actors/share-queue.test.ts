/** The order of those who wait: F1 to F3 of `admission-order.ts`, Q1 and Q2 of `share-queue.ts`. */
import { describe, expect, it } from 'vitest';
import { type ShareOwner, ShareQueue } from '../../src/actors/services/share-queue.ts';
import type { Limits } from '../../src/messages/limits.ts';
import { PRIORITY_WEIGHTS, type ShareLevel, weightOf } from '../../src/policies/admission-order.ts';
import { costOf } from '../support/cost.ts';
import fc from '../support/property.ts';
import { seededRandom } from '../support/seeded.ts';

const priorities = ['urgent', 'high', 'normal', 'low'] as const;
const someone: ShareOwner = {
  priority: 'normal',
  tenant: undefined,
  session: undefined,
  name: 'w',
};

function queueWith(limits: Limits = {}): ShareQueue {
  return new ShareQueue((level: ShareLevel, name) => weightOf(limits, level, name));
}

function add(queue: ShareQueue, stream: string, owner: Partial<ShareOwner> = {}): void {
  queue.add({ stream, demand: 'agent:a', owner: { ...someone, ...owner }, since: 0 });
}

/** Serves whoever is next, who at once waits again, and counts by a name. */
function serve(
  queue: ShareQueue,
  times: number,
  nameOf: (owner: ShareOwner) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let count = 0; count < times; count += 1) {
    const ticket = queue.take();
    if (ticket === undefined) break;
    const name = nameOf(ticket.owner);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    queue.add(ticket);
  }
  return counts;
}

function drain(queue: ShareQueue): string[] {
  const order: string[] = [];
  for (let ticket = queue.take(); ticket !== undefined; ticket = queue.take())
    order.push(ticket.stream);
  return order;
}

describe('runs that wait', () => {
  it('of one share go by arrival; one that waits already keeps its place', () => {
    const queue = queueWith();
    for (const stream of ['r1', 'r2', 'r1', 'r3']) add(queue, stream);
    expect(queue.size).toBe(3);
    expect(drain(queue)).toEqual(['r1', 'r2', 'r3']);
    expect(queue.take()).toBeUndefined();
  });

  it('F1: of all priorities get slots by weight, and the lowest is never left out', () => {
    const queue = queueWith();
    for (const priority of priorities) add(queue, priority, { priority });
    const counts = serve(queue, 4_000, ({ priority }) => priority);
    const all = Object.values(PRIORITY_WEIGHTS).reduce((sum, weight) => sum + weight, 0);
    for (const priority of priorities) {
      const fair = (4_000 * PRIORITY_WEIGHTS[priority]) / all;
      expect(Math.abs((counts.get(priority) ?? 0) - fair)).toBeLessThanOrEqual(2);
    }
  });

  it('F3: one that is urgent is next, however many wait', () => {
    const queue = queueWith();
    for (let count = 0; count < 1_000; count += 1)
      add(queue, `r${count}`, { priority: priorities[1 + (count % 3)] ?? 'low' });
    for (let count = 0; count < 100; count += 1) queue.take();
    add(queue, 'urgent', { priority: 'urgent' });
    expect(queue.take()?.stream).toBe('urgent');
  });

  it('share by tenant first, however many sessions a tenant has', () => {
    const queue = queueWith();
    for (let count = 0; count < 50; count += 1)
      add(queue, `big${count}`, { tenant: 'big', session: `s${count}` });
    add(queue, 'small', { tenant: 'small' });
    const counts = serve(queue, 1_000, ({ tenant }) => tenant ?? '');
    expect(counts.get('big')).toBe(500);
    expect(counts.get('small')).toBe(500);
  });

  it('share by the weights of tenants, sessions and workflows, also when they change', () => {
    const limits: Limits = {
      tenants: { a: { weight: 3 } },
      sessions: { x: { weight: 4 } },
      workflows: { nightly: { weight: 0.5 } },
    };
    const queue = queueWith(limits);
    for (const tenant of ['a', 'b'])
      for (const session of ['x', 'y'])
        for (const name of ['nightly', 'web'])
          add(queue, `${tenant}${session}${name}`, { tenant, session, name });
    const byTenant = serve(queue, 1_000, ({ tenant }) => tenant ?? '');
    expect(byTenant.get('a')).toBe(750);
    const bySession = serve(queue, 1_000, ({ session }) => session ?? '');
    expect(Math.abs((bySession.get('x') ?? 0) - 800)).toBeLessThanOrEqual(2);
    const byName = serve(queue, 900, ({ name }) => name);
    expect(Math.abs((byName.get('nightly') ?? 0) - 300)).toBeLessThanOrEqual(4);
    limits.tenants = { b: { weight: 3 } };
    const changed = serve(queue, 1_000, ({ tenant }) => tenant ?? '');
    expect(Math.abs((changed.get('b') ?? 0) - 750)).toBeLessThanOrEqual(2);
  });

  it('F2: gain nothing by leaving and coming back, and save nothing up', () => {
    const queue = queueWith();
    for (const session of ['a', 'b', 'c']) add(queue, session, { session });
    expect(queue.take()?.stream).toBe('a');
    add(queue, 'a', { session: 'a' });
    queue.remove('a');
    add(queue, 'a', { session: 'a' });
    expect(drain(queue)).toEqual(['b', 'c', 'a']);
    for (let count = 0; count < 9; count += 1) add(queue, `d${count}`, { session: 'd' });
    for (let count = 0; count < 5; count += 1) queue.take();
    // It was away while the others had their slots, and gets no more than its turn now.
    for (let count = 0; count < 4; count += 1) add(queue, `e${count}`, { session: 'e' });
    const order = drain(queue);
    expect(order.slice(0, 4).filter((stream) => stream.startsWith('e'))).toHaveLength(2);
  });

  it('no session waits more than twice its fair share, whatever the others do', () => {
    const loads = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(loads, fc.integer({ min: 0, max: 1_000_000 }), (load, seed) => {
        const random = seededRandom(seed);
        const queue = queueWith();
        for (const [session, count] of load.entries())
          for (let run = 0; run < count; run += 1)
            add(queue, `${session}/${run}`, { session: `s${session}`, name: `w${run % 3}` });
        const waited = new Map<string, number>();
        for (let slot = 0; slot < 400; slot += 1) {
          const ticket = queue.take();
          if (ticket === undefined) break;
          for (const session of load.keys())
            waited.set(`s${session}`, (waited.get(`s${session}`) ?? 0) + 1);
          waited.set(ticket.owner.session ?? '', 0);
          // Some come back at once, some a little later; who has nothing left waits for nothing.
          if (random() < 0.9) queue.add(ticket);
          const waiting = new Set(queue.tickets().map(({ owner }) => owner.session));
          for (const session of [...waited.keys()])
            if (!waiting.has(session)) waited.set(session, 0);
          for (const slots of waited.values()) expect(slots).toBeLessThanOrEqual(2 * load.length);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('go to nobody twice and are lost never, whatever is added, taken and removed', () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom('add', 'add', 'take', 'remove'),
        run: fc.integer({ min: 0, max: 15 }),
        priority: fc.constantFrom(...priorities),
        tenant: fc.constantFrom(undefined, 'a', 'b'),
        session: fc.constantFrom(undefined, 'x', 'y', 'z'),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const queue = queueWith();
        const waiting = new Set<string>();
        for (const { what, run, priority, tenant, session } of list) {
          const stream = `r${run}`;
          if (what === 'add') {
            add(queue, stream, { priority, tenant, session });
            waiting.add(stream);
          } else if (what === 'remove') {
            queue.remove(stream);
            waiting.delete(stream);
          } else {
            const taken = queue.take()?.stream;
            expect(taken === undefined).toBe(waiting.size === 0);
            if (taken !== undefined) expect(waiting.delete(taken)).toBe(true);
          }
          expect(queue.size).toBe(waiting.size);
          expect(queue.nextPriority === undefined).toBe(waiting.size === 0);
        }
        expect(new Set(drain(queue))).toEqual(waiting);
      }),
    );
  });
});

/** As many runs as said, of four priorities, over sessions. */
function filled(runs: number, sessions: number): ShareQueue {
  const queue = queueWith();
  const random = seededRandom(7);
  for (let run = 0; run < runs; run += 1)
    add(queue, `run_${run}`, {
      priority: priorities[Math.floor(random() * 4)] ?? 'low',
      session: `s${Math.floor(random() * sessions)}`,
      tenant: `t${run % 7}`,
    });
  return queue;
}

describe('the cost of one admission', () => {
  it('does not grow: with 100,000 runs of 1,000 sessions it is near that with 1,000 of 10', () => {
    const admit = (queue: ShareQueue) => () => {
      for (let count = 0; count < 20_000; count += 1) {
        const ticket = queue.take();
        if (ticket !== undefined) queue.add(ticket);
      }
    };
    const small = filled(1_000, 10);
    const large = filled(100_000, 1_000);
    admit(small)();
    admit(large)();
    // A cost by the number of runs would be 100 times as high. The logarithm of the sessions is about twice that of 10;
    // memory that does not fit a cache costs the rest, and others on the machine some more.
    expect(costOf(admit(large), 5) / costOf(admit(small), 5)).toBeLessThan(10);
  });
});
