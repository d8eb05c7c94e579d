/** The timer service: T1 to T3 of `timers.ts`, in simulated time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type ArmedTimer, Timers } from '../../src/actors/services/timers.ts';
import { Scope, SimTime } from '../simulation/sim-time.ts';

const DAY_MS = 24 * 3600 * 1000;
let time: SimTime;
let timers: Timers;
let fired: [string, number][];
let start: number;

beforeEach(() => {
  time = new SimTime();
  start = time.now;
  fired = [];
  const fire = ({ timerId }: ArmedTimer): void => void fired.push([timerId, time.now - start]);
  timers = new Timers(time.clockOf(new Scope('timers')), fire);
});

function arm(timerId: string, afterMs: number): void {
  timers.arm(timerId, { stream: 'run_1', timerId, dueAt: start + afterMs });
}

async function play(): Promise<void> {
  while (await time.step()) if (time.steps > 100_000) throw new Error('timers without end');
}

describe('timers', () => {
  it('fire in the order of their due times, not before', async () => {
    arm('b', 2_000);
    arm('a', 1_000);
    arm('c', 2_000);
    await play();
    expect(fired).toEqual([
      ['a', 1_000],
      ['b', 2_000],
      ['c', 2_000],
    ]);
    expect(timers.size).toBe(0);
  });

  it('of thirty days fire after thirty days', async () => {
    arm('month', 30 * DAY_MS);
    await play();
    expect(fired).toEqual([['month', 30 * DAY_MS]]);
  });

  it('that are due already fire at once', async () => {
    arm('late', -DAY_MS);
    await play();
    expect(fired).toEqual([['late', 0]]);
  });

  it('that were disarmed do not fire; the same key again changes nothing', async () => {
    arm('a', 1_000);
    arm('a', 5_000);
    arm('b', 2_000);
    timers.disarm('run_1', 'b');
    await play();
    expect(fired).toEqual([['a', 1_000]]);
  });

  it('see within a minute that the clock has jumped ahead', async () => {
    arm('a', DAY_MS);
    time.now += 2 * DAY_MS;
    await time.step();
    expect(fired.map(([timerId]) => timerId)).toEqual(['a']);
  });

  it('wait for the wall clock when it has gone back', async () => {
    let ahead = 0;
    const clock = time.clockOf(new Scope('moved'));
    const moved = new Timers({ ...clock, now: () => clock.now() + ahead }, ({ timerId }) =>
      fired.push([timerId, time.now - start]),
    );
    moved.arm('a', { stream: 'run_1', timerId: 'a', dueAt: start + 10_000 });
    ahead = -3_600_000;
    await play();
    expect(fired).toEqual([['a', 3_610_000]]);
  });

  it('are handled by thousands, armed and disarmed', async () => {
    for (let index = 0; index < 5_000; index += 1) arm(`t${index}`, (index * 7_919) % 5_000);
    for (let index = 0; index < 5_000; index += 2) timers.disarm('run_1', `t${index}`);
    await play();
    expect(fired).toHaveLength(2_500);
    expect(fired.map(([, at]) => at)).toEqual(fired.map(([, at]) => at).toSorted((a, b) => a - b));
  });

  it('stay silent once the service has stopped', async () => {
    arm('a', 1_000);
    timers.stop();
    await play();
    expect(fired).toEqual([]);
  });
});
