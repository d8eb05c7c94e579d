/** Limits of agents and keys, and rates: S1, S4 of `admission.ts`, G1, G2 of `gates.ts`, in simulated time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Admission, type Grant } from '../../src/actors/services/admission.ts';
import { Directory } from '../../src/actors/services/directory.ts';
import type { ShareOwner } from '../../src/actors/services/share-queue.ts';
import { heartbeatSchema } from '../../src/messages/execution.ts';
import type { Limits } from '../../src/messages/limits.ts';
import { demandOf } from '../../src/policies/demand.ts';
import { Scope, SimTime } from '../simulation/sim-time.ts';

let time: SimTime;
let start: number;
let directory: Directory;
let offered: [string, number][];
let held: Grant[];

const owner: ShareOwner = {
  priority: 'normal',
  tenant: undefined,
  session: undefined,
  name: 'w',
};
const onA = demandOf('agent', 'a');
const withKey = demandOf('agent', 'a', 'github');

beforeEach(() => {
  time = new SimTime();
  start = time.now;
  offered = [];
  held = [];
  directory = new Directory(() => {});
  for (const agent of ['a', 'b'])
    directory.heard(
      heartbeatSchema.parse({ worker: 'w1', agent, concurrency: 10, capabilities: ['c'], ttl: 5 }),
      0,
    );
});

function admissionWith(limits: Limits, takes = () => true): Admission {
  return new Admission({
    ...{ directory, limits, clock: time.clockOf(new Scope('admission')) },
    offer: (stream, _demand, grant) => {
      offered.push([stream, time.now - start]);
      if (takes()) held.push(grant);
      return takes();
    },
  });
}

function ask(admission: Admission, count: number, demand = onA): number {
  let granted = 0;
  for (let run = 0; run < count; run += 1) {
    const grant = admission.acquire({
      stream: `r${offered.length + run}-${demand}`,
      demand,
      owner,
    });
    if (grant === undefined) continue;
    granted += 1;
    held.push(grant);
  }
  return granted;
}

async function pass(ms: number): Promise<void> {
  const until = time.now + ms;
  time.plan(new Scope('test'), ms, () => {});
  while (time.now < until && (await time.step()));
}

describe('a limit', () => {
  it('of an agent holds over all its workers; `*` is for all that are not named', () => {
    const admission = admissionWith({
      agents: { a: { concurrency: 2 }, '*': { concurrency: 3 } },
    });
    expect(ask(admission, 5)).toBe(2);
    expect(ask(admission, 5, demandOf('agent', 'b'))).toBe(3);
    admission.release(held[0] as Grant);
    expect(offered).toHaveLength(1);
  });

  it('that workers say of a rate holds with the setting; the strictest of them, while they live', () => {
    const says = (worker: string, rate: object, ttl = 5): void => {
      directory.heard(
        heartbeatSchema.parse({ worker, agent: 'a', concurrency: 9, ttl, ...rate }),
        0,
      );
    };
    says('w1', { rate: '10/s', burst: 4 });
    says('w2', { rate: '2/s' });
    says('w3', { rate: '120/m', burst: 3 });
    expect(directory.rate('a')).toEqual({ rate: '2/s', burst: undefined });
    const admission = admissionWith({ agents: { a: { rate: '1/m', burst: 5 } } });
    admission.offerRate('a', directory.rate('a'));
    expect(ask(admission, 2)).toBe(1);
    expect(admission.obstacleOf(onA)).toMatchObject({ kind: 'rate', of: 'agent', rate: '1/m' });
    admission.configure({});
    expect(admission.obstacleOf(onA)).toEqual({
      ...{ kind: 'rate', of: 'agent', name: 'a', rate: '2/s', dueAt: start + 500 },
    });
    for (const worker of ['w1', 'w2', 'w3']) says(worker, {}, 0);
    says('w4', {});
    admission.offerRate('a', directory.rate('a'));
    expect(ask(admission, 5)).toBe(5);
  });

  it('of a key is shared by agents that know nothing of each other', () => {
    const admission = admissionWith({ keys: { github: { concurrency: 2 } } });
    expect(ask(admission, 1, withKey)).toBe(1);
    expect(ask(admission, 2, demandOf('agent', 'b', 'github'))).toBe(1);
    expect(ask(admission, 3)).toBe(3);
    expect(admission.obstacleOf(withKey)).toEqual({
      kind: 'slot',
      of: 'key',
      name: 'github',
      limit: 2,
    });
    admission.release({ agent: 'a', limit: 'github' });
    expect(offered).toHaveLength(1);
  });

  it('that changes while work waits holds at once, and never ends what runs', () => {
    const admission = admissionWith({ agents: { a: { concurrency: 1 } } });
    ask(admission, 6);
    admission.configure({ agents: { a: { concurrency: 4 } } });
    expect(admission.inHand('a')).toBe(4);
    admission.configure({ agents: { a: { concurrency: 1 } } });
    expect(admission.inHand('a')).toBe(4);
    for (const grant of held.splice(0, 3)) admission.release(grant);
    expect(offered).toHaveLength(3);
    admission.configure({});
    expect(admission.waiting).toBe(0);
  });

  it('G1: that comes later counts what runs already', () => {
    const admission = admissionWith({});
    expect(ask(admission, 3, withKey)).toBe(3);
    admission.configure({ keys: { github: { concurrency: 4 } } });
    expect(ask(admission, 3, withKey)).toBe(1);
  });

  it('of 0 stops an agent until it is lifted', () => {
    const admission = admissionWith({ agents: { a: { concurrency: 0 } } });
    expect(ask(admission, 2)).toBe(0);
    admission.configure({});
    expect(offered).toHaveLength(2);
  });

  it('of workers that changes by a heartbeat holds at once', () => {
    const admission = admissionWith({});
    expect(ask(admission, 12)).toBe(10);
    directory.heard(
      heartbeatSchema.parse({ worker: 'w1', agent: 'a', concurrency: 11, ttl: 5 }),
      0,
    );
    admission.pump();
    expect(offered).toHaveLength(1);
  });
});

describe('a rate', () => {
  it('S4: lets one begin when its token is there, by one timer and no polling', async () => {
    const admission = admissionWith({ agents: { a: { rate: '10/s', burst: 1 } } });
    expect(ask(admission, 4)).toBe(1);
    expect(admission.obstacleOf(onA)).toMatchObject({ kind: 'rate', dueAt: start + 100 });
    const before = time.steps;
    await pass(1_000);
    expect(offered.map(([, at]) => at)).toEqual([100, 200, 300]);
    expect(time.steps - before).toBe(4);
  });

  it('of a key and of an agent both hold', async () => {
    const admission = admissionWith({
      agents: { a: { rate: '20/s', burst: 1 } },
      keys: { github: { rate: '5/s', burst: 1 } },
    });
    ask(admission, 3, withKey);
    await pass(1_000);
    expect(offered.map(([, at]) => at)).toEqual([200, 400]);
  });

  it('saves up as many as its burst, and begins with one', async () => {
    const admission = admissionWith({ agents: { a: { rate: '10/s', burst: 3 } } });
    expect(ask(admission, 1)).toBe(1);
    expect(ask(admission, 1)).toBe(0);
    await pass(2_000);
    expect(ask(admission, 5)).toBe(3);
  });

  it('gives back the token of a slot that nothing began with', async () => {
    const admission = admissionWith({ agents: { a: { rate: '1/h', burst: 1 } } });
    ask(admission, 1);
    admission.giveBack(held[0] as Grant);
    expect(ask(admission, 1)).toBe(1);
    const refusing = admissionWith({ agents: { a: { rate: '10/s', burst: 1 } } }, () => false);
    ask(refusing, 3);
    await pass(1_000);
    // Nobody took the first token that was there, so the next one had it at once.
    expect(offered.map(([, at]) => at)).toEqual([100, 100]);
    expect(refusing.inHand('a')).toBe(1);
  });

  it('that changes while work waits holds at once', async () => {
    const admission = admissionWith({ agents: { a: { rate: '1/h', burst: 1 } } });
    ask(admission, 3);
    await pass(500);
    admission.configure({ agents: { a: { rate: '10/s', burst: 1 } } });
    await pass(1_000);
    expect(offered.map(([, at]) => at)).toEqual([500, 600]);
  });

  it('of one agent leaves the others of a capability free', async () => {
    const admission = admissionWith({ agents: { a: { rate: '1/s', burst: 1 } } });
    const demand = demandOf('capability', 'c');
    expect(ask(admission, 11, demand)).toBe(11);
    expect(admission.inHand('a')).toBe(1);
    ask(admission, 1, demand);
    await pass(1_000);
    expect(offered).toHaveLength(1);
    expect(admission.inHand('a')).toBe(2);
  });

  it('leaves no timer behind when nobody waits any more', async () => {
    const admission = admissionWith({ agents: { a: { rate: '1/h', burst: 1 } } });
    ask(admission, 1);
    admission.acquire({ stream: 'gone', demand: onA, owner });
    admission.forget('gone');
    expect(await time.step()).toBe(false);
    admission.acquire({ stream: 'left', demand: onA, owner });
    admission.close();
    expect(await time.step()).toBe(false);
  });
});

describe('where the node is what is scarce', () => {
  it('agents take turns, and urgent work of any of them is next', () => {
    const admission = admissionWith({ node: 1 });
    ask(admission, 3);
    ask(admission, 3, demandOf('agent', 'b'));
    admission.acquire({
      stream: 'urgent',
      demand: demandOf('agent', 'b'),
      owner: { ...owner, priority: 'urgent' },
    });
    for (let count = 0; count < 6; count += 1) admission.release(held[count] as Grant);
    const order = offered.map(([stream]) => stream.replace(/^r\d+-agent:/, ''));
    expect(order).toEqual(['urgent', 'a', 'b', 'a', 'b', 'b']);
  });
});
