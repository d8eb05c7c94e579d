/**
 * Starts by key, with a crash after each step: whatever is killed when, a window has one run, and a pause one run that
 * has the input of the last request.
 */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { World } from './world.ts';

const LIMIT_MS = 600_000;
const MINUTE_MS = 60_000;
const workflow: JsonObject = {
  name: 'index',
  inputs: { change: { type: 'number', default: 0 } },
  tasks: [{ id: 'a', agent: 'echo', parameters: { gives: '${inputs.change}' } }],
};

interface Keyed {
  more: JsonObject;
  /** True: all are asked for at once. */
  isBurst?: boolean;
  /** The step after which the orchestrator is killed, and comes back. */
  crashAt: number;
}

// Length: one play, from the first request to what the log holds at its end.
/** Asks three times with one key; the ids of the runs that were answered, and every run of the log. */
async function play({ more, isBurst = false, crashAt }: Keyed) {
  const world = new World(11);
  world.start();
  world.startWorker('w1');
  await world.until(() => (world.orchestrator?.agents().length ?? 0) > 0, LIMIT_MS, 'the start');
  const answered: string[] = [];
  let lastAt = 0;
  const ask = async (change: number): Promise<void> => {
    answered.push(await world.request(`q${change}`, workflow, { change }, more));
    lastAt = world.time.now;
  };
  const asking = isBurst
    ? Promise.all([1, 2, 3].map(ask))
    : ask(1)
        .then(() => ask(2))
        .then(() => ask(3));
  let isDone = false;
  void asking.then(() => {
    isDone = true;
  });
  const hasEnded = (): boolean =>
    isDone &&
    [...world.invariants.streams].every(
      ([stream, { types }]) => !stream.startsWith('run_') || types.at(-1) === 'run.succeeded',
    );
  let steps = 0;
  while (!hasEnded()) {
    steps += 1;
    if (steps === crashAt) {
      world.crash({ keepInFlight: crashAt % 2 === 0 });
      world.start();
      await world.catchUpInvariants();
    }
    if (!(await world.time.step())) throw new Error('nothing will ever happen');
    if (world.time.now - lastAt > LIMIT_MS && isDone)
      throw new Error(`it never ends, with a crash at ${crashAt}`);
  }
  const runs = [...world.invariants.streams.keys()].filter((stream) => stream.startsWith('run_'));
  const inputs: unknown[] = [];
  let startedAt = 0;
  for await (const commits of world.log.readStream(runs[0] ?? '', {}))
    for (const { at, events } of commits)
      for (const { type, data } of events) {
        if (type === 'run.created' || type === 'run.postponed')
          inputs.push((data as { inputs: unknown }).inputs);
        if (type === 'run.started') startedAt = at;
      }
  const { errors } = world;
  await world.until(() => world.orchestrator !== undefined, LIMIT_MS, 'it is there again');
  await world.close();
  return { answered, runs, inputs, steps, waitedMs: startedAt - lastAt, errors };
}

/** Every step of an undisturbed play, and some of those that only a crash brings. */
async function crashPoints(keyed: Omit<Keyed, 'crashAt'>): Promise<number[]> {
  const { steps } = await play({ ...keyed, crashAt: -1 });
  return Array.from({ length: Math.min(steps, 60) }, (_, index) => index + 1);
}

describe('a window of a dedupe key has one run', () => {
  const more = { dedupe: { key: 'nightly', window: '1h' } };

  it.each([false, true])('with a crash after each step, at once: %s', async (isBurst) => {
    for (const crashAt of await crashPoints({ more, isBurst })) {
      const { answered, runs } = await play({ more, isBurst, crashAt });
      expect({ crashAt, answered, runs: runs.length }).toEqual({
        crashAt,
        answered: Array.from({ length: 3 }, () => runs[0]),
        runs: 1,
      });
    }
  });

  it('and another one when it has closed', async () => {
    const world = new World(3);
    world.start();
    world.startWorker('w1');
    const ask = (id: string, key: string, tenant = 'a') =>
      world.request(id, workflow, {}, { tenant, dedupe: { key, window: '1m' } });
    const seen: Record<string, string> = {};
    let isOver = false;
    const asked = async (): Promise<void> => {
      seen['first'] = await ask('q1', 'k');
      seen['other key'] = await ask('q2', 'k2');
      seen['other tenant'] = await ask('q3', 'k', 'b');
      seen['again'] = await ask('q4', 'k');
      await world.pause(MINUTE_MS);
      seen['later'] = await ask('q5', 'k');
      isOver = true;
    };
    void asked();
    await world.until(() => isOver, LIMIT_MS, 'the answers');
    expect(seen['again']).toBe(seen['first']);
    expect(new Set(Object.values(seen)).size).toBe(4);
    await world.close();
  });
});

describe('a pause of a debounce key has one run, with the input of the last request', () => {
  const more = { debounce: { key: 'docs', delay: '1m' } };

  it.each([false, true])('with a crash after each step, at once: %s', async (isBurst) => {
    for (const crashAt of await crashPoints({ more, isBurst })) {
      const { answered, runs, inputs, waitedMs } = await play({ more, isBurst, crashAt });
      expect({ crashAt, answered, runs: runs.length }).toEqual({
        crashAt,
        answered: Array.from({ length: 3 }, () => runs[0]),
        runs: 1,
      });
      expect(inputs).toHaveLength(3);
      if (!isBurst) expect(inputs.at(-1)).toEqual({ change: 3 });
      // It is answered a little after its pause began.
      expect(waitedMs).toBeGreaterThan(MINUTE_MS - 2_000);
    }
  });

  it('starts at the latest after its `max`', async () => {
    const { waitedMs, runs } = await play({
      more: { debounce: { key: 'docs', delay: '1m', max: '2s' } },
      crashAt: -1,
    });
    expect(runs).toHaveLength(1);
    expect(waitedMs).toBeLessThanOrEqual(2_000);
  });
});
