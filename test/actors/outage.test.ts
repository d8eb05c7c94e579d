/** While the log cannot be written, requests are refused; what was refused holds up nothing once it can be written again. */
import { expect, it } from 'vitest';
import { begin, servingWorld } from '../simulation/crash-points.ts';
import { noDiskFaults } from '../simulation/world.ts';

const LIMIT_MS = 300_000;
const OUTAGE_MS = 10_000;
const RUNS = 10;
// Short enough that the runs stay in memory.
const workflow = { tasks: [{ id: 'pause', wait: { timer: 2 } }] };

/** A write that hangs for a minute: the runs are idle for so long that they could leave memory. */
const writes = [{ slowMs: 1_000 }, { slowMs: 60_000 }];

it.each(writes)(
  'requests that come while the log is away hold up nothing afterwards ($slowMs ms)',
  async ({ slowMs }) => {
    const world = await servingWorld();
    const runs = Array.from({ length: RUNS }, (_, number) =>
      begin(world, `before-${number}`, { name: 'before', workflow }),
    );
    const haveBegun = (): boolean => runs.every((run) => run.runId() !== '');
    await world.until(haveBegun, LIMIT_MS, 'the waits');
    const reopen = world.log.reopen.bind(world.log);
    let isAway = true;
    world.log.reopen = () => (isAway ? Promise.reject(new Error('no disk')) : reopen());
    // The timers are told again only by what is released: their commits are lost, and nobody else sends them again.
    const lead = (): number => world.log.appendedPosition - world.log.durablePosition;
    world.disk = { ...noDiskFaults, failLost: 1, slowMs };
    await world.until(() => world.errors.length > 0, LIMIT_MS, 'the failure');
    expect(lead()).toBeGreaterThan(RUNS / 2);
    const during = begin(world, 'during', { name: 'during', workflow });
    const until = world.time.now + OUTAGE_MS;
    await world.until(() => world.time.now >= until, LIMIT_MS, 'the outage');
    world.disk = noDiskFaults;
    isAway = false;
    const areOver = (): boolean => [...runs, during].every((run) => run.isOver());
    await world.until(areOver, LIMIT_MS, 'all ends');
    for (const { runId } of [...runs, during]) {
      expect(world.invariants.streams.get(runId())?.types.at(-1)).toBe('run.succeeded');
    }
  },
);
