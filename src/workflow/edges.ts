/**
 * The graph form: `edges`, `start` and `end` become dependencies. An edge with a condition becomes the condition of
 * its target where it is the only way in, else a task of its own that passes: skipped where the condition is false.
 * Where no task has the name, an edge from `start` marks where the graph begins, and one to `end` where it ends.
 */
import type { TaskDefinition } from './definition.ts';
import { asList, asObject, asText, isObject } from './loose.ts';
import type { JsonObject } from './value.ts';

interface ForwardEdge {
  /** In `edges` of the file. */
  readonly index: number;
  readonly from: string;
  readonly to: string;
  readonly condition: string | undefined;
}

interface GraphForm {
  readonly edges: readonly ForwardEdge[];
  readonly loopTargets: ReadonlySet<string>;
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** The tasks with what the edges of the file add to them; edges that pass come after them. O(tasks + edges). */
export function applyEdges(
  tasks: readonly TaskDefinition[],
  source: JsonObject,
  conditionOf: (edge: JsonObject) => string | undefined,
): TaskDefinition[] {
  const form = readForm(source, conditionOf);
  const entries = entryConditions(source, conditionOf);
  if (form.edges.length === 0 && form.start === undefined && form.end === undefined)
    return tasks.map((task) => withEntry(task, entries));
  const explicit = new Set<string>();
  for (const task of asList(source.tasks)) {
    const { id, trigger } = asObject(task);
    if (typeof id === 'string' && trigger !== undefined) explicit.add(id);
  }
  const incoming = Map.groupBy(form.edges, ({ to }) => to);
  const passing: TaskDefinition[] = [];
  const taken = new Set(tasks.map(({ id }) => id));
  const joining: Joining = { explicit, loopTargets: form.loopTargets, passing, taken };
  const joined = tasks.map((given) => {
    const task = withEntry(given, entries);
    const edges = incoming.get(task.id);
    return edges === undefined ? task : withEdges(task, edges, joining);
  });
  return between([...joined, ...passing], form, explicit);
}

function readForm(
  source: JsonObject,
  conditionOf: (edge: JsonObject) => string | undefined,
): GraphForm {
  const edges: ForwardEdge[] = [];
  const loopTargets = new Set<string>();
  const isMarker = markersOf(source);
  for (const [index, value] of asList(source.edges).entries()) {
    const edge = asObject(value);
    const { from, to } = edge;
    if (typeof from !== 'string' || typeof to !== 'string') continue;
    if (isMarker(edge)) continue;
    if (isObject(edge.loop)) {
      loopTargets.add(to);
      continue;
    }
    edges.push({ index, from, to, condition: conditionOf(edge) });
  }
  return { edges, loopTargets, start: asText(source.start), end: asText(source.end) };
}

/** Which edges only mark where a graph begins or ends: they come from `start` or lead to `end`, and no task is called that. */
export function markersOf(source: JsonObject): (edge: JsonObject) => boolean {
  const ids = new Set(asList(source.tasks).map((task) => asObject(task).id));
  return ({ from, to }) =>
    (from === 'start' && !ids.has('start')) || (to === 'end' && !ids.has('end'));
}

/** By task: the condition of an edge from `start`. */
function entryConditions(
  source: JsonObject,
  conditionOf: (edge: JsonObject) => string | undefined,
): ReadonlyMap<string, string> {
  const isMarker = markersOf(source);
  const entries = new Map<string, string>();
  for (const value of asList(source.edges)) {
    const edge = asObject(value);
    const { from, to } = edge;
    if (from !== 'start' || typeof to !== 'string' || !isMarker(edge)) continue;
    const condition = conditionOf(edge);
    if (condition !== undefined) entries.set(to, condition);
  }
  return entries;
}

function withEntry(task: TaskDefinition, entries: ReadonlyMap<string, string>): TaskDefinition {
  const own = entries.get(task.id);
  if (own === undefined) return task;
  const condition = task.condition === undefined ? own : `(${own}) && (${task.condition})`;
  return { ...task, condition };
}

interface Joining {
  /** Tasks whose trigger stands in the file. */
  explicit: ReadonlySet<string>;
  /** Tasks that a loop leads to: there the condition of one way in must not hold for the other. */
  loopTargets: ReadonlySet<string>;
  passing: TaskDefinition[];
  taken: Set<string>;
}

function withEdges(
  task: TaskDefinition,
  edges: readonly ForwardEdge[],
  joining: Joining,
): TaskDefinition {
  const ways = new Set([...task.dependencies, ...edges.map(({ from }) => from)]);
  const conditional = edges.filter(({ condition }) => condition !== undefined);
  const isOnlyWay =
    ways.size === 1 && conditional.length === 1 && !joining.loopTargets.has(task.id);
  const own = conditional[0]?.condition;
  if (isOnlyWay && own !== undefined) {
    const condition = task.condition === undefined ? own : `(${own}) && (${task.condition})`;
    return { ...task, dependencies: [...ways], condition };
  }
  const trigger =
    joining.explicit.has(task.id) || conditional.length === 0 ? task.trigger : 'activated';
  const dependencies = new Set(task.dependencies);
  for (const edge of edges) {
    if (edge.condition === undefined) {
      dependencies.add(edge.from);
      continue;
    }
    const pass = passingTask(edge, edge.condition, joining.taken);
    joining.passing.push(pass);
    dependencies.delete(edge.from);
    dependencies.add(pass.id);
  }
  return { ...task, dependencies: [...dependencies], trigger };
}

function passingTask(
  { from, to, index }: ForwardEdge,
  condition: string,
  taken: Set<string>,
): TaskDefinition {
  let id = `${from}-to-${to}`;
  while (taken.has(id)) id = `${id}-edge`;
  taken.add(id);
  return {
    id,
    pass: true,
    edge: index,
    parallel: true,
    parameters: {},
    dependencies: [from],
    trigger: 'all_success',
    condition,
    onFailure: 'fail',
  };
}

/** `start` comes before every task without a way in, `end` after every task without a way out. */
function between(
  tasks: readonly TaskDefinition[],
  { start, end }: GraphForm,
  explicit: ReadonlySet<string>,
): TaskDefinition[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const begun =
    start === undefined || !ids.has(start)
      ? tasks
      : tasks.map((task) => {
          const follows = task.id !== start && task.id !== end && task.dependencies.length === 0;
          return follows ? { ...task, dependencies: [start] } : task;
        });
  const hasWayOut = new Set(begun.flatMap(({ dependencies }) => dependencies));
  const last = begun.filter(({ id }) => id !== end && !hasWayOut.has(id)).map(({ id }) => id);
  return begun.map((task) => {
    if (task.id !== end) return task;
    const dependencies = [...new Set([...task.dependencies, ...last])];
    return { ...task, dependencies, trigger: explicit.has(task.id) ? task.trigger : 'activated' };
  });
}
