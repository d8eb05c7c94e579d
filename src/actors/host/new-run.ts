/**
 * A run before its first commit: `run.created` and the aggregate after it.
 */
import { hash } from 'node:crypto';
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { EventLog, PendingBlob } from '../../log/event-log.ts';
import { liveCells } from '../../machines/cell.ts';
import { type ParentRef, valueKey } from '../../machines/run/aggregate.ts';
import { createAggregate } from '../../machines/run/evolve.ts';
import { approximateBytes, rememberValue } from '../../machines/run/values.ts';
import { OFFLOAD_BYTES, type RequestMessage } from '../../messages/request.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import {
  canonicalJson,
  type JsonObject,
  type JsonValue,
  VALUE_BLOB_TYPE,
} from '../../workflow/value.ts';
import type { Planned } from '../services/planner.ts';
import { latestOf } from '../services/starts.ts';
import type { Birth } from './run-host.ts';

export interface NewRunOptions {
  log: EventLog;
  request: RequestMessage;
  requestId: string | undefined;
  planned: Planned;
  runId: string;
  now: number;
  correlationId: string;
  trace: string | undefined;
  /** Of a child run. */
  lineage?: { parent: ParentRef; root: string; depth: number };
  /** Of a job, and the key that keeps its id. */
  job?: JobOrigin;
  jobKey?: string | undefined;
}

type JobOrigin = NonNullable<Extract<RunEvent, { type: 'run.created' }>['data']['job']>;

/** Everything of a run's birth but the message that asked for it. */
// Length: the fields of one event, and what is kept beside it.
export function newRun(options: NewRunOptions): Omit<Birth, 'delivery'> {
  const { log, request, requestId, planned, runId, now, correlationId, trace } = options;
  const stored = offload(log, { definition: planned.definition, inputs: planned.inputs });
  const created = event('run.created', {
    runId,
    name: planned.definition.name,
    definition: stored.definition as WorkflowDefinition,
    definitionHash: planned.hash,
    inputs: stored.inputs,
    priority: request.priority ?? planned.definition.settings.priority,
    start: request.start,
    ...(requestId === undefined
      ? {}
      : { requestId, requestHash: hashOf(request, planned.hash), bodyHash: bodyHashOf(request) }),
    ...(request.session === undefined ? {} : { session: request.session }),
    ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    ...keysOf(request, now),
    ...(request.deadline === undefined ? {} : { deadline: request.deadline }),
    ...(request.startAt === undefined ? {} : { startAt: request.startAt }),
    ...(options.job === undefined ? {} : { job: options.job }),
    ...options.lineage,
  });
  const run = createAggregate({
    envelope: {
      at: now,
      streamVersion: 1,
      correlationId,
      ...(trace === undefined ? {} : { trace }),
    },
    data: created.data,
    definition: planned.definition,
    cells: liveCells,
  });
  const values: string[] = [];
  if (run.inputs.at !== 'inline') {
    rememberValue(run, run.inputs, planned.inputs);
    values.push(valueKey(run.inputs));
  }
  return {
    run,
    created,
    storedDefinition: stored.definition,
    blobs: stored.blobs,
    unique: [
      ...(requestId === undefined ? [] : [requestKey(requestId)]),
      ...(options.jobKey === undefined ? [] : [options.jobKey]),
    ],
    values,
  };
}

/** What starts are counted by; a run that waits for a pause has its `startAt` already. */
function keysOf({ dedupe, debounce }: RequestMessage, now: number) {
  const latest = debounce === undefined ? undefined : latestOf(debounce, now);
  return {
    ...(dedupe === undefined ? {} : { dedupe: { key: dedupe.key, until: now + dedupe.window } }),
    ...(debounce === undefined
      ? {}
      : { debounce: { key: debounce.key, ...(latest === undefined ? {} : { latest }) } }),
  };
}

/** The unique key of the first change of a run's definition: a fork of a run without one reads no history. */
export function adaptedKey(stream: string): string {
  return `adapted:${stream}`;
}

/** The unique key of a request id. */
export function requestKey(requestId: string): string {
  return `request:${requestId}`;
}

/** Of everything in the request but its id; the workflow counts by its definition, however it was written. */
export function hashOf(request: RequestMessage, definitionHash: string): string {
  const { requestId: _, workflow: __, ...body } = request;
  return hash('sha256', canonicalJson({ ...body, workflow: definitionHash }));
}

/** Of the request as it came, but for its id: the same words again are the same request, whatever is planned now. */
export function bodyHashOf(request: RequestMessage): string {
  const { requestId: _, ...body } = request;
  return hash('sha256', JSON.stringify(body));
}

/** Takes what is larger than 64 KiB out of `run.created`. */
function offload(
  log: EventLog,
  values: { definition: WorkflowDefinition; inputs: JsonObject },
): { definition: unknown; inputs: JsonValue; blobs: PendingBlob[] } {
  const blobs: PendingBlob[] = [];
  const store = (value: JsonValue): JsonValue => {
    if (approximateBytes(value, OFFLOAD_BYTES) <= OFFLOAD_BYTES) return value;
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const reference = log.blobs.reference(bytes, VALUE_BLOB_TYPE);
    blobs.push({ reference, bytes });
    return reference;
  };
  return {
    definition: store(values.definition as unknown as JsonValue),
    inputs: store(values.inputs),
    blobs,
  };
}
