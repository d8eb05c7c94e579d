/**
 * Values: what may travel in parameters, outputs and events.
 * A value is what JSON can carry: null, boolean, finite number, string, array, object.
 */
export type JsonPrimitive = null | boolean | number | string;
export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = JsonPrimitive | JsonValue[] | JsonObject;

/** A value kept outside the event that names it; `$blob` is `sha256:<64 hex digits>`, `size` is in bytes. */
export type BlobReference = { $blob: string; size: number; type: string };

/** True for a value of the shape `{"$blob": "sha256:...", size, type}`. */
export function isBlobReference(value: unknown): value is BlobReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { $blob?: unknown }).$blob === 'string' &&
    (value as { $blob: string }).$blob.startsWith('sha256:')
  );
}
