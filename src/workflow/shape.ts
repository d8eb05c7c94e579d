/** Holds a value against the schema and says what does not fit in the words of the language. */
import type { z } from 'zod';
import type { Finding, Findings, Path } from './problems.ts';
import { knownFields, workflowSchema } from './schema.ts';
import { type Advice, meant, suggest } from './suggest.ts';
import { isUnsupportedField, notSupported, partOf } from './unsupported-fields.ts';
import type { JsonValue } from './value.ts';

/** Reports every field that is unknown, missing, of a wrong type or not supported yet. */
export function checkShape(value: JsonValue, findings: Findings): void {
  const result = workflowSchema.safeParse(value);
  if (result.success) return;
  for (const issue of result.error.issues)
    for (const finding of findingsOf(issue, value)) findings.add(finding);
}

function findingsOf(issue: z.core.$ZodIssue, root: JsonValue): Finding[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key));
  if (issue.code === 'invalid_key')
    return [
      wrong({
        path,
        atKey: true,
        message: `\`${String(path.at(-1))}\` is no name: letters, digits, \`_\` and \`-\``,
      }),
    ];
  const value = valueAt(root, path);
  const field = String(path.at(-1) ?? 'the workflow');
  if (value === undefined) return [missing(path, field)];
  if (issue.code === 'invalid_union' && partOf(path) === 'trigger') {
    const unknown = triggerFields(path, value);
    if (unknown.length > 0) return unknown;
  }
  if (path.length === 0) return [noWorkflow(value)];
  if (issue.code === 'invalid_type' && issue.expected in KINDS) {
    const wanted = KINDS[issue.expected] ?? issue.expected;
    return [wrong({ path, message: `\`${field}\` must be ${wanted}, not ${kindOf(value)}` })];
  }
  const message = `\`${field}\`: ${lowerFirst(issue.message)}`;
  if (issue.code !== 'invalid_value' || typeof value !== 'string')
    return [wrong({ path, message })];
  const advice = suggest(value, issue.values.map(String), WHERE_TO_LOOK);
  return [{ ...wrong({ path, message }), ...advice }];
}

const WHERE_TO_LOOK = 'See `troupe schema` for what may stand here.';

/** The types of the schema in the words of the language. */
const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function kindOf(value: JsonValue): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return String(value);
  return KINDS[typeof value] ?? typeof value;
}

function noWorkflow(value: JsonValue): Finding {
  return {
    code: 'workflow.invalid-field',
    message:
      value === null
        ? 'the file is empty'
        : `a workflow is a map of fields, and this is ${kindOf(value)}`,
    hint: 'Every workflow has a `name` and `tasks`.',
    path: [],
  };
}

function triggerFields(path: Path, value: JsonValue): Finding[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.keys(value)
    .filter((key) => knownFields.trigger?.includes(key) !== true)
    .map((key) => unknownField(path, key));
}

function unknownField(path: Path, key: string): Finding {
  const part = partOf(path);
  if (isUnsupportedField(part, key)) return notSupported([...path, key], `\`${key}\``, true);
  return {
    code: 'workflow.unknown-field',
    message: `there is no field \`${key}\` in ${partText(part)}`,
    ...fieldAdvice(part, key),
    path: [...path, key],
    atKey: true,
  };
}

/** What other systems call our fields: too unlike ours for a comparison of letters. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['workflow.steps', 'tasks'],
  ['workflow.jobs', 'tasks'],
  ['workflow.params', 'inputs'],
  ['workflow.parameters', 'inputs'],
  ['settings.concurrency', 'max_parallel'],
  ['settings.parallelism', 'max_parallel'],
  ['task.name', 'id'],
  ['task.uses', 'agent'],
  ['task.needs', 'dependencies'],
  ['task.depends_on', 'dependencies'],
  ['task.after', 'dependencies'],
  ['task.if', 'condition'],
  ['task.when', 'condition'],
  ['task.with', 'parameters'],
  ['task.args', 'parameters'],
  ['task.prompt', 'request'],
  ['task.with_items', 'foreach'],
  ['task.retries', 'retry'],
  ['task.trigger_rule', 'trigger'],
  ['retry.attempts', 'max_attempts'],
  ['retry.limit', 'max_attempts'],
]);

function fieldAdvice(part: string, key: string): Advice {
  const other = OTHER_NAMES.get(`${part}.${key}`);
  if (other !== undefined) return meant(other);
  const known = knownFields[part] ?? [];
  return suggest(key, known, `Known here: ${known.join(', ')}.`);
}

function partText(part: string): string {
  if (part === 'input') return 'an input';
  return part === 'workflow' || part === 'task' ? `a ${part}` : `\`${part}\``;
}

function missing(path: Path, field: string): Finding {
  return {
    code: 'workflow.missing-field',
    message: `\`${field}\` is missing`,
    hint: path.length === 1 ? 'Every workflow has a `name` and `tasks`.' : 'Add it.',
    path,
    text: '',
  };
}

function wrong({
  path,
  message,
  atKey = false,
}: {
  path: Path;
  message: string;
  atKey?: boolean;
}): Finding {
  return {
    code: 'workflow.invalid-field',
    message,
    hint: WHERE_TO_LOOK,
    path,
    atKey,
  };
}

function valueAt(root: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Array.isArray(value)
      ? value[Number(part)]
      : Object.hasOwn(value, part)
        ? value[part]
        : undefined;
  }
  return value;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
