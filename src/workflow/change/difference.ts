/** What is different between two definitions, in the words of a file: for people, and for programs that ask first. */
import type { WorkflowDefinition } from '../definition.ts';
import { asList, asObject, isObject } from '../loose.ts';
import type { JsonObject, JsonValue } from '../value.ts';
import { fileFormOf } from './file-form.ts';
import { isSameValue } from './same-value.ts';

export interface FieldChange {
  /** `parameters`, `settings.max_parallel`. */
  field: string;
  /** Absent: it was not there. */
  before?: JsonValue;
  /** Absent: it is gone. */
  after?: JsonValue;
}

export interface Difference {
  added: { id: string; task: JsonObject }[];
  removed: string[];
  changed: { id: string; fields: FieldChange[] }[];
  /** Of everything but tasks. */
  workflow: FieldChange[];
}

export function differenceOf(before: WorkflowDefinition, after: WorkflowDefinition): Difference {
  return differenceOfForms(fileFormOf(before), fileFormOf(after));
}

/** The same of two files, right or wrong. */
export function differenceOfForms(before: JsonObject, after: JsonObject): Difference {
  const old = tasksOf(before);
  const next = tasksOf(after);
  const changed = [...next].flatMap(([id, task]) => {
    const known = old.get(id);
    const fields = known === undefined ? [] : fieldsBetween(known, task, '');
    return fields.length === 0 ? [] : [{ id, fields }];
  });
  return {
    added: [...next].filter(([id]) => !old.has(id)).map(([id, task]) => ({ id, task })),
    removed: [...old.keys()].filter((id) => !next.has(id)),
    changed,
    workflow: workflowFields(before, after),
  };
}

/** The patch that makes the one into the other: fields of tasks as a whole, null for what is gone. */
export function patchOf({ added, removed, changed, workflow }: Difference): JsonObject {
  const tasks: JsonObject = {};
  for (const { id, task } of added) {
    const { id: _, ...fields } = task;
    tasks[id] = fields;
  }
  for (const id of removed) tasks[id] = null;
  for (const { id, fields } of changed)
    tasks[id] = Object.fromEntries(fields.map(({ field, after }) => [field, after ?? null]));
  const patch: JsonObject = Object.keys(tasks).length === 0 ? {} : { tasks };
  for (const { field, after } of workflow) {
    const [key = '', name] = field.split('.');
    if (name === undefined) patch[key] = after ?? null;
    else patch[key] = { ...asObject(patch[key]), [name]: after ?? null };
  }
  return patch;
}

function tasksOf(form: JsonObject): Map<string, JsonObject> {
  const tasks = asList(form.tasks).map(asObject);
  return new Map(tasks.map((task) => [String(task.id), task]));
}

/** Fields that hold a table of named things: one line a name. */
const TABLES: ReadonlySet<string> = new Set([
  'settings',
  'outputs',
  'regions',
  'workflows',
  'inputs',
  'hooks',
]);

function workflowFields(before: JsonObject, after: JsonObject): FieldChange[] {
  const { tasks: _, ...old } = before;
  const { tasks: __, ...next } = after;
  return fieldsBetween(old, next, '').flatMap((change) => {
    const isTable = TABLES.has(change.field) && [change.before, change.after].some(isObject);
    return isTable
      ? fieldsBetween(asObject(change.before), asObject(change.after), `${change.field}.`)
      : [change];
  });
}

function fieldsBetween(before: JsonObject, after: JsonObject, prefix: string): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const left = before[key];
    const right = after[key];
    if (left !== undefined && right !== undefined && isSameValue(left, right)) continue;
    changes.push({
      field: `${prefix}${key}`,
      ...(left === undefined ? {} : { before: left }),
      ...(right === undefined ? {} : { after: right }),
    });
  }
  return changes;
}
