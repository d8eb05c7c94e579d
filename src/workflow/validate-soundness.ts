/** What the analysis finds before a run, as findings with their places. */
import type { DeadTask, Soundness } from './analysis/soundness.ts';
import { soundnessOf } from './analysis/soundness.ts';
import { type EndlessWait, endlessWaits } from './analysis/waiting.ts';
import { conflictText, pathText, triggerText } from './analysis/words.ts';
import type { TaskDefinition, WorkflowDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';
import type { Finding, Findings, Path } from './problems.ts';

/**
 * Reports tasks that can never run. Those that cannot by triggers alone are errors; where conditions or `on_failure`
 * take part it is a warning, and tasks behind one that never runs are warnings too. `isDead` is 1 for each such task.
 */
export function checkSoundness(
  definition: WorkflowDefinition,
  graph: TaskGraph,
  findings: Findings,
): { isDead: Uint8Array; soundness: Soundness } {
  const isDead = new Uint8Array(definition.tasks.length);
  const sound = soundnessOf(definition, graph);
  const roots = new Map<number, number | undefined>();
  for (const dead of sound.dead) {
    isDead[dead.index] = 1;
    roots.set(dead.index, dead.root);
    // A condition that is always false is reported where it stands.
    if (isAlwaysFalse(sound, dead)) continue;
    // What is only counted needs no words.
    if (findings.isFull) findings.drop(severityOf(dead));
    else findings.add(findingOf(dead, pathTo(dead.index, roots), definition.tasks));
  }
  for (const wait of endlessWaits(sound.model, sound.best))
    findings.add(endlessFinding(wait, definition.tasks));
  return { isDead, soundness: sound };
}

/** From the first task that never runs, over those that wait for it. */
function pathTo(index: number, roots: ReadonlyMap<number, number | undefined>): number[] {
  const path: number[] = [];
  for (let at: number | undefined = index; at !== undefined; at = roots.get(at)) path.push(at);
  return path.reverse();
}

/** By triggers alone it is an error; the rest may change. */
function severityOf({ kind }: DeadTask): 'error' | 'warning' {
  return kind === 'structure' ? 'error' : 'warning';
}

function endlessFinding(
  { wait, stuck, path, mutex }: EndlessWait,
  tasks: readonly TaskDefinition[],
): Finding {
  const id = `\`${tasks[stuck]?.id}\``;
  const by = `\`${tasks[wait]?.id}\``;
  return {
    code: 'workflow.may-wait',
    severity: 'warning',
    message:
      mutex === undefined
        ? `${id} can wait for ever: ${by} has no timeout, ${pathText(path, tasks)}`
        : `${id} can wait for ever: ${by} has no timeout and keeps \`${mutex}\``,
    hint: 'Give the wait a `timeout`, or leave it: then only the `timeout` of the run ends it.',
    path: ['tasks', wait, 'wait'],
    atKey: true,
  };
}

function isAlwaysFalse({ model }: Soundness, { index, kind }: DeadTask): boolean {
  return (
    kind === 'choice' && model.tasks[index]?.parts.some((part) => part.kind === 'never') === true
  );
}

function findingOf(
  dead: DeadTask,
  path: readonly number[],
  tasks: readonly TaskDefinition[],
): Finding {
  const task = tasks[dead.index] as TaskDefinition;
  const trigger = triggerText(task.trigger);
  if (dead.kind === 'structure')
    return {
      code: 'workflow.never-runs',
      severity: severityOf(dead),
      message: `\`${task.id}\` can never run: its trigger ${trigger} cannot hold`,
      hint: 'Add the dependencies that the trigger needs, or change the trigger.',
      path: placeOf(dead, task, 'trigger'),
    };
  if (dead.kind === 'behind')
    return {
      code: 'workflow.unreachable',
      severity: 'warning',
      message: `\`${task.id}\` can never run: it waits for one that never does, ${pathText(path, tasks)}`,
      hint: 'It waits for a task that can never run.',
      path: placeOf(dead, task, 'id'),
    };
  const why =
    dead.conflict === undefined
      ? `its trigger ${trigger} cannot hold with what the tasks before it can come to`
      : conflictText(dead.conflict, tasks);
  return {
    code: 'workflow.never-runs',
    severity: 'warning',
    message: `\`${task.id}\` can never run: ${why}`,
    hint: hintOf(task),
    path: placeOf(dead, task, fieldOf(task)),
  };
}

function placeOf({ index }: DeadTask, { edge }: TaskDefinition, field: string): Path {
  return edge === undefined ? ['tasks', index, field] : ['edges', edge];
}

function fieldOf({ trigger, condition, dependencies }: TaskDefinition): string {
  if (trigger !== 'all_success') return 'trigger';
  return condition === undefined || dependencies.length > 1 ? 'dependencies' : 'condition';
}

function hintOf({ trigger, dependencies }: TaskDefinition): string {
  if (trigger === 'one_failed') return 'A skipped failure counts as none; use another trigger.';
  if (trigger === 'all_success' && dependencies.length > 1)
    return 'Of branches that exclude each other, `trigger: one_success` takes the one that ran.';
  return 'Change the trigger, the condition, or what it depends on.';
}
