/**
 * From history to state: the one place where a run's stream is read and folded. Used by activation, by `replay`,
 * by reports. Large values stay where they are; `ValueReader` fetches them when somebody needs them.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { Commit } from '../../events/envelope.ts';
import { valueOfBlob } from '../../log/blob-references.ts';
import { StreamRemovedError } from '../../log/errors.ts';
import type { EventLog } from '../../log/event-log.ts';
import { type CellFactory, foldedCells } from '../../machines/cell.ts';
import type { ParentRef, RunAggregate, ValueRef } from '../../machines/run/aggregate.ts';
import { createAggregate, enliven, evolve } from '../../machines/run/evolve.ts';
import { forkAggregate } from '../../machines/run/fork.ts';
import { FOLD_HASH, restoreRun } from '../../machines/run/snapshot.ts';
import { isRunStream } from '../../projections/projection.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { isKeptValue, type JsonValue } from '../../workflow/value.ts';
import { BrokenStream } from './errors.ts';

/** What lies over the chart: read by the host, folded by no machine. */
export interface Quarantine {
  code: string;
  message: string;
  /** The version after which the defect showed. */
  streamVersion: number;
}

export interface LoadedRun {
  run: RunAggregate;
  quarantine: Quarantine | undefined;
}

export interface LoadOptions {
  cells?: CellFactory;
  /** Fold up to this version only. */
  toVersion?: number;
  /** False: fold everything from version 1 (`replay --verify`). */
  useSnapshot?: boolean;
}

async function readBlobValue(
  log: EventLog,
  reference: Parameters<EventLog['blobs']['get']>[0],
): Promise<JsonValue> {
  return valueOfBlob(reference, await log.blobs.get(reference));
}

/** A value that is not in memory: from its blob or its event. Waits for the event to be durable. */
export async function readValue(log: EventLog, stream: string, ref: ValueRef): Promise<JsonValue> {
  if (ref.at === 'inline') return ref.value;
  if (ref.at === 'blob') return readBlobValue(log, ref.blob);
  await log.flush();
  const place = await placeOf(log, stream, ref.streamVersion);
  const { version } = place;
  for await (const commits of log.readStream(place.stream, range(version, version))) {
    for (const commit of commits) {
      const event = commit.events[version - commit.firstVersion];
      if (event === undefined) continue;
      const value = (event.data as Record<string, JsonValue | undefined>)[ref.field];
      if (value === undefined) break;
      return isKeptValue(value) ? readBlobValue(log, value) : value;
    }
  }
  throw new BrokenStream(stream, `version ${ref.streamVersion} has no ${ref.field}`);
}

function range(fromVersion: number, toVersion: number): { fromVersion: number; toVersion: number } {
  return { fromVersion, toVersion };
}

/** Where an event of a run stands: versions of a fork's origin are 0 and below. */
async function placeOf(
  log: EventLog,
  stream: string,
  version: number,
): Promise<{ stream: string; version: number }> {
  const place = { stream, version };
  while (place.version < 1) {
    const first = await readFirst(log, place.stream);
    if (first?.type !== 'run.forked')
      throw new BrokenStream(place.stream, `it has no version ${place.version}`);
    place.version += first.data.at;
    place.stream = first.data.from;
  }
  return place;
}

/** The first event of a run; undefined where there is none. */
export async function readFirst(log: EventLog, stream: string): Promise<RunEvent | undefined> {
  for await (const commits of log.readStream(stream, range(1, 1)))
    return commits[0]?.events[0] as RunEvent | undefined;
  return undefined;
}

/** A run that others come from, and how far it counts for the one that was asked about. */
export interface Origin {
  stream: string;
  /** The last version that the next one has taken over; of the run itself, its own last one. */
  at: number;
}

/** A run and what it was forked from, the first one first. */
export async function lineageOf(log: EventLog, stream: string): Promise<Origin[]> {
  const lineage: Origin[] = [];
  let place: Origin | undefined = { stream, at: log.streamHead(stream)?.version ?? 0 };
  while (place !== undefined) {
    lineage.unshift(place);
    const first = await readFirst(log, place.stream);
    place =
      first?.type === 'run.forked' ? { stream: first.data.from, at: first.data.at } : undefined;
  }
  return lineage;
}

/** The definition of a run, from its first event or from the blob that the event names. */
export async function definitionOf(
  log: EventLog,
  data: { definition: unknown },
): Promise<WorkflowDefinition> {
  const { definition } = data;
  if (isKeptValue(definition)) {
    return (await readBlobValue(log, definition)) as unknown as WorkflowDefinition;
  }
  return definition as WorkflowDefinition;
}

/** The data of the event that a run began with; of a fork, that of its first origin. */
export async function readCreated(
  log: EventLog,
  stream: string,
): Promise<Extract<RunEvent, { type: 'run.created' }>['data']> {
  const [root] = await lineageOf(log, stream);
  const first = await readFirst(log, root?.stream ?? stream);
  if (first?.type === 'run.created') return first.data;
  if (log.streamHead(stream) === undefined) throw new StreamRemovedError(stream);
  throw new BrokenStream(root?.stream ?? stream, 'it does not begin with run.created');
}

