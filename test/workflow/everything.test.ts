/** The example that exercises the language has every field of it: what the schema gains, the example must gain. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { workflowJsonSchema } from '../../src/workflow/schema.ts';

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  enum?: unknown[];
}

const files = [
  'examples/everything.yaml',
  'examples/everything-review.yaml',
  'examples/everything-choices.yaml',
];
const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const schema = workflowJsonSchema() as Schema;

/** Fields of the language that no release runs yet, by the part of a file; they are refused by name. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  'settings.budget': 'budgets come with the agents that cost money',
  'settings.escalation': 'escalation comes with the router',
  'settings.cache': 'the cache of results is a part of its own',
  'task.escalation': 'see settings.escalation',
  'task.cache': 'see settings.cache',
};

/** `tasks[].retry.delay`, and `retry.backoff=fixed` for each word of a list, wherever it stands. */
function fieldsOf(part: Schema, path = ''): string[] {
  const below = part.properties ?? {};
  return [
    ...Object.entries(below).flatMap(([name, field]) => {
      const at = path === '' ? name : `${path}.${name}`;
      return [at, ...fieldsOf(field, at)];
    }),
    ...(part.items === undefined ? [] : fieldsOf(part.items, elementOf(path))),
    ...(typeof part.additionalProperties === 'object'
      ? fieldsOf(part.additionalProperties, entryOf(path))
      : []),
    ...(part.anyOf ?? []).flatMap((alternative) => fieldsOf(alternative, path)),
    ...(part.enum ?? []).map((word) => wordAt(path, word)),
  ];
}

/** A hook and a node of a graph have the fields of a task. */
function elementOf(path: string): string {
  return path === 'nodes' || path.startsWith('hooks.') ? 'tasks[]' : `${path}[]`;
}

function entryOf(path: string): string {
  return path === 'nodes' ? 'tasks[]' : `${path}.<name>`;
}

function wordAt(path: string, word: unknown): string {
  return `${path.split('.').slice(-2).join('.')}=${String(word)}`;
}

/** Those of them that a value has. */
function usedBy(value: unknown, part: Schema, path = ''): string[] {
  const words = (part.enum ?? []).includes(value) ? [wordAt(path, value)] : [];
  const alternatives = (part.anyOf ?? []).flatMap((one) => usedBy(value, one, path));
  return [...words, ...alternatives, ...usedBelow(value, part, path)];
}

function usedBelow(value: unknown, part: Schema, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) {
    const { items } = part;
    return items === undefined ? [] : value.flatMap((one) => usedBy(one, items, elementOf(path)));
  }
  return Object.entries(value).flatMap(([name, one]) => {
    if (path === 'workflows') return usedBy(one, schema);
    const field = part.properties?.[name];
    const at = path === '' ? name : `${path}.${name}`;
    if (field !== undefined) return [at, ...usedBy(one, field, at)];
    const { additionalProperties: values } = part;
    return typeof values === 'object' ? usedBy(one, values, entryOf(path)) : [];
  });
}

describe('examples/everything.yaml', () => {
  it('has every field of the schema, and every word of its lists', () => {
    const all = [...new Set(fieldsOf(schema))];
    expect(all.length).toBeGreaterThan(150);
    const used = new Set(files.flatMap((file) => usedBy(parse(read(file)), schema)));
    expect(all.filter((field) => !used.has(field))).toEqual([]);
  });

  it.each(Object.keys(NOT_BUILT))('%s is missing because it is refused by name', (field) => {
    const [part = '', name = ''] = field.split('.');
    const task = { id: 'a', agent: 'echo', ...(part === 'task' ? { [name]: {} } : {}) };
    const source = {
      name: 'w',
      tasks: [task],
      ...(part === 'task' ? {} : { [part]: { [name]: {} } }),
    };
    const { problems } = parseWorkflow(JSON.stringify(source));
    expect(problems.map(({ code }) => code)).toEqual(['workflow.not-supported']);
  });
});
