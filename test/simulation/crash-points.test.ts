/** Every scenario ends the same with a crash of the orchestrator after any commit, and nothing is executed again. */
import { describe, expect, it } from 'vitest';
import { play } from './crash-points.ts';
import { scenarios } from './scenarios.ts';

describe.each(scenarios)('$name', (scenario) => {
  it('ends the same after a crash and recovery at every commit, with the write under way lost or kept', async () => {
    const undisturbed = await play(scenario);
    for (let crashAt = 1; crashAt < undisturbed.positions; crashAt += 1) {
      for (const keepInFlight of [false, true]) {
        const where = `crash at position ${crashAt}, ${keepInFlight ? 'kept' : 'lost'}`;
        const crashed = await play(scenario, { crashAt, keepInFlight }).catch((error: unknown) => {
          throw new Error(where, { cause: error });
        });
        expect(crashed.report, where).toEqual(undisturbed.report);
        for (const [key, count] of crashed.executions) expect(count, `${where}: ${key}`).toBe(1);
      }
    }
  });
});
