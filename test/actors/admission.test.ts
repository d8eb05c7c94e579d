/** Slots: S1 to S3 of `admission.ts`, over a real directory. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Admission, type Grant } from '../../src/actors/services/admission.ts';
import type { Clock } from '../../src/actors/services/clock.ts';
import { Directory } from '../../src/actors/services/directory.ts';
import type { ShareOwner } from '../../src/actors/services/share-queue.ts';
import { heartbeatSchema } from '../../src/messages/execution.ts';
import { Scope, SimTime } from '../simulation/sim-time.ts';
import { costOf } from '../support/cost.ts';

let directory: Directory;
let admission: Admission;
let time: SimTime;
let clock: Clock;
let offered: string[];
let takes: boolean;

function heartbeat(agent: string, concurrency: number, worker = 'w1'): void {
  directory.heard(
    heartbeatSchema.parse({ worker, agent, concurrency, capabilities: ['c'], ttl: 5 }),
    0,
  );
}

function ask(
  stream: string,
  demand = 'agent:a',
  priority: 'normal' | 'urgent' = 'normal',
): Grant | undefined {
  return admission.acquire({ stream, demand, owner: owner({ priority }) });
}

function owner(rest: Partial<ShareOwner> = {}): ShareOwner {
  return { priority: 'normal', tenant: undefined, session: undefined, name: 'w', ...rest };
}

beforeEach(() => {
  offered = [];
  takes = true;
  directory = new Directory(() => {});
  const offer = (stream: string): boolean => {
    offered.push(stream);
    return takes;
  };
  time = new SimTime();
  clock = time.clockOf(new Scope('admission'));
  admission = new Admission({ directory, clock, limits: { node: 3 }, offer });
});

describe('slots', () => {
  it('are as many as the live workers of an agent can run', () => {
    heartbeat('a', 2);
    expect([ask('r1'), ask('r1')].map((grant) => grant?.agent)).toEqual(['a', 'a']);
    expect(ask('r1')).toBeUndefined();
    expect(admission.inHand('a')).toBe(2);
  });

  it('are never more than the node may run', () => {
    heartbeat('a', 10);
    for (let count = 0; count < 3; count += 1) expect(ask('r1')).toBeDefined();
    expect(ask('r1')).toBeUndefined();
  });

  it('of nobody are none; the run that waits hears when a worker comes', () => {
    expect(ask('r1')).toBeUndefined();
    heartbeat('a', 1);
    admission.pump();
    expect(offered).toEqual(['r1']);
    expect(admission.waiting).toBe(0);
  });

  it('go to those who wait, by priority, then by arrival; nobody overtakes', () => {
    heartbeat('a', 1);
    ask('r0');
    for (const stream of ['r1', 'r2']) expect(ask(stream)).toBeUndefined();
    ask('r3', 'agent:a', 'urgent');
    for (let count = 0; count < 3; count += 1) admission.release({ agent: 'a' });
    expect(offered).toEqual(['r3', 'r1', 'r2']);
  });

  it('that an offer sets free go to those who were looked at before it', () => {
    const seen: string[] = [];
    const held: Admission = new Admission({
      ...{ directory, clock, limits: { node: 3 } },
      offer: (stream) => {
        seen.push(stream);
        if (stream === 'r2') held.release({ agent: 'a' });
        return true;
      },
    });
    heartbeat('a', 1);
    held.claim({ agent: 'a' });
    held.acquire({ stream: 'r1', demand: 'agent:a', owner: owner() });
    held.acquire({ stream: 'r2', demand: 'agent:b', owner: owner() });
    heartbeat('b', 1);
    held.pump();
    expect(seen).toEqual(['r2', 'r1']);
  });

  it('a run waits once for a demand, however often it asks', () => {
    ask('r1');
    ask('r1');
    expect(admission.waiting).toBe(1);
    ask('r1', 'agent:b');
    expect(admission.waiting).toBe(2);
    admission.forget('r1');
    expect(admission.waiting).toBe(0);
  });

  it('an offer that is not taken goes to the next', () => {
    heartbeat('a', 1);
    ask('r0');
    ask('r1');
    ask('r2');
    takes = false;
    admission.release({ agent: 'a' });
    expect(offered).toEqual(['r1', 'r2']);
    expect(admission.inHand('a')).toBe(0);
  });

  it('by capability go to the agent with most room, and only where there is room', () => {
    heartbeat('a', 1);
    heartbeat('b', 2);
    expect(ask('r1', 'capability:c')?.agent).toBe('a');
    expect(ask('r1', 'capability:c')?.agent).toBe('b');
    expect(ask('r1', 'capability:c')?.agent).toBe('b');
    expect(ask('r1', 'capability:c')).toBeUndefined();
  });

  it('that were claimed after a restart count, whatever the limits', () => {
    heartbeat('a', 1);
    admission.claim({ agent: 'a' });
    admission.claim({ agent: 'a' });
    expect(ask('r1')).toBeUndefined();
    admission.release({ agent: 'a' });
    expect(offered).toEqual([]);
    admission.release({ agent: 'a' });
    expect(offered).toEqual(['r1']);
  });
});

describe('with 100,000 runs of 1,000 sessions that wait', () => {
  it('urgent work has the next slot, well within 100 ms', () => {
    heartbeat('a', 1);
    ask('r0');
    const priorities = ['high', 'normal', 'low'] as const;
    for (let run = 1; run <= 100_000; run += 1)
      admission.acquire({
        stream: `r${run}`,
        demand: 'agent:a',
        owner: owner({ priority: priorities[run % 3] ?? 'low', session: `s${run % 1_000}` }),
      });
    expect(admission.waiting).toBe(100_000);
    const took = costOf(() => {
      ask('urgent', 'agent:a', 'urgent');
      admission.release({ agent: 'a' });
    });
    expect(offered).toEqual(['urgent']);
    expect(took).toBeLessThan(100);
  });
});
