/**
 * What a well-shaped definition may still get wrong: ids, dependencies, cycles, agents that nobody has. What takes more
 * than a look at a task stands in a file of its own (`validate-*.ts`). Linear.
 * Longer than 300 lines because each finding carries its words.
 * Size: one check for each rule of the language.
 */
import type { Soundness } from './analysis/soundness.ts';
import type { HookName, TaskDefinition, WorkflowDefinition } from './definition.ts';
import { impossibleJoin } from './expression-findings.ts';
import { buildGraph, type TaskGraph } from './graph.ts';
import { checkInputDefinitions } from './inputs.ts';
import { asList, asObject, isObject } from './loose.ts';
import { isTaskId } from './names.ts';
import { type Findings, FindingsOfPart, type Path } from './problems.ts';
import { isTypingError, suggest } from './suggest.ts';
import { checkAgentFields } from './validate-agent-fields.ts';
import { checkEdges, edgeConditions } from './validate-edges.ts';
import { checkExpressions } from './validate-expressions.ts';
import {
  checkCompensation,
  checkHookIds,
  checkHookTasks,
  tasksAhead,
  warnOfNoCompensation,
} from './validate-hooks.ts';
import { checkSoundness } from './validate-soundness.ts';
import { checkSteering } from './validate-steering.ts';
import { checkWaits } from './validate-waits.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** Who exists: a list, or a question. Absent: not checked. */
export type Known = readonly string[] | ((name: string) => boolean);

export interface ValidationOptions {
  readonly agents?: Known;
  readonly capabilities?: Known;
  /**
   * What others may offer by the time of the run: there an unknown name is a warning, unless it is most likely a
   * known one with a typing error.
   */
  readonly mayJoin?: readonly Performer[];
}

/** Beyond what callers of the package say. */
export interface CheckOptions extends ValidationOptions {
  /** Told of what was found of the runs of a definition: whoever goes on from there need not look again. */
  readonly onSound?: (definition: WorkflowDefinition, soundness: Soundness) => void;
}

/** Who does a task. */
export type Performer = 'agent' | 'capability';

/** Checks the meaning of a definition; `source` is what it was compiled from. May add free inputs to it. */
export function validateDefinition(
  { definition, source }: { definition: WorkflowDefinition; source: JsonObject },
  findings: Findings,
  options: CheckOptions,
): void {
  checkInputDefinitions(definition.inputs, findings);
  const hasInputs = Object.hasOwn(source, 'inputs');
  const { tasks, hooks = {} } = definition;
  const ahead = tasksAhead(definition, undefined);
  const main = { definition, tasks, sources: asList(source.tasks), hasInputs, ahead };
  checkTasks(main, findings, options, source);
  for (const [name, list] of Object.entries(hooks) as [HookName, TaskDefinition[]][]) {
    const inList = new FindingsOfPart(findings, (path) =>
      path[0] === 'tasks' ? ['hooks', name, ...path.slice(1)] : path,
    );
    const sources = asList(asObject(source.hooks)[name]);
    checkHookTasks(list, sources, inList);
    const hook = { tasks: list, sources, hasInputs, ahead: tasksAhead(definition, name) };
    checkTasks({ ...hook, definition: { ...definition, outputs: {}, loops: [] } }, inList, options);
  }
  checkHookIds(definition, findings);
  warnOfNoCompensation(definition, findings);
}

/** Tasks that wait for each other: those of the workflow, or those of one hook. */
interface TaskList {
  readonly definition: WorkflowDefinition;
  readonly tasks: readonly TaskDefinition[];
  readonly sources: readonly JsonValue[];
  readonly hasInputs: boolean;
  /** Ids of tasks that run after all of these, or never beside them. */
  readonly ahead: ReadonlySet<string>;
}

/** `edges`: the file of which edges are checked too. */
function checkTasks(
  list: TaskList,
  findings: Findings,
  options: CheckOptions,
  edges?: JsonObject,
): void {
  const { tasks, sources } = list;
  const graph = buildGraph(tasks);
  for (const [index, task] of tasks.entries()) {
    if (task.edge !== undefined) continue;
    checkId({ index, task, graph }, findings);
    checkDependencies({ index, task, graph, source: sources[index] }, findings);
    checkKind({ index, task, source: sources[index] }, findings);
    checkForeach(index, task, findings);
    checkCompensation(index, task, findings);
  }
  checkWaits(list, findings);
  checkWho(tasks, findings, options);
  if (edges !== undefined) checkEdges(list.definition, edges, { graph, findings });
  checkCycles(tasks, graph, findings);
  if (edges !== undefined) checkSteering({ definition: list.definition, graph }, findings);
  const { isDead, soundness } = checkSoundness(soundnessSubject(list, edges), graph, findings);
  if (edges !== undefined) options.onSound?.(list.definition, soundness);
  const fromEdges = edgeConditions(edges ?? {}, graph);
  checkExpressions({ ...list, graph, isDead, fromEdges }, findings);
}

