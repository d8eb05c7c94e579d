/** What the analysis says of a workflow holds in every run of it, and what it says nothing of does not. */
import { describe, expect, it } from 'vitest';
import { type Soundness, soundnessOf } from '../../../src/workflow/analysis/soundness.ts';
import { buildGraph } from '../../../src/workflow/graph.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { seededRandom } from '../../support/seeded.ts';
import { everyRun, randomWorkflow } from './exhaustive.ts';

function analyze(workflow: JsonObject): { sound: Soundness; ids: string[]; dead: string[] } {
  const { definition } = compileWorkflow(workflow);
  if (definition === undefined) throw new Error('the workflow is not valid');
  const sound = soundnessOf(definition, buildGraph(definition.tasks));
  const ids = definition.tasks.map(({ id }) => id);
  return { sound, ids, dead: sound.dead.map(({ index }) => ids[index] ?? '') };
}

const CORE = 220;
const LOOSE = 150;

describe('soundness, held against every run of random workflows', () => {
  it('is exact in the core, and no run of it is stuck', () => {
    let deadTasks = 0;
    for (let seed = 1; seed <= CORE; seed += 1) {
      const workflow = randomWorkflow(seededRandom(seed), { isCore: true });
      if (compileWorkflow(workflow).definition === undefined) continue;
      const { ids, dead, sound } = analyze(workflow);
      const { ran } = everyRun(workflow);
      deadTasks += dead.length;
      expect(sound.undecided).toEqual([]);
      const never = ids.filter((id) => !ran.has(id)).sort();
      expect(dead.toSorted(), `seed ${seed}: ${JSON.stringify(workflow)}`).toEqual(never);
    }
    expect(deadTasks).toBeGreaterThan(60);
  }, 120_000);

  it('calls nothing dead that runs, whatever conditions ask, ends and cancels', () => {
    let deadTasks = 0;
    for (let seed = 1; seed <= LOOSE; seed += 1) {
      const workflow = randomWorkflow(seededRandom(10_000 + seed), { isCore: false });
      if (compileWorkflow(workflow).definition === undefined) continue;
      const { dead } = analyze(workflow);
      deadTasks += dead.length;
      const { ran } = everyRun(workflow);
      expect(
        dead.filter((id) => ran.has(id)),
        `seed ${seed}`,
      ).toEqual([]);
    }
    expect(deadTasks).toBeGreaterThan(30);
  }, 120_000);
});
