/**
 * What `mutex`, `region`, `milestone`, `cancel` and `complete` may get wrong: names that do not exist, tasks that could
 * never start. What could wait for each other for ever stands in `validate-mutexes.ts`. Linear, but for bounded searches.
 */
import { Ancestry } from './ancestry.ts';
import type { TaskDefinition, WorkflowDefinition } from './definition.ts';
import type { TaskGraph } from './graph.ts';
import type { Findings, Path } from './problems.ts';
import { suggest } from './suggest.ts';
import { checkDeadlocks } from './validate-mutexes.ts';

/** What the checks of one definition share. */
export interface SteeringScope {
  readonly definition: WorkflowDefinition;
  readonly graph: TaskGraph;
  /** Regions that tasks belong to, with the members. */
  readonly members: ReadonlyMap<string, readonly number[]>;
  /** Whether one task always comes before another; false too where the search was cut off. */
  comesBefore(first: number, then: number): boolean;
}

/** Does nothing for a definition that has none of these fields. */
export function checkSteering(
  { definition, graph }: Pick<SteeringScope, 'definition' | 'graph'>,
  findings: Findings,
): void {
  const isSteered = definition.tasks.some(hasSteering);
  if (!isSteered && definition.regions === undefined) return;
  const members = new Map<string, number[]>();
  for (const [index, { region }] of definition.tasks.entries()) {
    if (region === undefined) continue;
    const known = members.get(region);
    if (known === undefined) members.set(region, [index]);
    else known.push(index);
  }
  const ancestry = new Ancestry(graph);
  const scope: SteeringScope = {
    definition,
    graph,
    members,
    comesBefore: (first, then) => ancestry.comesBefore(first, then) && !ancestry.isSpent,
  };
  checkRegions(scope, findings);
  for (const [index, task] of definition.tasks.entries()) {
    checkRegionOf(scope, { index, task }, findings);
    checkMilestone(scope, { index, task }, findings);
    checkCancel(scope, { index, task }, findings);
    checkComplete(scope, { index, task }, findings);
    checkDetachedRest(scope, { index, task }, findings);
  }
  checkDeadlocks(scope, findings);
}

function hasSteering({ mutex, region, milestone, cancel, complete }: TaskDefinition): boolean {
  return (mutex ?? region ?? milestone ?? cancel ?? complete) !== undefined;
}

interface Place {
  readonly index: number;
  readonly task: TaskDefinition;
}

/** Instances that go on without their task would go on without its mutex. */
function checkDetachedRest(
  { definition }: SteeringScope,
  { index, task }: Place,
  findings: Findings,
): void {
  const region = definition.regions?.[task.region ?? ''];
  if (task.join?.rest !== 'detach' || (task.mutex ?? region?.mutex) === undefined) return;
  findings.add({
    code: 'workflow.not-supported',
    message: '`rest: detach` lets instances go on after the task, and a mutex ends with the task',
    hint: 'Use `rest: wait` or `rest: cancel`, or give the mutex to another task.',
    path: ['tasks', index, 'join', 'rest'],
  });
}

function checkRegions({ definition, members, graph }: SteeringScope, findings: Findings): void {
  for (const name of Object.keys(definition.regions ?? {})) {
    if (members.has(name)) continue;
    findings.add({
      code: 'workflow.unused-region',
      severity: 'warning',
      message: `no task belongs to the region \`${name}\``,
      ...suggest(name, members.keys(), 'Give its tasks `region`, or remove it.', graph),
      path: ['regions', name],
      atKey: true,
    });
  }
  for (const [name, [first]] of members) {
    if (!graph.indexOf.has(name) || first === undefined) continue;
    findings.add({
      code: 'workflow.ambiguous-name',
      message: `\`${name}\` is a region and a task`,
      hint: 'Rename one of them: `cancel` names both kinds.',
      path: ['tasks', first, 'region'],
    });
  }
}

/** Where a file lists its regions, a name that is not in the list is a mistake. */
function checkRegionOf(
  { definition, graph }: SteeringScope,
  { index, task }: Place,
  findings: Findings,
): void {
  const { regions } = definition;
  const { region } = task;
  if (region === undefined || regions === undefined || Object.hasOwn(regions, region)) return;
  findings.add({
    code: 'workflow.unknown-region',
    message: `\`regions\` has no \`${region}\``,
    ...suggest(region, Object.keys(regions), 'Add it to `regions`.', graph),
    path: ['tasks', index, 'region'],
  });
}

/** The task that a field names; undefined after a finding. */
function named(
  { graph, members }: SteeringScope,
  { task, id, path, what }: Place & { id: string; path: Path; what: 'task' | 'task or region' },
  findings: Findings,
): number | undefined {
  if (id === task.id) {
    findings.add({
      code: 'workflow.own-name',
      message: `\`${id}\` names itself`,
      hint: 'Name another task.',
      path,
    });
    return undefined;
  }
  const index = graph.indexOf.get(id);
  if (index !== undefined || (what === 'task or region' && members.has(id))) return index;
  const names =
    what === 'task' ? graph.indexOf.keys() : [...graph.indexOf.keys(), ...members.keys()];
  findings.add({
    code: 'workflow.unknown-task',
    message: `\`${id}\` is no ${what} of this workflow`,
    ...suggest(id, names, 'Correct the name, or remove it.', graph),
    path,
  });
  return undefined;
}

function checkMilestone(scope: SteeringScope, { index, task }: Place, findings: Findings): void {
  const { milestone } = task;
  if (milestone === undefined) return;
  const at: Path = ['tasks', index, 'milestone'];
  const { after, until } = milestone;
  if (after !== undefined)
    named(scope, { index, task, id: after, path: [...at, 'after'], what: 'task' }, findings);
  const path = [...at, 'until'];
  const end = named(scope, { index, task, id: until, path, what: 'task' }, findings);
  if (end === undefined || !scope.comesBefore(end, index)) return;
  findings.add({
    code: 'workflow.never-runs',
    message: `\`${task.id}\` can never run: \`${until}\` comes before it, and ends its milestone`,
    hint: `Remove what makes it wait for \`${until}\`, or name another task.`,
    path,
  });
}

function checkCancel(scope: SteeringScope, { index, task }: Place, findings: Findings): void {
  if (task.cancel === undefined || task.cancel === 'run') return;
  for (const [at, id] of task.cancel.entries()) {
    const path = ['tasks', index, 'cancel', at];
    const target = named(scope, { index, task, id, path, what: 'task or region' }, findings);
    if (target === undefined) continue;
    const waits = scope.graph.dependencies[target]?.includes(index) === true;
    if (!waits || scope.definition.tasks[target]?.trigger !== 'all_success') continue;
    findings.add({
      code: 'workflow.never-runs',
      message: `\`${id}\` can never run: it waits for \`${task.id}\`, which cancels it`,
      hint: 'Remove the dependency, or do not cancel it.',
      path,
    });
  }
}

function checkComplete(scope: SteeringScope, { index, task }: Place, findings: Findings): void {
  for (const [at, id] of (task.complete ?? []).entries()) {
    const path = ['tasks', index, 'complete', at];
    const target = named(scope, { index, task, id, path, what: 'task' }, findings);
    if (target === undefined || scope.definition.tasks[target]?.foreach !== undefined) continue;
    findings.add({
      code: 'workflow.needs-foreach',
      message: `\`complete\` names \`${id}\`, which has no \`foreach\``,
      hint: 'Name a task with `foreach`, or use `cancel`.',
      path,
    });
  }
}
