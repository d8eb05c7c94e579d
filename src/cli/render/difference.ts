/** What a patch changes, for people: one line a task that comes or goes, one a field that changes. */
import type { Difference, FieldChange } from '../../workflow/change/difference.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { brief } from './format.ts';

const VALUE_WIDTH = 60;

/** The lines; one that says so where nothing changes. */
export function differenceLines({ added, removed, changed, workflow }: Difference): string[] {
  const lines = [
    ...added.map(({ id, task }) => `+ ${id}  ${whatItDoes(task)}`),
    ...removed.map((id) => `- ${id}`),
    ...changed.flatMap(({ id, fields }) => fields.map((field) => `~ ${id}.${change(field)}`)),
    ...workflow.map((field) => `~ ${change(field)}`),
  ];
  return lines.length === 0 ? ['nothing changes'] : lines;
}

const KINDS = ['agent', 'capability', 'workflow', 'wait', 'pass'] as const;

function whatItDoes(task: JsonObject): string {
  const kind = KINDS.find((each) => task[each] !== undefined);
  const named = kind === undefined ? '' : `${kind} ${value(task[kind])}`;
  const before = task['dependencies'];
  const after = Array.isArray(before) && before.length > 0 ? `, after ${before.join(', ')}` : '';
  return `${kind === 'pass' ? 'passes' : named}${after}`;
}

function change({ field, before, after }: FieldChange): string {
  if (before === undefined) return `${field}: ${value(after)} (new)`;
  if (after === undefined) return `${field}: ${value(before)} (gone)`;
  return `${field}: ${value(before)} -> ${value(after)}`;
}

function value(given: JsonValue | undefined): string {
  return typeof given === 'string' ? brief(given, VALUE_WIDTH) : brief(given ?? null, VALUE_WIDTH);
}
