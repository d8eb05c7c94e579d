/**
 * A patch of a workflow, as a person or a language model writes it: the fields of a file laid over those of the run, by
 * the rules of JSON Merge Patch (RFC 7396), with tasks by their ids. `null` removes; an object is laid over what is there;
 * everything else takes the place of what was there.
 *
 *     { "tasks": { "publish": { "agent": "other" }, "lint": null }, "settings": { "max_parallel": 5 } }
 */
import { agentsOf, type WorkflowDefinition } from '../definition.ts';
import { asList, asObject, isObject } from '../loose.ts';
import { compileWorkflow } from '../parse.ts';
import { suggest } from '../suggest.ts';
import type { JsonObject, JsonValue } from '../value.ts';
import { keepingTasks } from './definition-change.ts';
import { fileFormOf } from './file-form.ts';
import { isSameValue } from './same-value.ts';

/** What a patch gets wrong, or what stands in the way of it. */
export interface PatchProblem {
  /** Stable: `adapt.task-started`, `workflow.cycle`. */
  code: string;
  severity: 'error' | 'warning';
  /** `tasks.publish.dependencies`; empty for the whole. */
  path: string;
  /** The task that it is about, where it is about one. */
  task?: string;
  message: string;
  hint: string;
}

export interface Patched {
  /** Absent where the patch makes no valid workflow. */
  definition?: WorkflowDefinition;
  /** In the form of a file, right or wrong. */
  form: JsonObject;
  problems: PatchProblem[];
}

/** What a patch may change, and what each is. */
const PATCHED: Readonly<Record<string, string>> = {
  tasks: 'tasks by id',
  settings: 'fields of the settings',
  outputs: 'outputs by name',
  context: 'variables',
  regions: 'regions by name',
  hooks: 'lists of tasks by hook',
  workflows: 'children by name',
  description: 'a text',
  metadata: 'anything',
};

/** The definition that a patch makes, or everything that is wrong. `agents`: who exists; absent: not checked. */
export function patchDefinition(
  before: WorkflowDefinition,
  patch: JsonValue,
  agents?: readonly string[],
): Patched {
  const base = fileFormOf(before);
  const problems: PatchProblem[] = [];
  const form = applyPatch(base, patch, problems);
  // Who was promised with the run is not asked for again.
  const known = agents === undefined ? {} : { agents: [...agents, ...agentsOf(before)] };
  const { definition, problems: found } = compileWorkflow(form, known);
  const unchanged = tasksAsBefore(base, form);
  for (const { code, severity, message, hint, path } of found) {
    const place = placeOf(path, form);
    // What was said of a task when the run began is not said again.
    if (severity === 'warning' && (place.task === undefined || unchanged.has(place.task))) continue;
    problems.push({ code, severity, ...place, message, hint });
  }
  const isSound =
    definition !== undefined && problems.every(({ severity }) => severity !== 'error');
  return { ...(isSound ? { definition: keepingTasks(before, definition) } : {}), form, problems };
}

function tasksAsBefore(before: JsonObject, after: JsonObject): ReadonlySet<string> {
  const known = new Map(asList(before.tasks).map((task) => [asObject(task).id, task]));
  const same = asList(after.tasks).filter((task) => {
    const old = known.get(asObject(task).id);
    return old !== undefined && isSameValue(old, task);
  });
  return new Set(same.map((task) => String(asObject(task).id)));
}

/** `tasks[3].agent` as `tasks.publish.agent`: a patch has no places in a list. */
function placeOf(path: string, form: JsonObject): { path: string; task?: string } {
  const match = /^tasks\[(\d+)\](.*)$/.exec(path);
  const id = match === null ? undefined : asObject(asList(form.tasks)[Number(match[1])]).id;
  return typeof id === 'string' ? { path: `tasks.${id}${match?.[2] ?? ''}`, task: id } : { path };
}

