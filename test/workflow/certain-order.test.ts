/** What is certain about the order of tasks, against random orders and outcomes of what runs. */
import { describe, expect, it } from 'vitest';
import { CertainOrder } from '../../src/workflow/certain-order.ts';
import type { Trigger, WorkflowDefinition } from '../../src/workflow/definition.ts';
import { buildGraph } from '../../src/workflow/graph.ts';
import { decideTrigger, noCounters, type TriggerCounters } from '../../src/workflow/triggers.ts';
import fc from '../support/property.ts';

const triggers: Trigger[] = [
  'all_success',
  'none_failed',
  'activated',
  'all_done',
  'one_success',
  'one_failed',
  'any',
  { count: 2 },
];

interface Node {
  id: string;
  dependencies: string[];
  trigger: Trigger;
}

const nodes: fc.Arbitrary<Node[]> = fc
  .array(fc.record({ reach: fc.nat(), trigger: fc.constantFrom(...triggers) }), {
    minLength: 3,
    maxLength: 8,
  })
  .map((list) =>
    list.map(({ reach, trigger }, index) => {
      const before = list.slice(0, index).map((_, at) => `t${at}`);
      const dependencies = before.filter((_, at) => ((reach >> at) & 1) === 1);
      // A count over fewer dependencies is refused.
      const isPossible = typeof trigger === 'string' || dependencies.length > 1;
      return { id: `t${index}`, dependencies, trigger: isPossible ? trigger : 'all_success' };
    }),
  );

type End = 'succeeded' | 'failed' | 'skipped';

/** Ends the tasks in an order and with outcomes drawn by `draw`; what had ended when each began. */
function play(list: readonly Node[], draw: (below: number) => number): Map<number, Set<number>> {
  const ended = new Map<number, End>();
  const began = new Map<number, Set<number>>();
  const answer = ({ dependencies, trigger }: Node) => {
    const counters: TriggerCounters = noCounters(dependencies.length);
    for (const id of dependencies) {
      const end = ended.get(Number(id.slice(1)));
      if (end !== undefined) counters[end] += 1;
    }
    return dependencies.length === 0 ? 'run' : decideTrigger(trigger, counters);
  };
  for (;;) {
    const waiting = list.flatMap((node, index) =>
      began.has(index) || ended.has(index) ? [] : [{ index, says: answer(node) }],
    );
    for (const { index, says } of waiting) {
      if (says === 'run') began.set(index, new Set(ended.keys()));
      if (says === 'skip') ended.set(index, 'skipped');
    }
    if (waiting.some(({ says }) => says === 'skip')) continue;
    const running = [...began.keys()].filter((index) => !ended.has(index));
    const index = running[draw(running.length)];
    if (index === undefined) return began;
    ended.set(index, (['succeeded', 'failed', 'skipped'] as const)[draw(3)] ?? 'succeeded');
  }
}

function orderOf(list: readonly Node[]): CertainOrder {
  const definition = { tasks: list } as unknown as WorkflowDefinition;
  return new CertainOrder({ definition, graph: buildGraph(list) });
}

describe('what has certainly ended when a task begins', () => {
  it('has ended in every play', () => {
    let certain = 0;
    fc.assert(
      fc.property(nodes, fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), (list, draws) => {
        const order = orderOf(list);
        let at = 0;
        const began = play(list, (below) => {
          const drawn = draws[at % draws.length] as number;
          at += 1;
          return below === 0 ? 0 : drawn % below;
        });
        for (const [then, before] of began) {
          for (let first = 0; first < list.length; first += 1) {
            if (first === then || !order.hasEnded(first, then)) continue;
            certain += 1;
            expect(before.has(first), `t${first} before t${then}`).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(certain).toBeGreaterThan(1_000);
  });

  it('is all before a task that waits for everything, and nothing before one that does not', () => {
    const list = (trigger: Trigger): Node[] => [
      { id: 't0', dependencies: [], trigger: 'all_success' },
      { id: 't1', dependencies: [], trigger: 'all_success' },
      { id: 't2', dependencies: ['t0', 't1'], trigger },
      { id: 't3', dependencies: ['t2'], trigger: 'all_success' },
    ];
    const hasEnded = (trigger: Trigger) =>
      [2, 3].map((then) => orderOf(list(trigger)).hasEnded(0, then));
    expect(hasEnded('all_success')).toEqual([true, true]);
    expect(hasEnded('all_done')).toEqual([true, true]);
    expect(hasEnded('none_failed')).toEqual([true, true]);
    expect(hasEnded('any')).toEqual([false, false]);
    expect(hasEnded('one_success')).toEqual([false, false]);
  });
});
