/** What is said to wait for ever does so in a run in which nobody answers; what is not said to does not. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { PureRun } from '../../machines/pure-run.ts';
import { seededRandom } from '../../support/seeded.ts';

const CASES = 120;
const WAITS: JsonObject[] = [
  { signal: 's' },
  { signal: { name: 's', timeout: 5, on_timeout: 'continue' } },
  { approval: {} },
  { first: { one: { signal: 's' }, two: { signal: 't' } } },
  { first: { one: { signal: 's' }, late: { timer: 5 } } },
  { timer: 5 },
];
const TRIGGERS = ['all_success', 'all_success', 'all_done', 'one_success', 'any', 'activated'];

function randomWaits(random: () => number): JsonObject {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const tasks = Array.from({ length: 6 }, (_, index): JsonObject => {
    const dependencies = Array.from({ length: index }, (__, at) => `t${at}`).filter(
      () => random() < 0.4,
    );
    return {
      id: `t${index}`,
      dependencies,
      ...(dependencies.length > 0 ? { trigger: pick(TRIGGERS) } : {}),
      ...(random() < 0.4 ? { wait: pick(WAITS) } : { agent: 'echo' }),
    };
  });
  return { name: 'x', tasks, settings: { max_parallel: 20 } };
}

/** Everything that can end does, and well: the tasks that are left never end. */
function leftWaiting(workflow: JsonObject): Map<string, string> {
  const run = new PureRun(workflow);
  for (let count = 0; count < 100; count += 1) {
    const open = [...run.run.open];
    const working = open.find(({ state }) => state === 'running');
    const timed = open.find(({ state, context }) => state === 'waiting' && context.dueAt !== null);
    if (working !== undefined) run.succeed(working.id);
    else if (timed !== undefined) run.fire(timed.id);
    else break;
  }
  const ended = new Set(['success', 'failed', 'skipped', 'canceled']);
  return new Map(Object.entries(run.statuses()).filter(([, status]) => !ended.has(status)));
}

describe('what can wait for ever', () => {
  it('does so where nobody answers, and its path leads there', () => {
    let found = 0;
    for (let seed = 1; seed <= CASES; seed += 1) {
      const workflow = randomWaits(seededRandom(seed));
      const { definition, problems } = compileWorkflow(workflow);
      if (definition === undefined) continue;
      const left = leftWaiting(workflow);
      const warnings = problems.filter(({ code }) => code === 'workflow.may-wait');
      for (const { message } of warnings) {
        found += 1;
        const [, stuck = ''] = /^`(\w+)` can wait/.exec(message) ?? [];
        const path = (/timeout, (.*)$/.exec(message)?.[1] ?? '').split(' -> ');
        expect([...left.keys()], `seed ${seed}: ${message}`).toEqual(expect.arrayContaining(path));
        expect(path.at(-1)).toBe(stuck);
      }
      const joins = definition.tasks.filter(
        ({ id, dependencies }) =>
          left.get(id) === 'pending' &&
          dependencies.some((other) => left.has(other)) &&
          dependencies.some((other) => !left.has(other)),
      );
      expect(warnings.length > 0, `seed ${seed}: ${JSON.stringify(workflow)}`).toBe(
        joins.length > 0,
      );
    }
    expect(found).toBeGreaterThan(30);
  });
});
