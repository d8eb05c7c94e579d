/** Every pattern keeps its table (table/*.ts) in every order of what comes from outside, and leaves open what it may. */
import { describe, expect, it } from 'vitest';
import { expectSnapshotsToAgree, type Recorded } from '../machines/pure-run.ts';
import { explore } from './explore.ts';
import { patterns, workflowOf } from './patterns.ts';
import { always } from './rules.ts';
import { type Trace, traceOf } from './trace.ts';

/** Orders a pattern: all of them where there are few. */
const ORDERS = { inOrder: 300, atRandom: 150 };

const uses = patterns.flatMap((pattern) => {
  const workflow = workflowOf(pattern);
  return pattern.cases.map((use) => {
    const given = use.input === undefined ? '' : ` ${JSON.stringify(use.input)}`;
    return { title: `${pattern.id} ${pattern.title}${given}`, pattern, workflow, use };
  });
});

function traceOfHistory(history: readonly Recorded[]): Trace {
  return traceOf(history.map(({ event }) => event));
}

/** As people read it: one line an event. */
function storyOf({ events }: Trace): string {
  return events
    .map(({ type, data }) => `${type} ${(data as { taskId?: string }).taskId ?? ''}`)
    .join('\n');
}

describe.each(uses)('$title', (play) => {
  const histories = explore(play, ORDERS);
  const traces = histories.map(traceOfHistory);

  it('keeps its rules in every order', () => {
    for (const trace of traces)
      for (const rule of [...always, ...play.use.always])
        expect(rule.breaks(trace), `${rule.says}\n${storyOf(trace)}`).toBeUndefined();
  });

  it('allows every order that it should', () => {
    for (const { says, ways } of play.use.free ?? [])
      for (const way of ways)
        expect(
          traces.some((trace) => way.holds(trace)),
          `${says} ${way.says}`,
        ).toBe(true);
  });

  it('goes on from a snapshot after any event', async () => {
    for (const history of [histories[0], histories.at(-1)])
      await expectSnapshotsToAgree(history ?? []);
  });
});
