/**
 * Answers a query on a projection: what is known now, or what was known at a position or a time.
 *
 * The past is folded from the start of the log into memory, as long as it is at most `MAX_PAST_EVENTS` events and
 * `MAX_PAST_DOCUMENTS` documents; a query that names one run reads that run's stream alone. Every page folds again.
 */
import { envelopesOf } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { QueryMessage, QueryReply } from '../../messages/request.ts';
import { MemoryDocuments } from '../../projections/memory-documents.ts';
import { isRunStream, type Projection, projectedEvent } from '../../projections/projection.ts';
import { projections } from '../../projections/registry.ts';
import { runEventKey, runEventOf } from '../../projections/run-events.ts';
import {
  ProjectionUnknownError,
  QueryInvalidError,
  QueryTooLargeError,
} from './projection-errors.ts';
import type { Projector } from './projector.ts';

const MAX_PAST_EVENTS = 5_000_000;
const MAX_PAST_DOCUMENTS = 200_000;
/** How long a query with `after` waits. */
const AFTER_TIMEOUT_MS = 5_000;
const RUN_EVENTS = 'run_events';

export interface ProjectionQuery {
  log: EventLog;
  projector: Projector;
  /** `runs`, `step_attempts`, `agents`, `metrics`, `inbox` or `run_events`. */
  name: string;
  query: QueryMessage;
  /** For `after`; default 5,000. */
  timeoutMs?: number;
}

/**
 * The documents that a query asks for, and the position that they reflect. `run_events` needs `key` or `prefix`:
 * a run's id (its events in order) or `<runId>/<version, twelve digits>` (one of them).
 * Throws `projection.unknown`, `projection.lagging`, `projection.failed`, `query.invalid`, `query.too-large`.
 */
export async function queryProjection(request: ProjectionQuery): Promise<QueryReply> {
  const { log, name, query } = request;
  if (name === RUN_EVENTS) return queryRunEvents(log, query);
  const projection = projections.find((each) => each.name === name);
  if (projection === undefined) {
    throw new ProjectionUnknownError(name, [...projections.map((each) => each.name), RUN_EVENTS]);
  }
  if (query.index !== undefined && !Object.hasOwn(projection.indexes, query.index)) {
    const known = Object.keys(projection.indexes);
    throw new QueryInvalidError(`${name} has no index "${query.index}"`, {
      index: query.index,
      known,
    });
  }
  return query.asOf === undefined ? queryStored(request) : queryPast(log, projection, query);
}

async function queryStored({
  log,
  projector,
  name,
  query,
  timeoutMs,
}: ProjectionQuery): Promise<QueryReply> {
  await projector.waitFor(name, query.after ?? 0, timeoutMs ?? AFTER_TIMEOUT_MS);
  await projector.store(name);
  // Read before the documents: they may be newer than this, never older.
  const position = projector.caughtUpTo(name);
  if (query.key !== undefined) {
    const document = await log.documents.get(name, query.key);
    return { documents: document === undefined ? [] : [{ key: query.key, document }], position };
  }
  const { index, prefix, limit, reverse, page } = query;
  const found = await log.documents.list(name, {
    limit,
    reverse,
    ...(index === undefined ? {} : { index }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(page === undefined ? {} : { after: page }),
  });
  return { ...found, position };
}

async function queryPast(
  log: EventLog,
  projection: Projection,
  query: QueryMessage,
): Promise<QueryReply> {
  const position = await pastPosition(log, query.asOf);
  const stream = projection.streamOf?.(query.key ?? wholePrefix(query));
  const documents = new MemoryDocuments(projection);
  const source = stream === undefined ? log.readAll({ upTo: position }) : log.readStream(stream);
  let folded = 0;
  for await (const commits of source) {
    for (const commit of commits) {
      if (commit.position > position) return { ...documents.query(query), position };
      for (let index = 0; index < commit.events.length; index += 1)
        documents.fold(projectedEvent(commit, index));
      folded += commit.events.length;
    }
    if (folded > MAX_PAST_EVENTS)
      throw new QueryTooLargeError({ unit: 'events', limit: MAX_PAST_EVENTS });
    if (documents.size > MAX_PAST_DOCUMENTS) {
      throw new QueryTooLargeError({ unit: 'documents', limit: MAX_PAST_DOCUMENTS });
    }
  }
  return { ...documents.query(query), position };
}

/** A prefix that ends its first part (`<runId>/...`); otherwise it may be that of several runs. */
function wholePrefix({ index, prefix }: QueryMessage): string {
  return index === undefined && prefix?.includes('/') === true ? prefix : '';
}

/** The position that `asOf` names; at most the durable one, for the future is not known. */
async function pastPosition(log: EventLog, asOf: QueryMessage['asOf']): Promise<number> {
  if (asOf === undefined) return log.durablePosition;
  if (typeof asOf === 'number') return Math.min(asOf, log.durablePosition);
  const timeMs = Date.parse(asOf);
  if (Number.isNaN(timeMs))
    throw new QueryInvalidError(`"${asOf}" is neither a position nor an ISO time`, { asOf });
  return log.positionAt(timeMs);
}

/** Reads the stream itself; the log is always up to date, so `after` needs no wait. */
async function queryRunEvents(log: EventLog, query: QueryMessage): Promise<QueryReply> {
  const [runId = '', version] = (query.key ?? query.prefix ?? '').split('/');
  if (!isRunStream(runId))
    throw new QueryInvalidError('run_events needs `key` or `prefix`: the id of a run');
  const position = await pastPosition(log, query.asOf);
  const head = log.streamHead(runId)?.version ?? 0;
  const range = versionRange(query, version, head);
  const documents: QueryReply['documents'] = [];
  for await (const commits of log.readStream(runId, {
    fromVersion: range.from,
    toVersion: range.to,
  })) {
    for (const envelope of commits.flatMap(envelopesOf)) {
      if (envelope.streamVersion < range.from || envelope.streamVersion > range.to) continue;
      if (envelope.position > position) continue;
      const document = runEventOf(envelope);
      if (document !== undefined)
        documents.push({ key: runEventKey(runId, envelope.streamVersion), document });
    }
  }
  if (query.reverse) documents.reverse();
  return { documents, position, ...(range.next === undefined ? {} : { next: String(range.next) }) };
}

/** The versions of one page; `page` is the version at which it begins. */
function versionRange(query: QueryMessage, version: string | undefined, head: number) {
  const only = version === undefined || version === '' ? undefined : Number(version);
  const begin = only ?? (query.page === undefined ? undefined : Number(query.page));
  if (begin !== undefined && !(Number.isInteger(begin) && begin > 0)) {
    throw new QueryInvalidError('the page or the version is no whole number above 0', {
      begin: String(begin),
    });
  }
  if (only !== undefined) return { from: only, to: only };
  if (query.reverse) {
    const to = begin ?? head;
    const from = Math.max(1, to - query.limit + 1);
    return from > 1 ? { from, to, next: from - 1 } : { from, to };
  }
  const from = begin ?? 1;
  const to = from + query.limit - 1;
  return to < head ? { from, to, next: to + 1 } : { from, to };
}
