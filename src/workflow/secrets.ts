/**
 * Secrets in a definition: names with the place where the orchestrator finds their values. A value never stands in a
 * definition, an expression or an event; parameters hold a reference in its place until the agent gets them.
 */
import type { JsonObject, JsonValue } from './value.ts';

/** Where the value of a secret is: on the orchestrator's side, asked each time an attempt is sent. */
export type SecretSource = { readonly env: string } | { readonly file: string };
/** By the name that expressions use. */
export type SecretSources = Readonly<Record<string, SecretSource>>;

/** Stands for the whole value of a secret. */
export type SecretReference = { readonly $secret: string };
/** Stands for a text that secrets are part of. */
export type SecretText = { readonly $secretText: readonly (string | SecretReference)[] };

/** The one form in which a secret is used; it is no expression, for nothing is computed with a secret. */
const USE = /^\s*secrets\s*\.\s*([A-Za-z0-9_-]+)\s*$/;

/** For whoever uses one in another place. */
export const SECRET_USE =
  'Write `${secrets.NAME}` as it is, alone or within a text, in the `parameters` of a task that an agent does.';

/** The name in `secrets.NAME`; undefined for every other source. */
export function secretNameOf(expression: string): string | undefined {
  return USE.exec(expression)?.[1];
}

function isSecretReference(value: unknown): value is SecretReference {
  return isObject(value) && typeof value['$secret'] === 'string';
}

function isSecretText(value: unknown): value is SecretText {
  return isObject(value) && Array.isArray(value['$secretText']);
}

/** The same place of a value as one text. */
export function placeKey(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}

/**
 * Where a value holds what looks like a reference to a secret and is none of the `places` that the definition has it
 * in: data that came from elsewhere must not name a secret of the task it is given to.
 */
export function strangeReference(
  value: JsonValue,
  places: ReadonlySet<string>,
  path: readonly (string | number)[] = [],
): readonly (string | number)[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isSecretReference(value) || isSecretText(value))
    return places.has(placeKey(path)) ? undefined : path;
  const members: Iterable<readonly [string | number, JsonValue]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, member] of members) {
    const found = strangeReference(member, places, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value with secrets in the place of their references. What names no secret of `secrets` stays as it is. */
export function withSecrets(
  value: JsonValue,
  secrets: Readonly<Record<string, string>>,
): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isSecretReference(value)) return namedIn(value, secrets) ?? value;
  if (isSecretText(value)) {
    const parts = value.$secretText.map((part) =>
      typeof part === 'string' ? part : namedIn(part, secrets),
    );
    return parts.every((part) => part !== undefined) ? parts.join('') : (value as JsonValue);
  }
  if (Array.isArray(value)) return value.map((member) => withSecrets(member, secrets));
  const filled: JsonObject = {};
  for (const key in value) filled[key] = withSecrets(value[key] as JsonValue, secrets);
  return filled;
}

function namedIn(
  reference: unknown,
  secrets: Readonly<Record<string, string>>,
): string | undefined {
  if (!isSecretReference(reference)) return undefined;
  return Object.hasOwn(secrets, reference.$secret) ? secrets[reference.$secret] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