function applyPatch(base: JsonObject, patch: JsonValue, problems: PatchProblem[]): JsonObject {
  if (!isObject(patch)) {
    const message = 'a patch is an object';
    problems.push(problem('adapt.patch-shape', '', message, 'Write {"tasks": {"id": {...}}}.'));
    return base;
  }
  const form = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (!Object.hasOwn(PATCHED, key)) {
      problems.push(unknownField(key));
      continue;
    }
    const isText = key === 'description' && (typeof value === 'string' || value === null);
    if (!isText && !isObject(value)) {
      const message = `\`${key}\` of a patch holds ${PATCHED[key]}`;
      problems.push(problem('adapt.patch-shape', key, message, 'Write what changes alone.'));
      continue;
    }
    if (key === 'tasks') form.tasks = patchTasks(asList(base.tasks), asObject(value), problems);
    else {
      const merged = mergePatch(base[key], value);
      if (merged === undefined) delete form[key];
      else form[key] = merged;
    }
  }
  return form;
}

const FIXED: Readonly<Record<string, string>> = {
  name: 'A run keeps its name.',
  version: 'There is one version of the language.',
  inputs: 'What a run was given stays. Put new values into `context.variables`.',
  edges: 'Write `dependencies` and `condition` of the tasks, or move the run to a new definition.',
  start: 'Write `dependencies` of the tasks.',
  end: 'Write `dependencies` of the tasks.',
  nodes: 'Write `tasks`.',
};

function unknownField(key: string): PatchProblem {
  const fixed = Object.hasOwn(FIXED, key) ? FIXED[key] : undefined;
  if (fixed !== undefined)
    return problem('adapt.not-supported', key, `\`${key}\` of a live run does not change`, fixed);
  const known = Object.keys(PATCHED);
  const { hint } = suggest(key, known, `A patch has ${known.join(', ')}.`);
  return problem('adapt.unknown-field', key, `a patch has no field \`${key}\``, hint);
}

/** Changed tasks stay in their places, new ones stand at the end. */
function patchTasks(
  base: readonly JsonValue[],
  patch: JsonObject,
  problems: PatchProblem[],
): JsonValue[] {
  const tasks = new Map(base.map((task) => [String(asObject(task).id), asObject(task)]));
  for (const [id, change] of Object.entries(patch)) {
    const path = `tasks.${id}`;
    const known = tasks.get(id);
    if (change === null) {
      if (!tasks.delete(id)) problems.push({ ...unknownTask(id, [...tasks.keys()]), path });
    } else if (!isObject(change)) {
      const hint = 'Write an object with the fields that change, or null to remove the task.';
      problems.push({
        ...problem('adapt.patch-shape', path, 'a task is an object', hint),
        task: id,
      });
    } else if (change.id !== undefined && change.id !== id) {
      const hint = 'Remove the task, and add one under its new id.';
      const message = `the id of \`${id}\` does not change`;
      problems.push({ ...problem('adapt.patch-shape', `${path}.id`, message, hint), task: id });
    } else tasks.set(id, { id, ...asObject(mergePatch(known, change)) });
  }
  return [...tasks.values()];
}

function unknownTask(id: string, known: readonly string[]): PatchProblem {
  const { hint } = suggest(id, known, 'Nothing needs to be removed.');
  const message = `there is no task \`${id}\` to remove`;
  return { ...problem('adapt.unknown-task', '', message, hint), task: id };
}

export function problem(code: string, path: string, message: string, hint: string): PatchProblem {
  return { code, severity: 'error', path, message, hint };
}

/** RFC 7396; undefined where nothing is left. */
function mergePatch(
  target: JsonValue | undefined,
  patch: JsonValue | undefined,
): JsonValue | undefined {
  if (patch === null || patch === undefined) return undefined;
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    const next = mergePatch(merged[key], value);
    if (next === undefined) delete merged[key];
    else merged[key] = next;
  }
  return merged;
}