/** A failed hook stops no other. */
function soundnessSubject(
  { definition, tasks }: TaskList,
  edges: JsonObject | undefined,
): WorkflowDefinition {
  if (edges !== undefined) return definition;
  const settings = { ...definition.settings, onFailure: 'continue' as const };
  return { ...definition, settings, tasks: [...tasks] };
}

interface Place {
  readonly index: number;
  readonly task: TaskDefinition;
}

function checkId({ index, task, graph }: Place & { graph: TaskGraph }, findings: Findings): void {
  if (task.id === '') return;
  const path = ['tasks', index, 'id'];
  if (graph.indexOf.get(task.id) !== index) {
    findings.add({
      code: 'workflow.duplicate-id',
      message: `two tasks have the id \`${task.id}\``,
      hint: 'Give each task an id of its own.',
      path,
    });
  }
  if (!isTaskId(task.id)) {
    findings.add({
      code: 'workflow.invalid-id',
      message: `\`${task.id}\` cannot be a task id`,
      hint: 'Use letters, digits, `_` and `-`; `true`, `false`, `null` and `in` are refused.',
      path,
    });
  }
}

// Length: three things that can be wrong with a dependency, each with its words.
function checkDependencies(
  { index, task, graph, source }: Place & { graph: TaskGraph; source: JsonValue | undefined },
  findings: Findings,
): void {
  // Those of the file: the compiled ones hold the `after` of a milestone too.
  const given = isObject(source)
    ? Array.isArray(source.dependencies)
      ? source.dependencies
      : []
    : task.dependencies;
  const seen = new Set<JsonValue>();
  for (const [at, id] of given.entries()) {
    if (typeof id !== 'string') continue;
    const isKnown = id !== task.id && graph.indexOf.has(id);
    if (isKnown && !seen.has(id)) {
      seen.add(id);
      continue;
    }
    const path = ['tasks', index, 'dependencies', at];
    if (id === task.id) {
      findings.add({
        code: 'workflow.cycle',
        message: `\`${id}\` depends on itself: ${id} -> ${id}`,
        hint: 'Remove the dependency.',
        path,
      });
    } else if (!graph.indexOf.has(id)) {
      findings.add({
        code: 'workflow.missing-dependency',
        message: `\`${task.id}\` depends on \`${id}\`, which is no task of this workflow`,
        ...suggest(id, graph.indexOf.keys(), 'Add the task, or remove the dependency.', graph),
        path,
      });
    } else if (seen.has(id)) {
      findings.add({
        code: 'workflow.repeated-dependency',
        severity: 'warning',
        message: `\`${id}\` is listed twice`,
        hint: 'Once is enough.',
        path,
      });
    }
    seen.add(id);
  }
}

const KINDS = ['agent', 'capability', 'wait', 'workflow', 'pass'] as const;

// Length: what is wrong with the kind of a task, and with the fields of one kind.
function checkKind(
  { index, task, source }: Place & { source: JsonValue | undefined },
  findings: Findings,
): void {
  const given = isObject(source) ? source : {};
  let count = 0;
  for (const kind of KINDS) if (Object.hasOwn(given, kind)) count += 1;
  if (count !== 1) {
    const kinds = KINDS.filter((kind) => Object.hasOwn(given, kind));
    findings.add({
      code: 'workflow.task-kind',
      message:
        kinds.length === 0
          ? `\`${task.id}\` has no agent`
          : `\`${task.id}\` has ${kinds.join(' and ')}`,
      hint: 'A task has exactly one of `agent`, `capability`, `wait`, `workflow` and `pass`.',
      path: ['tasks', index],
      text: task.id,
    });
  }
  checkAgentFields(index, task, findings);
  if (Object.hasOwn(given, 'output') && given.pass !== true) {
    findings.add({
      code: 'workflow.needs-pass',
      message: '`output` has a meaning only beside `pass`',
      hint: 'Remove it, or compute the value in a task of its own: `pass: true`.',
      path: ['tasks', index, 'output'],
      atKey: true,
    });
  }
  if (
    typeof given.request === 'string' &&
    isObject(given.parameters) &&
    Object.hasOwn(given.parameters, 'request')
  ) {
    findings.add({
      code: 'workflow.request-twice',
      message: '`request` stands beside `parameters.request`',
      hint: 'They are the same; keep one.',
      path: ['tasks', index, 'request'],
    });
  }
}

