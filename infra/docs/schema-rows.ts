/** A zod schema as rows of a table: field, type, whether it is needed, what it means. */
import { z } from 'zod';
import { code, markdownTable } from './markdown.ts';

/** The part of a JSON Schema that is shown. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  description?: string;
  default?: unknown;
  pattern?: string;
  /** What our own checks say, for types that JSON Schema has no word for. */
  says?: string;
}

export interface Row {
  path: string;
  type: string;
  isRequired: boolean;
  description: string;
}

export function jsonSchemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { type, error } = zodSchema._zod.def as {
        type: string;
        error?: (issue: object) => unknown;
      };
      if (type === 'custom')
        Object.assign(jsonSchema, { says: String(error?.({}) ?? 'any value') });
    },
  }) as Schema;
}

/** Every field at every depth; `notes` are texts by field name that the schema itself does not carry. */
export function rowsOf(schema: Schema, notes: ReadonlyMap<string, string>, at = ''): Row[] {
  const rows: Row[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = at === '' ? name : `${at}.${name}`;
    const isRequired = schema.required?.includes(name) === true && field.default === undefined;
    rows.push({
      path,
      type: typeText(field),
      isRequired,
      description: meaning(field, notes.get(name)),
    });
    rows.push(...rowsBelow(field, notes, path));
  }
  return rows;
}

function rowsBelow(field: Schema, notes: ReadonlyMap<string, string>, path: string): Row[] {
  const { additionalProperties: values } = field;
  if (field.properties !== undefined) return rowsOf(field, notes, path);
  if (field.items !== undefined) return rowsBelow(field.items, notes, `${path}[]`);
  if (typeof values === 'object') return rowsBelow(values, notes, `${path}.<name>`);
  return alternatives(field)
    .filter(({ properties }) => properties !== undefined)
    .flatMap((form) => rowsOf(form, notes, path));
}

export function schemaTable(rows: readonly Row[]): string {
  return markdownTable(
    ['field', 'type', 'needed', 'meaning'],
    rows.map(({ path, type, isRequired, description }) => [
      code(path),
      type,
      isRequired ? 'yes' : '',
      description,
    ]),
  );
}

function alternatives({ anyOf, oneOf }: Schema): Schema[] {
  return anyOf ?? oneOf ?? [];
}

/** A type in words that a reader of YAML knows. */
export function typeText(schema: Schema): string {
  if (schema.says !== undefined) return schema.says;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((one) => code(String(one))).join(', ');
  const several = alternatives(schema);
  if (several.length > 0) return [...new Set(several.map(typeText))].join(' or ');
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object') return objectText(schema);
  return [schema.type ?? 'any value'].flat().join(' or ');
}

function objectText({ properties, additionalProperties: values }: Schema): string {
  if (properties !== undefined || typeof values !== 'object') return 'object';
  return `map of ${typeText(values)}`;
}

function meaning(schema: Schema, note: string | undefined): string {
  const text = schema.description ?? note ?? '';
  if (schema.default === undefined || /default/i.test(text)) return text;
  const standing = `Default ${code(JSON.stringify(schema.default))}.`;
  return text === '' ? standing : `${text} ${standing}`;
}
