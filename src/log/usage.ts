/**
 * Who uses the space of a log. Streams are walked in the order of their index, one at a time, so that memory does not grow
 * with their number; of records only the first of a run is decoded, for the name of its workflow.
 *
 * Bytes are those of keys and values as they are stored, before the disk's own compression.
 */
import type { EventLog } from './event-log.ts';
import { internalsOf } from './internals.ts';
import type { KeyRange, KeyValueStore } from './key-value.ts';
import {
  commitKey,
  HEAD_RANGE,
  projectionOfKey,
  RECORD_RANGES,
  STREAM_INDEX_RANGE,
  snapshotStream,
  streamKeyStream,
  streamKeyVersion,
  TIME_RANGE,
  UNIQUE_RANGE,
} from './keys.ts';
import type { SequencedLog } from './sequenced-log.ts';

export interface SpaceUse {
  count: number;
  bytes: number;
}

export interface StreamUse {
  streams: number;
  events: number;
  /** Of their records. */
  bytes: number;
}

export interface LogUsage {
  logId: string;
  /** Durable when the walk began. */
  position: number;
  streams: number;
  events: number;
  records: SpaceUse;
  /** `run`, `agent`, `session`, `channel`, `context`, `system`; the largest first. */
  categories: ({ category: string } & StreamUse)[];
  /** The largest first; further ones are one entry named `*`. */
  workflows: { workflow: string; runs: number; events: number; bytes: number }[];
  /** The largest first. */
  largestRuns: { runId: string; workflow: string; events: number; bytes: number }[];
  indexes: { streams: SpaceUse; heads: SpaceUse; times: SpaceUse; uniqueKeys: SpaceUse };
  blobs: SpaceUse;
  snapshots: SpaceUse & { streams: number };
  projections: { projection: string; documents: SpaceUse; indexes: SpaceUse }[];
  /** Bytes of files. */
  disk: { log: number; derived: number; blobs: number; total: number };
}

/** Workflows that are told apart. */
const MAX_WORKFLOWS = 1_000;
const SHOWN_WORKFLOWS = 20;
const SHOWN_RUNS = 10;
const RECORDS_AT_ONCE = 256;
const REST = '*';
const isRun = (stream: string): boolean => stream.startsWith('run_');

interface Walk {
  log: SequencedLog;
  upTo: number;
  usage: LogUsage;
  categories: Map<string, StreamUse>;
  workflows: Map<string, { runs: number; events: number; bytes: number }>;
}

/** One stream while its records are counted. */
interface Open {
  stream: string;
  /** Of a run. */
  workflow: string;
  version: number;
  events: number;
  bytes: number;
}

/** Measures an open log while it is in use; appends go on meanwhile. Throws `log.corrupt`, `log.closed`. */
export async function measureUsage(log: EventLog): Promise<LogUsage> {
  const internals = internalsOf(log);
  const walk = newWalk(internals);
  await walkStreams(walk);
  const { usage } = walk;
  usage.categories = [...walk.categories]
    .map(([category, use]) => ({ category, ...use }))
    .sort((a, b) => b.bytes - a.bytes);
  usage.workflows = shownWorkflows(walk);
  const { store, derived } = internals;
  usage.indexes.streams = await measureRange(store, STREAM_INDEX_RANGE);
  usage.indexes.heads = await measureRange(store, HEAD_RANGE);
  usage.indexes.times = await measureRange(store, TIME_RANGE);
  usage.indexes.uniqueKeys = await measureRange(store, UNIQUE_RANGE);
  usage.blobs = await internals.blobs.measure();
  await measureDerived(derived, usage);
  const disk = await internals.diskUse();
  usage.disk = { ...disk, total: disk.log + disk.derived + disk.blobs };
  return usage;
}

function newWalk(log: SequencedLog): Walk {
  const none = (): SpaceUse => ({ count: 0, bytes: 0 });
  const usage: LogUsage = {
    logId: log.logId,
    position: log.durablePosition,
    streams: 0,
    events: 0,
    records: none(),
    categories: [],
    workflows: [],
    largestRuns: [],
    indexes: { streams: none(), heads: none(), times: none(), uniqueKeys: none() },
    blobs: none(),
    snapshots: { ...none(), streams: 0 },
    projections: [],
    disk: { log: 0, derived: 0, blobs: 0, total: 0 },
  };
  return { log, upTo: log.durablePosition, usage, categories: new Map(), workflows: new Map() };
}