// Length: one message for each thing that a foreach may get wrong.
function checkForeach(index: number, task: TaskDefinition, findings: Findings): void {
  const { foreach, join, as, maxParallel, detach } = task;
  if (foreach === undefined) {
    if ((as ?? maxParallel ?? join ?? detach) === undefined) return;
    for (const [field, value] of [
      ['as', task.as],
      ['max_parallel', task.maxParallel],
      ['join', join],
      ['detach', task.detach],
    ] as const) {
      if (value === undefined) continue;
      findings.add({
        code: 'workflow.needs-foreach',
        message: `\`${field}\` has a meaning only beside \`foreach\``,
        hint: `Remove \`${field}\`, or add \`foreach\`.`,
        path: ['tasks', index, field],
        atKey: true,
      });
    }
    return;
  }
  const path = ['tasks', index, 'foreach'];
  if (task.wait !== undefined) {
    findings.add({
      code: 'workflow.not-supported',
      message: '`foreach` of a `wait` is not run by this release',
      hint: 'Let the task behind the wait fan out.',
      path,
      atKey: true,
    });
  }
  if (task.pass === true) {
    findings.add({
      code: 'workflow.not-supported',
      message: '`foreach` of a task that passes is not run by this release',
      hint: 'Compute the list as a whole: `output: "${find.output.files.map(file, basename(file))}"`.',
      path,
      atKey: true,
    });
  }
  if (typeof foreach === 'string' && !foreach.includes('${')) {
    findings.add({
      code: 'workflow.foreach-list',
      message: '`foreach` wants a list and got a text',
      hint: 'Write a list, or an expression: `${find.output.files}`.',
      path,
    });
  }
  const count = join?.count;
  const isWhole = Array.isArray(foreach) && task.feed === undefined;
  if (isWhole && count !== undefined && count > foreach.length) {
    findings.add(impossibleJoin(index, count, foreach.length));
  }
}

function checkWho(
  tasks: readonly TaskDefinition[],
  findings: Findings,
  options: CheckOptions,
): void {
  const known = { agent: options.agents, capability: options.capabilities };
  const knows = { agent: knower(known.agent), capability: knower(known.capability) };
  const warned = { agent: new Set<string>(), capability: new Set<string>() };
  for (const [index, task] of tasks.entries()) {
    const { agent = '', capability = '' } = task;
    const isPlain = task.fallback === undefined && task.compensate === undefined;
    // Most are known at once.
    if (isPlain && (agent === '' || knows.agent(agent)))
      if (capability === '' || knows.capability(capability)) continue;
    for (const { kind, name, field } of performersOf(task)) {
      // An empty name is reported with the shape of the file.
      if (name === '' || knows[kind](name)) continue;
      if (warned[kind].has(name)) continue;
      const names = known[kind];
      const advice = suggest(
        name,
        typeof names === 'object' ? names : [],
        `Start a worker that has this ${kind}.`,
        tasks,
      );
      const isCertain =
        options.mayJoin?.includes(kind) !== true || isTypingError(name, advice.suggestion);
      // Once is enough for what may be right: the bound on problems is for mistakes.
      if (!isCertain) warned[kind].add(name);
      findings.add({
        code: `workflow.unknown-${kind}`,
        severity: isCertain ? 'error' : 'warning',
        message: `there is no ${kind} \`${name}\``,
        ...advice,
        path: ['tasks', index, ...field],
      });
    }
  }
}

/** Who a task names, and where: its own, its fallbacks, who undoes it. */
function performersOf(task: TaskDefinition): { kind: Performer; name: string; field: Path }[] {
  const { fallback = [], compensate } = task;
  const named = (from: { agent?: string; capability?: string } | undefined, path: Path) =>
    (['agent', 'capability'] as const).flatMap((kind) => {
      const name = from?.[kind];
      return name === undefined ? [] : [{ kind, name, field: [...path, kind] }];
    });
  return [
    ...named(task, []),
    ...fallback.map((name, at) => ({ kind: 'agent' as const, name, field: ['fallback', at] })),
    ...named(compensate, ['compensate']),
  ];
}

function knower(known: Known | undefined): (name: string) => boolean {
  if (known === undefined) return () => true;
  if (typeof known === 'function') return known;
  const names = new Set(known);
  return (name) => names.has(name);
}

const MAX_CYCLE_SHOWN = 20;

function checkCycles(tasks: readonly TaskDefinition[], graph: TaskGraph, findings: Findings): void {
  for (const cycle of graph.cycles) {
    const [first] = cycle;
    if (first === undefined || cycle.length === 1) continue;
    const ids = [...cycle, first].map((index) => tasks[index]?.id ?? '');
    const shown =
      ids.length > MAX_CYCLE_SHOWN ? [...ids.slice(0, MAX_CYCLE_SHOWN), '...', ids[0]] : ids;
    const { from, to } = wayBack(tasks, cycle);
    // The last one of the cycle is the dependency that closes it.
    const closing = tasks[first]?.dependencies.indexOf(ids.at(-2) ?? '') ?? -1;
    findings.add({
      code: 'workflow.cycle',
      message: `the tasks wait for each other: ${shown.join(' -> ')}`,
      hint: `Remove one of these dependencies; to go back on purpose, write it as an edge with a bound: \`{ from: ${from}, to: ${to}, loop: { max: 3 } }\`.`,
      path: ['tasks', first, 'dependencies', ...(closing === -1 ? [] : [closing])],
    });
  }
}

/** Of a cycle the dependency that leads back is most likely the one to its first task in the file. */
function wayBack(
  tasks: readonly TaskDefinition[],
  cycle: readonly number[],
): { from: string; to: string } {
  const first = cycle.reduce((least, index) => Math.min(least, index));
  const before = cycle.at(cycle.indexOf(first) - 1) ?? first;
  return { from: tasks[before]?.id ?? '', to: tasks[first]?.id ?? '' };
}
