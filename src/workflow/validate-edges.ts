/** What the edges of a file may get wrong: ends that are no tasks, loops that lead nowhere back. Linear. */
import { stronglyConnected } from './components.ts';
import type { WorkflowDefinition } from './definition.ts';
import { markersOf } from './edges.ts';
import type { TaskGraph } from './graph.ts';
import { asList, asObject, asText, isObject } from './loose.ts';
import type { Findings, Path } from './problems.ts';
import { suggest } from './suggest.ts';
import type { JsonObject } from './value.ts';

export function checkEdges(
  definition: WorkflowDefinition,
  source: JsonObject,
  { graph, findings }: { graph: TaskGraph; findings: Findings },
): void {
  const check = (id: string | undefined, what: string, path: Path): void => {
    if (id === undefined || id === '' || graph.indexOf.has(id)) return;
    findings.add({
      code: 'workflow.missing-dependency',
      message: `${what} \`${id}\`, which is no task of this workflow`,
      ...suggest(id, graph.indexOf.keys(), 'Add the task, or correct the name.', graph),
      path,
    });
  };
  check(asText(source.start), '`start` names', ['start']);
  check(asText(source.end), '`end` names', ['end']);
  const isMarker = markersOf(source);
  for (const [index, value] of asList(source.edges).entries()) {
    const { from, to, loop } = asObject(value);
    if (isMarker(asObject(value))) {
      if (from !== 'start') check(asText(from), 'the edge comes from', ['edges', index, 'from']);
      if (to !== 'end') check(asText(to), 'the edge leads to', ['edges', index, 'to']);
      continue;
    }
    check(asText(from), 'the edge comes from', ['edges', index, 'from']);
    check(asText(to), 'the edge leads to', ['edges', index, 'to']);
    checkBound(asObject(value), index, findings);
    if (isObject(loop) || typeof from !== 'string' || from !== to) continue;
    findings.add({
      code: 'workflow.cycle',
      message: `the edge leads from \`${from}\` to itself`,
      hint: 'Give it `loop: {max: N}`, or use `repeat`.',
      path: ['edges', index],
    });
  }
  checkLoops(definition, graph, findings);
}

/** A loop without a condition is meant to end by its bound. */
function checkBound({ condition, loop }: JsonObject, index: number, findings: Findings): void {
  if (condition !== undefined || asObject(loop).on_max === undefined) return;
  findings.add({
    code: 'workflow.needs-condition',
    message: '`on_max` has a meaning only beside a `condition` of the edge',
    hint: 'Without a condition the loop always ends by its bound. Remove `on_max`, or say when the edge leads back.',
    path: ['edges', index, 'loop', 'on_max'],
    atKey: true,
  });
}

/** By task: the edge whose condition became its own; where it has one itself too, that one is looked at. */
export function edgeConditions(source: JsonObject, graph: TaskGraph): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const tasks = asList(source.tasks);
  for (const [index, value] of asList(source.edges).entries()) {
    const { to, condition, loop } = asObject(value);
    const task = graph.indexOf.get(asText(to) ?? '');
    if (task === undefined || condition === undefined || isObject(loop)) continue;
    if (asObject(tasks[task]).condition === undefined) found.set(task, index);
  }
  return found;
}

/** A loop begins where its end leads to; if nothing leads from `to` to `from`, it is no loop. */
function checkLoops(definition: WorkflowDefinition, graph: TaskGraph, findings: Findings): void {
  const loops = definition.loops ?? [];
  if (loops.length === 0) return;
  const cycleOf = cyclesOf(loops, graph);
  for (const { edge, from, to } of loops) {
    const start = graph.indexOf.get(to);
    const end = graph.indexOf.get(from);
    if (start === undefined || end === undefined || cycleOf[start] === cycleOf[end]) continue;
    findings.add({
      code: 'workflow.no-loop',
      message: `nothing leads from \`${to}\` to \`${from}\`, so this edge does not lead back`,
      hint: 'Remove `loop`, or connect the two.',
      path: ['edges', edge, 'loop'],
      atKey: true,
    });
  }
}

/** By task: a number that it shares with the tasks that it leads to and that lead to it, loops included. */
function cyclesOf(
  loops: NonNullable<WorkflowDefinition['loops']>,
  { indexOf, dependents }: TaskGraph,
): Int32Array {
  const after = dependents.map((list) => [...list]);
  for (const { from, to } of loops) {
    const end = indexOf.get(to);
    if (end !== undefined) after[indexOf.get(from) ?? -1]?.push(end);
  }
  const cycleOf = new Int32Array(after.length);
  for (const [number, component] of stronglyConnected(after).entries())
    for (const index of component) cycleOf[index] = number;
  return cycleOf;
}