async function walkStreams(walk: Walk): Promise<void> {
  let open: Open | undefined;
  for await (const entries of walk.log.store.texts(STREAM_INDEX_RANGE)) {
    for (let start = 0; start < entries.length; start += RECORDS_AT_ONCE) {
      const some = entries.slice(start, start + RECORDS_AT_ONCE);
      const keys = some.map(([, position]) => commitKey(Number(position)));
      const records = await walk.log.store.getManyBytes(keys);
      for (const [index, [key, text]] of some.entries()) {
        const position = Number(text);
        const record = records[index];
        // Appended or removed since the walk began.
        if (position > walk.upTo || record === undefined) continue;
        const stream = streamKeyStream(key);
        if (open?.stream !== stream) {
          if (open !== undefined) closeStream(walk, open);
          const workflow = isRun(stream) ? workflowOf(walk.log, record, position) : '';
          open = { stream, workflow, version: 0, events: 0, bytes: 0 };
        }
        const version = streamKeyVersion(key);
        open.events += version - open.version;
        open.version = version;
        open.bytes += record.length + commitKey(position).length;
        walk.usage.records.count += 1;
      }
    }
  }
  if (open !== undefined) closeStream(walk, open);
}

function closeStream(walk: Walk, open: Open): void {
  const { usage } = walk;
  const { stream, workflow, events, bytes } = open;
  usage.streams += 1;
  usage.events += events;
  usage.records.bytes += bytes;
  const end = stream.indexOf('_');
  const category = end < 0 ? stream : stream.slice(0, end);
  const use = walk.categories.get(category) ?? { streams: 0, events: 0, bytes: 0 };
  walk.categories.set(category, {
    streams: use.streams + 1,
    events: use.events + events,
    bytes: use.bytes + bytes,
  });
  if (!isRun(stream)) return;
  countWorkflow(walk, workflow, open);
  keepLargest(usage.largestRuns, { runId: stream, workflow, events, bytes });
}

function workflowOf(log: SequencedLog, record: Uint8Array, position: number): string {
  const data = log.decode(record, position).commit.events[0]?.data as { name?: unknown };
  return typeof data.name === 'string' ? data.name : '';
}

function countWorkflow(walk: Walk, workflow: string, { events, bytes }: Open): void {
  const { workflows } = walk;
  const isKnown = workflows.has(workflow) || workflows.size < MAX_WORKFLOWS;
  const name = isKnown ? workflow : REST;
  const use = workflows.get(name) ?? { runs: 0, events: 0, bytes: 0 };
  workflows.set(name, {
    runs: use.runs + 1,
    events: use.events + events,
    bytes: use.bytes + bytes,
  });
}

function shownWorkflows({ workflows }: Walk): LogUsage['workflows'] {
  const rest = { workflow: REST, ...(workflows.get(REST) ?? { runs: 0, events: 0, bytes: 0 }) };
  const all = [...workflows]
    .filter(([workflow]) => workflow !== REST)
    .map(([workflow, use]) => ({ workflow, ...use }))
    .sort((a, b) => b.bytes - a.bytes);
  for (const { runs, events, bytes } of all.slice(SHOWN_WORKFLOWS)) {
    rest.runs += runs;
    rest.events += events;
    rest.bytes += bytes;
  }
  return [...all.slice(0, SHOWN_WORKFLOWS), ...(rest.runs === 0 ? [] : [rest])];
}

function keepLargest(largest: LogUsage['largestRuns'], run: LogUsage['largestRuns'][number]): void {
  const last = largest.at(-1);
  if (largest.length === SHOWN_RUNS && last !== undefined && last.bytes >= run.bytes) return;
  largest.push(run);
  largest.sort((a, b) => b.bytes - a.bytes);
  largest.length = Math.min(largest.length, SHOWN_RUNS);
}

async function measureRange(store: KeyValueStore, range: KeyRange): Promise<SpaceUse> {
  const use: SpaceUse = { count: 0, bytes: 0 };
  for await (const entries of store.bytes(range)) {
    use.count += entries.length;
    for (const [key, value] of entries) use.bytes += key.length + value.length;
  }
  return use;
}

async function measureDerived(derived: KeyValueStore, usage: LogUsage): Promise<void> {
  let last = '';
  for await (const entries of derived.bytes(RECORD_RANGES.snapshots)) {
    for (const [key, value] of entries) {
      usage.snapshots.count += 1;
      usage.snapshots.bytes += key.length + value.length;
      const stream = snapshotStream(key);
      if (stream !== last) usage.snapshots.streams += 1;
      last = stream;
    }
  }
  const documents = await measureByProjection(derived, RECORD_RANGES.documents);
  const indexes = await measureByProjection(derived, RECORD_RANGES.indexEntries);
  const names = [...new Set([...documents.keys(), ...indexes.keys()])].sort();
  const none: SpaceUse = { count: 0, bytes: 0 };
  usage.projections = names.map((projection) => ({
    projection,
    documents: documents.get(projection) ?? none,
    indexes: indexes.get(projection) ?? none,
  }));
}

async function measureByProjection(
  store: KeyValueStore,
  range: KeyRange,
): Promise<Map<string, SpaceUse>> {
  const uses = new Map<string, SpaceUse>();
  for await (const entries of store.bytes(range)) {
    for (const [key, value] of entries) {
      const name = projectionOfKey(key);
      const use = uses.get(name);
      const bytes = key.length + value.length;
      if (use === undefined) uses.set(name, { count: 1, bytes });
      else {
        use.count += 1;
        use.bytes += bytes;
      }
    }
  }
  return uses;
}
