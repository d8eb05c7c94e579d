/** The structured condition `{type, field, operator, value}` as an expression. */
import { asText, oneOf } from './loose.ts';
import type { JsonObject } from './value.ts';

const OPERATORS = ['==', '!=', '>', '<', 'contains'] as const;

/**
 * The CEL source of a structured condition; undefined where it cannot be read. `from` is the task that is looked at
 * where the condition names none: the start of its edge, or the only dependency.
 */
export function structuredCondition(source: JsonObject, from?: string): string | undefined {
  const type = oneOf(source.type, ['status', 'field_exists', 'field_value']);
  const field = asText(source.field) ?? (type === 'status' ? from : undefined);
  if (type === undefined || field === undefined) return undefined;
  if (type === 'field_exists') return `has(${field})`;
  const path = type === 'status' ? `${field}.status` : field;
  const operator = oneOf(source.operator, OPERATORS) ?? '==';
  const value = JSON.stringify(source.value ?? null);
  return operator === 'contains' ? `${path}.contains(${value})` : `${path} ${operator} ${value}`;
}
