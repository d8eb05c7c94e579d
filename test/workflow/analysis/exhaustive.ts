/**
 * The oracle of the analysis: small random workflows, and every run that they can have. The real deciders and folds run;
 * each attempt is let succeed and fail, in every order, for every value of the inputs.
 */
import type { JsonObject } from '../../../src/workflow/value.ts';
import { PureRun } from '../../machines/pure-run.ts';

const TRIGGERS = [
  'all_success',
  'all_success',
  'all_success',
  'all_done',
  'one_success',
  'one_failed',
  'one_failed',
  'none_failed',
  'activated',
  'any',
  { count: 2 },
] as const;
const CONDITIONS = ['inputs.x', '!inputs.x', '!(inputs.x)', 'inputs.x && inputs.y', 'inputs.y'];
const MODES = ['stop', 'continue'] as const;

/** Triggers that are decided when all dependencies have ended, or are skipped. */
const PATIENT: readonly unknown[] = ['all_success', 'all_done', 'none_failed', 'activated'];

/**
 * Agents and passes, every trigger, conditions on inputs and on how dependencies ended. In the core these have ended
 * when they are asked for.
 */
export function randomWorkflow(random: () => number, { isCore }: { isCore: boolean }): JsonObject {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const chance = (share: number): boolean => random() < share;
  const count = 3 + Math.floor(random() * 3);
  const tasks: JsonObject[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = Array.from({ length: index }, (_, at) => at);
    const wanted = 1 + Math.floor(random() * 3);
    const dependencies: number[] = [];
    while (dependencies.length < Math.min(wanted, index))
      dependencies.push(
        ...pick(before.filter((at) => !dependencies.includes(at)).map((at) => [at])),
      );
    const trigger = pick(TRIGGERS);
    const isWanted = typeof trigger !== 'object' || dependencies.length >= trigger.count;
    tasks.push({
      id: `t${index}`,
      ...(chance(0.2) ? { pass: true } : { agent: 'echo' }),
      dependencies: dependencies.map((at) => `t${at}`),
      ...(dependencies.length > 0 && isWanted ? { trigger: trigger as never } : {}),
      ...(chance(0.15) ? { on_failure: 'skip' } : {}),
      ...(chance(0.3) ? { condition: pick(CONDITIONS) } : {}),
      ...(isCore ? {} : steering(index, count, { chance, pick })),
      ...(dependencies.length > 0 && chance(0.15) && !(isCore && !PATIENT.includes(trigger))
        ? { condition: `t${pick(dependencies)}.status == "${pick(['success', 'failed'])}"` }
        : {}),
    });
  }
  const flag = { type: 'boolean' };
  return {
    name: 'random',
    inputs: { x: flag, y: flag },
    settings: { max_parallel: 10, on_failure: pick(MODES) },
    tasks,
  };
}

/** Ends and cancels. */
function steering(
  index: number,
  count: number,
  { chance, pick }: { chance(share: number): boolean; pick<Item>(items: readonly Item[]): Item },
): JsonObject {
  const others = Array.from({ length: count }, (_, at) => at).filter((at) => at !== index);
  if (chance(0.15)) return { end: 'terminate' };
  if (chance(0.05)) return { cancel: 'run' };
  return chance(0.2) ? { cancel: [`t${pick(others)}`] } : {};
}

type Move = [activation: string, succeeds: boolean];

/** Tasks that begin in some run, and how many states all runs have. Throws where a run comes to no end. */
export function everyRun(workflow: JsonObject): { ran: Set<string>; states: number } {
  const ran = new Set<string>();
  let states = 0;
  const text = JSON.stringify(workflow.tasks);
  const valuesOf = (name: string): boolean[] =>
    text.includes(`inputs.${name}`) ? [true, false] : [true];
  for (const x of valuesOf('x')) {
    for (const y of valuesOf('y')) {
      const seen = new Set<string>();
      const open: Move[][] = [[]];
      for (let moves = open.pop(); moves !== undefined; moves = open.pop()) {
        const run = new PureRun(workflow, { input: { x, y } });
        for (const [activation, succeeds] of moves) {
          if (succeeds) run.succeed(activation);
          else run.fail(activation, { retryable: false });
        }
        const key = stateOf(run);
        if (seen.has(key)) continue;
        seen.add(key);
        for (const { event } of run.history) {
          if (event.type === 'task.scheduled') ran.add(event.data.taskId);
        }
        const active = [...run.run.open].filter(
          ({ state }) => state === 'running' || state === 'canceling',
        );
        const hasEnded = ['succeeded', 'failed', 'canceled'].includes(run.state);
        if (!hasEnded && active.length === 0) throw new Error(`the run is stuck: ${key}`);
        for (const { id } of active) open.push([...moves, [id, true]], [...moves, [id, false]]);
      }
      states += seen.size;
    }
  }
  return { ran, states };
}

function stateOf({ run, state }: PureRun): string {
  const tasks = run.plan.nodes.map(({ task: { id } }) => {
    const activation = run.activations.get(id);
    return `${activation?.state ?? 'pending'}/${activation?.reason ?? ''}`;
  });
  return `${state} ${tasks.join(' ')}`;
}
