/**
 * Tasks of which a look at each field shows that they have the right shape. The schema takes ten times as long, so of a
 * large file only the other ones are held against it.
 *
 * P1 What is taken for plain here is right by the schema (a test holds them against each other).
 * P2 Whatever is doubtful is not plain.
 */
import { namedTriggers } from './definition.ts';
import { isObject } from './loose.ts';
import { isTaskId } from './names.ts';
import type { JsonObject, JsonValue } from './value.ts';

const isText = (value: JsonValue): boolean => typeof value === 'string';
const isName = (value: JsonValue): boolean => typeof value === 'string' && value !== '';
const triggers: ReadonlySet<JsonValue> = new Set(namedTriggers);

/** The fields that most tasks have. */
const fields: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ['id', (value) => typeof value === 'string' && isTaskId(value)],
  ['agent', isName],
  ['capability', isName],
  ['description', isText],
  ['request', isText],
  ['condition', isName],
  ['pass', (value) => value === true],
  ['parallel', (value) => typeof value === 'boolean'],
  ['parameters', isObject],
  ['dependencies', (value) => Array.isArray(value) && value.every(isText)],
  ['trigger', (value) => triggers.has(value)],
  ['on_failure', (value) => value === 'fail' || value === 'skip' || value === 'retry'],
]);

function isPlainTask(task: JsonValue): boolean {
  if (!isObject(task) || task.id === undefined) return false;
  for (const name in task) {
    const value = task[name];
    if (value === undefined || fields.get(name)?.(value) !== true) return false;
  }
  return true;
}

/** The value with only those tasks that are not plain, or one plain task where all are. */
export function withoutPlainTasks(value: JsonObject): JsonObject {
  const { tasks } = value;
  if (!Array.isArray(tasks)) return value;
  const others = tasks.filter((task) => !isPlainTask(task));
  if (others.length === tasks.length) return value;
  return { ...value, tasks: others.length > 0 ? others : tasks.slice(0, 1) };
}
