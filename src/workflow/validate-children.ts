/**
 * What tasks that run other workflows may get wrong: names that nothing has, parameters that are not the inputs of the
 * child, runs that start each other for ever.
 */
import { type ChildTable, isPath } from './child-table.ts';
import { type Caller, callersOf } from './child-tasks.ts';
import type { TaskDefinition, WorkflowDefinition } from './definition.ts';
import { buildGraph } from './graph.ts';
import { checkValue, hasType, typeText } from './inputs.ts';
import type { Findings } from './problems.ts';
import { suggest } from './suggest.ts';
import { unwrapped } from './templates.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** Checks the tasks of one definition, whose names are linked already. */
export function checkChildTasks(
  definition: WorkflowDefinition,
  table: ChildTable,
  findings: Findings,
): void {
  for (const caller of callersOf(definition)) {
    const { name } = caller.workflow;
    const child = table.definitionOf(name);
    if (child === undefined) reportUnknown(caller, table, findings);
    else checkParameters(caller, { name, child }, findings);
  }
  warnOfRecursion(definition, table, findings);
}

function reportUnknown({ workflow, path }: Caller, table: ChildTable, findings: Findings): void {
  const { name } = workflow;
  const advice = isPath(name)
    ? { hint: 'Write the path relative to this file, or put the workflow into `workflows`.' }
    : suggest(
        name,
        table.names,
        'Name a workflow of `workflows` or a template, or write the path of a file: `./publish.yaml`.',
        table,
      );
  findings.add({
    code: 'workflow.unknown-workflow',
    message: isPath(name) ? `there is no file \`${name}\`` : `there is no workflow \`${name}\``,
    ...advice,
    path: [...path, 'workflow'],
  });
}

interface Child {
  readonly name: string;
  readonly child: WorkflowDefinition;
}

function checkParameters(
  { parameters, path }: Caller,
  { name, child }: Child,
  findings: Findings,
): void {
  const place = [...path, 'parameters'];
  const known = Object.keys(child.inputs);
  for (const given of Object.keys(parameters)) {
    if (Object.hasOwn(child.inputs, given)) continue;
    findings.add({
      code: 'input.unknown',
      message: `\`${name}\` has no input \`${given}\``,
      ...suggest(
        given,
        known,
        known.length === 0 ? 'It takes no inputs.' : `Its inputs: ${known.join(', ')}.`,
        child,
      ),
      path: [...place, given],
      atKey: true,
    });
  }
  for (const [input, declared] of Object.entries(child.inputs)) {
    const value = parameters[input];
    if (value !== undefined) checkLiteral({ input, value, child }, place, findings);
    else if (declared.required && !Object.hasOwn(parameters, input)) {
      findings.add({
        code: 'input.missing',
        message: `\`${name}\` needs the input \`${input}\``,
        hint: `Add it to \`parameters\`: ${typeText(declared.type)}.`,
        path: [...path, 'workflow'],
      });
    }
  }
}

/** What holds no expression is checked as it will be; of a text with one in it, that it is a text. */
function checkLiteral(
  given: { input: string; value: JsonValue; child: WorkflowDefinition },
  place: (string | number)[],
  findings: Findings,
): void {
  const { input: name, value, child } = given;
  const input = child.inputs[name];
  if (input === undefined || (typeof value === 'string' && unwrapped(value) !== undefined)) return;
  const path = [...place, name];
  if (!holdsExpression(value)) checkValue({ name, input, value, path }, findings);
  else if (!hasType(value, input.type)) {
    const { enum: _, ...withoutEnum } = input;
    checkValue({ name, input: withoutEnum, value, path }, findings);
  }
}

function holdsExpression(value: JsonValue): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value as JsonObject).some(holdsExpression);
}

/** Runs that start each other and meet nothing on the way that could stop them but `max_depth`. */
function warnOfRecursion(
  definition: WorkflowDefinition,
  table: ChildTable,
  findings: Findings,
): void {
  const ways = new Map<string, string[] | undefined>();
  for (const { id, workflow, path } of certainCallers(definition)) {
    const { name } = workflow;
    if (!ways.has(name)) ways.set(name, wayBack(name, table));
    const way = ways.get(name);
    if (way === undefined) continue;
    findings.add({
      code: 'workflow.endless-recursion',
      severity: 'warning',
      message: `\`${id}\` runs workflows that start each other without a condition: ${way.join(' -> ')}`,
      hint: 'Give one of these tasks a `condition`; `max_depth` alone ends it with `run.too-deep`.',
      path: [...path, 'workflow'],
    });
  }
}

/** From a child back to itself, over tasks that always run; undefined: there is none. */
function wayBack(start: string, table: ChildTable): string[] | undefined {
  const before = new Map<string, string | undefined>([[start, undefined]]);
  const open = [start];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const child = table.definitionOf(name);
    if (child === undefined) continue;
    for (const { workflow } of certainCallers(child)) {
      const next = workflow.name;
      if (next === start) return [...trace(name, before), start];
      if (before.has(next)) continue;
      before.set(next, name);
      open.push(next);
    }
  }
  return undefined;
}

function trace(name: string, before: ReadonlyMap<string, string | undefined>): string[] {
  const way: string[] = [];
  for (let at: string | undefined = name; at !== undefined; at = before.get(at)) way.unshift(at);
  return way;
}

/** Tasks with children that run in every run that succeeds: nothing before them can keep them from it. */
function certainCallers(definition: WorkflowDefinition): Caller[] {
  const callers = callersOf(definition).filter(
    ({ path }) => path[0] === 'tasks' && path.length === 2,
  );
  if (callers.length === 0) return callers;
  // In dependency order and not by recursion: a chain may be long. Tasks in a cycle are reported elsewhere.
  const certain = new Set<string>();
  for (const index of buildGraph(definition.tasks).order) {
    const task = definition.tasks[index];
    if (task === undefined || !alwaysRuns(task)) continue;
    if (task.dependencies.every((id) => certain.has(id))) certain.add(task.id);
  }
  return callers.filter(({ id }) => certain.has(id));
}

function alwaysRuns(task: TaskDefinition): boolean {
  const { condition, foreach, trigger } = task;
  const mayBeEmpty = foreach !== undefined && !(Array.isArray(foreach) && foreach.length > 0);
  const isPlain = trigger === 'all_success' || trigger === 'all_done' || trigger === 'none_failed';
  const isFree = condition === undefined || condition === 'true';
  return isFree && !mayBeEmpty && isPlain;
}