/** Who waits for a run, also where its history cannot be folded; undefined where its first event does not say. */
export async function readParent(log: EventLog, stream: string): Promise<ParentRef | undefined> {
  const first = await readFirst(log, stream);
  return first?.type === 'run.created' ? first.data.parent : undefined;
}

/** Folds commits one by one; the first one makes the aggregate. After `take` threw it must be thrown away. */
export class RunFolder {
  readonly #log: EventLog;
  readonly #cells: CellFactory;
  readonly #stream: string;
  readonly #toVersion: number;
  readonly #useSnapshot: boolean;
  run: RunAggregate | undefined;
  quarantine: Quarantine | undefined;

  constructor(log: EventLog, stream: string, options: LoadOptions) {
    this.#log = log;
    this.#stream = stream;
    this.#cells = options.cells ?? foldedCells;
    this.#toVersion = options.toVersion ?? Number.MAX_SAFE_INTEGER;
    this.#useSnapshot = options.useSnapshot !== false;
  }

  async take(commit: Commit): Promise<void> {
    for (const [index, recorded] of commit.events.entries()) {
      const streamVersion = commit.firstVersion + index;
      if (streamVersion > this.#toVersion) return;
      const event = recorded as RunEvent;
      this.quarantine = quarantineAfter(this.quarantine, event);
      // A quarantined run ends by `terminate` alone, and its end was folded: nothing lies over it any more.
      if (event.type === 'run.canceled') this.quarantine = undefined;
      if (this.run === undefined) await this.#first(commit, event, streamVersion);
      else if (streamVersion > this.run.streamVersion) {
        evolve(this.run, { type: event.type, data: event.data, at: commit.at, streamVersion });
      }
    }
  }

  async #first(commit: Commit, event: RunEvent, streamVersion: number): Promise<void> {
    if (event.type === 'run.forked' && streamVersion === 1) {
      this.run = await this.#forked(commit, event.data);
      return;
    }
    if (event.type !== 'run.created') {
      throw new BrokenStream(
        this.#stream,
        `it begins with ${event.type} at version ${streamVersion}`,
      );
    }
    this.run = createAggregate({
      envelope: { ...commit, streamVersion },
      data: event.data,
      definition: await definitionOf(this.#log, event.data),
      cells: this.#cells,
    });
  }

  /** The state of the origin at the version of the fork, and from there on its own. */
  async #forked(
    commit: Commit,
    data: Extract<RunEvent, { type: 'run.forked' }>['data'],
  ): Promise<RunAggregate> {
    const { from, at } = data;
    const options = { toVersion: at, useSnapshot: this.#useSnapshot };
    const origin = await loadRun(this.#log, from, options);
    if (origin === undefined || origin.run.streamVersion !== at)
      throw new BrokenStream(this.#stream, `its origin ${from} has no version ${at} here`);
    forkAggregate(origin.run, { envelope: commit, data });
    if (this.#cells.kind === 'live') enliven(origin.run, this.#cells);
    return origin.run;
  }
}

/** The quarantine that the log tells of, for a run whose history cannot be folded. */
export async function readQuarantine(
  log: EventLog,
  stream: string,
): Promise<Quarantine | undefined> {
  let quarantine: Quarantine | undefined;
  for await (const commits of log.readStream(stream)) {
    for (const { events } of commits) {
      for (const recorded of events) quarantine = quarantineAfter(quarantine, recorded as RunEvent);
    }
  }
  return quarantine;
}

function quarantineAfter(before: Quarantine | undefined, event: RunEvent): Quarantine | undefined {
  if (event.type === 'run.released') return undefined;
  if (event.type !== 'run.quarantined') return before;
  const { code, message } = event.data.error;
  return { code, message, streamVersion: event.data.streamVersion };
}

/** Folds a run's stream; undefined where there is none. Throws what a fold throws (a defect), `log.corrupt`, `stream.broken`. */
export async function loadRun(
  log: EventLog,
  stream: string,
  options: LoadOptions = {},
): Promise<LoadedRun | undefined> {
  if (!isRunStream(stream)) return undefined;
  const folder = new RunFolder(log, stream, options);
  let fromVersion = 1;
  if (options.useSnapshot !== false) {
    const atMost = options.toVersion === undefined ? {} : { atMost: options.toVersion };
    const snapshot = await log.loadSnapshot(stream, atMost);
    if (snapshot !== undefined && snapshot.foldHash === FOLD_HASH) {
      const restored = await restoreRun(snapshot.state, {
        cells: options.cells ?? foldedCells,
        definitionOf: (data) => definitionOf(log, data),
      });
      folder.run = restored.run;
      folder.quarantine = restored.quarantine;
      fromVersion = snapshot.streamVersion + 1;
    }
  }
  const left = {
    fromVersion,
    ...(options.toVersion === undefined ? {} : { toVersion: options.toVersion }),
  };
  for await (const commits of log.readStream(stream, left)) {
    for (const commit of commits) await folder.take(commit);
  }
  return folder.run === undefined ? undefined : { run: folder.run, quarantine: folder.quarantine };
}
