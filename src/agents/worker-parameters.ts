/** Parameters that are kept as blobs are fetched before the agent sees them. */

import type { AskOptions } from '../client/ask.ts';
import { type BlobStoreAddress, getBlob } from '../client/blob-transfer.ts';
import { MAX_VALUE_BYTES } from '../messages/request.ts';
import { withSecrets } from '../workflow/secrets.ts';
import {
  checkValue,
  isBlobReference,
  isKeptValue,
  type JsonObject,
  type JsonValue,
} from '../workflow/value.ts';
import { invalidParameters } from './run-agent.ts';

/** Blobs fetched for one attempt, and their bytes together. */
const MAX_BLOBS = 1_000;
const FETCH_DEADLINE_MS = 60_000;

/** True when there is something to fetch: the parameters themselves, or one of their members, is a kept value. */
export function needsFetching(parameters: JsonValue): boolean {
  if (isBlobReference(parameters)) return true;
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
    return false;
  for (const name in parameters) {
    if (isKeptValue(parameters[name])) return true;
  }
  return false;
}

/**
 * The parameters with kept values in place. A reference of another type than `application/json` is a file, and its
 * agent gets the reference. Throws `agent.invalid-parameters` for what is no object in the end, `payload.too-large`
 * over 64 MiB in all, and what fetching throws.
 */
export async function resolveParameters(
  address: BlobStoreAddress,
  parameters: JsonValue,
  { signal, secrets }: { signal: AbortSignal; secrets: Readonly<Record<string, string>> },
): Promise<JsonObject> {
  const budget = { bytes: MAX_VALUE_BYTES, blobs: MAX_BLOBS };
  const fetch = (reference: JsonValue): Promise<JsonValue> =>
    fetchValue(address, reference, { budget, signal });
  const whole = isBlobReference(parameters) ? await fetch(parameters) : parameters;
  const resolved: JsonObject = {};
  // Before the members are fetched: what stands in a blob of its own came from elsewhere and names no secret.
  for (const [name, value] of Object.entries(checkParameters(withSecrets(whole, secrets)))) {
    resolved[name] = isKeptValue(value) ? await fetch(value) : value;
  }
  return resolved;
}

/** Parameters are an object. Throws `agent.invalid-parameters`. */
export function checkParameters(parameters: JsonValue): JsonObject {
  if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters))
    return parameters;
  throw invalidParameters('the parameters are no object');
}

async function fetchValue(
  address: BlobStoreAddress,
  reference: JsonValue,
  limits: { budget: { bytes: number; blobs: number }; signal: AbortSignal },
): Promise<JsonValue> {
  const { budget, signal } = limits;
  if (!isBlobReference(reference)) return reference;
  budget.blobs -= 1;
  if (budget.blobs < 0)
    throw invalidParameters(`more than ${MAX_BLOBS} of the parameters are blobs`);
  const options: AskOptions & { maxBytes: number } = {
    signal,
    maxBytes: budget.bytes,
    deadlineMs: FETCH_DEADLINE_MS,
  };
  const bytes = await getBlob(address, reference, options);
  budget.bytes -= bytes.length;
  return checkValue(JSON.parse(Buffer.from(bytes).toString('utf8')));
}
