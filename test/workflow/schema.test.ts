/** The published JSON Schema: it is what the code makes, it explains every field, and it agrees with validation. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import { workflowJsonSchema } from '../../src/workflow/schema.ts';
import { workflowSchemaYaml } from '../../src/workflow/schema-text.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const shipped = ['workflows', 'examples'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((file) => /\.(ya?ml|json)$/.test(file))
    .map((file) => `${folder}/${file}`),
);

interface Schema {
  description?: string;
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
}

/** Every field with its path. */
function fieldsOf(schema: Schema, path = ''): [path: string, field: Schema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(
    ([name, field]): [string, Schema][] => [
      [`${path}.${name}`, field],
      ...fieldsOf(field, `${path}.${name}`),
    ],
  );
  const { additionalProperties: values } = schema;
  return [
    ...own,
    ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
    ...(typeof values === 'object' ? fieldsOf(values, `${path}.*`) : []),
    ...(schema.anyOf ?? []).flatMap((one) => fieldsOf(one, path)),
  ];
}

/** A reader of JSON Schema that knows nothing of our types. */
const published = z.fromJSONSchema(JSON.parse(read('schema/workflow.schema.json')));
const accepts = (value: unknown): boolean => published.safeParse(value).success;

describe('schema/', () => {
  it('is what the code makes: `troupe schema` and `troupe schema --yaml`', () => {
    expect(read('schema/workflow.schema.json')).toBe(
      `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`,
    );
    expect(read('schema/workflow.schema.yaml')).toBe(workflowSchemaYaml());
    expect(parse(read('schema/workflow.schema.yaml'))).toEqual(workflowJsonSchema());
  });

  const fields = fieldsOf(workflowJsonSchema() as Schema);

  it('explains every field in sentences', () => {
    expect(fields.length).toBeGreaterThan(45);
    const unexplained = fields.filter(
      ([, { description = '' }]) => !/^[A-Za-z0-9].{10,}[.]$/.test(description),
    );
    expect(unexplained.map(([path]) => path)).toEqual([]);
  });

  it('says a default in words where it has one', () => {
    const silent = fields.filter(
      ([, { default: value, description = '' }]) =>
        value !== undefined &&
        !description.includes(`Default: ${JSON.stringify(value)}`) &&
        !description.includes(`Default: ${String(value)}`),
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('has examples that pass', () => {
    const taskOf = (field: string, value: unknown) => ({
      name: 'x',
      tasks: [{ id: 'a', agent: 'echo', [field]: value }],
    });
    const inTasks = fields.filter(([path]) => /^\.tasks\[\]\.\w+$/.test(path));
    const wrong = inTasks.flatMap(([path, { examples = [] }]) => {
      const field = path.replace('.tasks[].', '');
      return examples.filter((example) => !accepts(taskOf(field, example))).map(() => path);
    });
    expect(inTasks.length).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });
});

describe('shipped workflows', () => {
  it.each(shipped)('%s names the schema in its first line and passes it', (file) => {
    const source = read(file);
    const [, place = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(source) ?? [];
    expect(new URL(place, new URL(file, root)).href).toBe(
      new URL('schema/workflow.schema.json', root).href,
    );
    expect(accepts(parse(source))).toBe(true);
  });
});

describe('schema and validation', () => {
  const base = { name: 'x', tasks: [{ id: 'a', agent: 'echo' }] };
  const task = (more: object) => ({ name: 'x', tasks: [{ ...base.tasks[0], ...more }] });

  it.each([
    base,
    { ...base, $schema: '../schema/workflow.schema.json' },
    task({ timeout: '5m', retry: { delay: 0.5 } }),
    task({ foreach: [1], join: { count: 0.5 } }),
    { ...base, settings: { timeout: '1h', max_parallel: 1 } },
  ])('agree on what is right: %j', (value) => {
    expect(accepts(value)).toBe(true);
    expect(parseWorkflow(JSON.stringify(value)).problems).toEqual([]);
  });

  it.each([
    { name: 'x', tasks: [] },
    { tasks: base.tasks },
    { ...base, outptus: {} },
    { ...base, settings: { max_parallel: 0 } },
    { ...base, settings: { timeout: 'soon' } },
    { ...base, inputs: { n: { type: 'text' } } },
    task({ agnet: 'x' }),
    task({ timeout: '5 years' }),
    task({ retry: { backoff: 'linear' } }),
    task({ on_failure: 'stop' }),
    { name: 'x', tasks: [{ id: 'a b', agent: 'e' }] },
  ])('agree on what is wrong: %j', (value) => {
    expect(accepts(value)).toBe(false);
    expect(parseWorkflow(JSON.stringify(value)).definition).toBeUndefined();
  });
});
