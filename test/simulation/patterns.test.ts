/** Every pattern keeps its table, and ends the same, with a crash of the orchestrator after any commit. */
import { describe, expect, it } from 'vitest';
import { patterns, workflowOf } from '../patterns/patterns.ts';
import { always } from '../patterns/rules.ts';
import { scenarioOf } from '../patterns/simulated.ts';
import { traceOf } from '../patterns/trace.ts';
import { type Played, play } from './crash-points.ts';

const uses = patterns.flatMap((pattern) => {
  const workflow = workflowOf(pattern);
  return pattern.cases.map((use) => ({
    title: `${pattern.id} ${pattern.title} ${JSON.stringify(use.input ?? {})}`,
    scenario: scenarioOf(pattern, workflow, use),
    rules: [...always, ...use.always],
  }));
});

describe.each(uses)('$title', ({ scenario, rules }) => {
  const expectRules = ({ histories }: Played, where: string): void => {
    const trace = traceOf(histories[0] ?? []);
    for (const rule of rules) expect(rule.breaks(trace), `${where}: ${rule.says}`).toBeUndefined();
  };

  it('keeps its rules and ends the same after a crash and recovery at every commit', async () => {
    const undisturbed = await play(scenario);
    expectRules(undisturbed, 'without a crash');
    for (let crashAt = 1; crashAt < undisturbed.positions; crashAt += 1) {
      for (const keepInFlight of [false, true]) {
        const where = `crash at position ${crashAt}, ${keepInFlight ? 'kept' : 'lost'}`;
        const crashed = await play(scenario, { crashAt, keepInFlight }).catch((error: unknown) => {
          throw new Error(where, { cause: error });
        });
        expectRules(crashed, where);
        expect(crashed.report, where).toEqual(undisturbed.report);
        for (const [key, count] of crashed.executions) expect(count, `${where}: ${key}`).toBe(1);
      }
    }
  });
});
