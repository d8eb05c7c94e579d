/**
 * What tasks that run other workflows may get wrong: names that nothing has, parameters that are not the inputs of the
 * child, runs that start each other for ever.
 */
import { type ChildTable, isPath } from './child-table.ts';
import { childTasks, type PlacedTask } from './child-tasks.ts';
import type { TaskDefinition, WorkflowDefinition } from './definition.ts';
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
  for (const placed of childTasks(definition)) {
    const { task, path } = placed;
    const name = task.workflow?.name ?? '';
    const child = table.definitionOf(name);
    if (child === undefined) reportUnknown(name, { placed, table }, findings);
    else checkParameters({ task, path }, { name, child }, findings);
  }
  warnOfRecursion(definition, table, findings);
}

function reportUnknown(
  name: string,
  { placed: { path }, table }: { placed: PlacedTask; table: ChildTable },
  findings: Findings,
): void {
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
  { task, path }: PlacedTask,
  { name, child }: Child,
  findings: Findings,
): void {
  const place = [...path, 'parameters'];
  const known = Object.keys(child.inputs);
  for (const given of Object.keys(task.parameters)) {
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
    const value = task.parameters[input];
    if (value !== undefined) checkLiteral({ input, value, task, child }, place, findings);
    else if (declared.required && !Object.hasOwn(task.parameters, input)) {
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
  given: { input: string; value: JsonValue; task: TaskDefinition; child: WorkflowDefinition },
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
  for (const { task, path } of certainChildren(definition)) {
    const name = task.workflow?.name ?? '';
    const way = wayBack(name, table);
    if (way === undefined) continue;
    findings.add({
      code: 'workflow.endless-recursion',
      severity: 'warning',
      message: `\`${task.id}\` runs workflows that start each other without a condition: ${way.join(' -> ')}`,
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
    for (const { task } of certainChildren(child)) {
      const next = task.workflow?.name ?? '';
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
function certainChildren(definition: WorkflowDefinition): PlacedTask[] {
  const byId = new Map(definition.tasks.map((task) => [task.id, task]));
  const known = new Map<string, boolean>();
  const isCertain = (id: string): boolean => {
    const answer = known.get(id);
    if (answer !== undefined) return answer;
    known.set(id, false); // while it is looked at: a cycle is reported elsewhere
    const task = byId.get(id);
    const holds = task !== undefined && alwaysRuns(task) && task.dependencies.every(isCertain);
    known.set(id, holds);
    return holds;
  };
  return childTasks(definition).filter(
    ({ path, task }) => path[0] === 'tasks' && isCertain(task.id),
  );
}

function alwaysRuns(task: TaskDefinition): boolean {
  const { condition, foreach, trigger } = task;
  const mayBeEmpty = foreach !== undefined && !(Array.isArray(foreach) && foreach.length > 0);
  const isPlain = trigger === 'all_success' || trigger === 'all_done' || trigger === 'none_failed';
  const isFree = condition === undefined || condition === 'true';
  return isFree && !mayBeEmpty && isPlain;
}
