/** Holds a value against the schema and says what does not fit in the words of the language. */
import type { z } from 'zod';
import { MAX_TASKS } from './limits.ts';
import { isObject } from './loose.ts';
import { withoutPlainTasks } from './plain-tasks.ts';
import type { Finding, Findings, Path } from './problems.ts';
import { knownFields, workflowSchema } from './schema.ts';
import { type Advice, meant, suggest } from './suggest.ts';
import { isUnsupportedField, notSupported, partOf } from './unsupported-fields.ts';
import { isInSecrets, literalSecret, misplacedSecrets } from './validate-secrets.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** Compiling the schemas to code takes longer than checking a workflow without it, and pays after thousands only. */
const ONCE = { jitless: true } as const;

/** Reports every field that is unknown, missing, of a wrong type or not supported yet. */
export function checkShape(value: JsonValue, findings: Findings): void {
  // What is wrong is reported with its place in the whole.
  if (isLarge(value) && workflowSchema.safeParse(withoutPlainTasks(value), ONCE).success) return;
  const result = workflowSchema.safeParse(value, ONCE);
  if (result.success) return;
  for (const issue of result.error.issues)
    for (const finding of findingsOf(issue, value)) findings.add(finding);
}

/** Tasks from which on a look at each before the schema saves time. */
const LARGE = 200;

function isLarge(value: JsonValue): value is JsonObject {
  if (!isObject(value)) return false;
  const { tasks } = value;
  return Array.isArray(tasks) && tasks.length > LARGE && tasks.length <= MAX_TASKS;
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
  if (isInSecrets(path)) return [literalSecret(path)];
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
    const finding = wrong({
      path,
      message: `\`${field}\` must be ${wanted}, not ${kindOf(value)}`,
    });
    const example = EXAMPLES.get(field);
    return [example === undefined ? finding : { ...finding, hint: `Write \`${example}\`.` }];
  }
  if (issue.code === 'too_small' && typeof value === 'number' && issue.inclusive === true)
    return [wrong({ path, message: `\`${field}\` must be ${issue.minimum} or more` })];
  if (issue.code === 'invalid_value') return [noneOf(path, value, issue.values.map(String))];
  return [wrong({ path, message: `\`${field}\`: ${lowerFirst(issue.message)}` })];
}

function noneOf(path: Path, value: JsonValue, allowed: readonly string[]): Finding {
  const listed = [allowed.slice(0, -1).join(', '), allowed.at(-1)].filter(Boolean).join(' or ');
  const finding = wrong({ path, message: `\`${String(path.at(-1))}\` must be ${listed}` });
  const otherwise = allowed.length === 1 ? `Write ${listed}.` : 'Write one of these.';
  return { ...finding, ...suggest(typeof value === 'string' ? value : '', allowed, otherwise) };
}

/** Fields that are often given a shorter value than they have, and how they look. */
const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['compensate', 'compensate: { agent: shell }'],
  ['dependencies', 'dependencies: [first, second]'],
  ['first', 'first: { answer: { signal: answer }, late: { timer: 1h } }'],
  ['join', 'join: { count: 2 }'],
  ['loop', 'loop: { max: 3 }'],
  ['milestone', 'milestone: { after: opened, until: closed }'],
  ['repeat', 'repeat: { max: 3 }'],
  ['retry', 'retry: { max_attempts: 3 }'],
  ['wait', 'wait: { approval: { group: leads } }'],
]);

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
  if (key === 'secrets') return misplacedSecrets([...path, key]);
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
  ['edges.source', 'from'],
  ['edges.target', 'to'],
  ['edges.if', 'condition'],
  ['edges.when', 'condition'],
  ['hooks.on_error', 'on_failure'],
  ['loop.times', 'max'],
  ['repeat.times', 'max'],
]);

/** What another field of a file does, where a name stands for something that is written in another way here. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['task.next', 'Let the next task name this one in its `dependencies`, or write an edge.'],
  ['task.branches', 'Give each of the next tasks a `condition`, or write edges with one.'],
  ['task.interrupt', 'Ask a person in a task of its own: `wait: { approval: {} }`.'],
  [
    'task.loop',
    'Repeat the task with `repeat`; the way back to an earlier one is an edge with `loop`.',
  ],
  [
    'wait.timeout',
    'It belongs to the signal or the approval: `signal: { name: papers, timeout: 1h }`.',
  ],
]);

function fieldAdvice(part: string, key: string): Advice {
  const other = OTHER_NAMES.get(`${part}.${key}`);
  if (other !== undefined) return meant(other);
  const elsewhere = ELSEWHERE.get(`${part}.${key}`);
  if (elsewhere !== undefined) return { hint: elsewhere };
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
    hint:
      field === 'max'
        ? 'Every loop has a bound: say how many rounds there are at most.'
        : path.length === 1
          ? 'Every workflow has a `name` and `tasks`.'
          : 'Add it.',
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
