/**
 * How a commit becomes a record and back.
 *
 * Record: format (1 byte), CRC-32 of the rest (4 bytes, little endian), then one MessagePack array
 * `[position, stream, firstVersion, at, correlationId, causationId, actor.kind, actor.id, trace, unique, type, schemaVersion, data, ...]`.
 *
 * R1 Only the `data` object of an event uses a shared record structure: its fields come from the catalogue.
 *    What stands inside its fields are values of users, packed as plain maps: their shapes are without number.
 * R2 A structure is saved in the same batch as the first record that needs it, or before (`newStructures`).
 * R3 Decoding gives the value that was encoded; a record that does not is `log.corrupt` with its position.
 */
import { crc32 } from 'node:zlib';
import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import type { ActorRef, Commit, RecordedEvent } from '../events/envelope.ts';
import type { JsonValue } from '../workflow/value.ts';
import { LogCorruptError } from './errors.ts';

/** A commit and the unique keys it took. */
export interface StoredCommit {
  commit: Commit;
  unique: readonly string[];
}

const RECORD_FORMAT = 1;
const HEADER_BYTES = 5;
const CHECKSUM_OFFSET = 1;
const FIXED_FIELDS = 10;
const FIELDS_PER_EVENT = 3;
/** Of the catalogue there are some hundred; at the bound further shapes are packed as plain maps. */
const MAX_STRUCTURES = 2048;

const PLAIN = { variableMapSize: true, mapsAsObjects: true, moreTypes: false, useToJSON: false };
const valuePacker = new Packr({ ...PLAIN, useRecords: false });

/** A value without record structures, with its own checksum: for documents and snapshots. */
export function encodeValue(value: JsonValue): Uint8Array {
  return valuePacker.pack(value);
}

/** The inverse of `encodeValue`. */
export function decodeValue(bytes: Uint8Array): JsonValue {
  return valuePacker.unpack(bytes) as JsonValue;
}

export class CommitCodec {
  readonly #packer: Packr;
  /** All structures by number, saved or not; the packer keeps its own copies. */
  readonly #structures: string[][];
  #savedStructures: number;
  /** The `data` objects of the commit being packed, in packing order, and the next one expected. */
  #dataObjects: unknown[] = [];
  #nextData = 0;

  /** `structures`: those that are saved, by number. */
  constructor(structures: string[][]) {
    this.#structures = structures.map((keys) => [...keys]);
    this.#savedStructures = structures.length;
    this.#packer = new Packr({
      ...PLAIN,
      getStructures: () => this.#structures.map((keys) => [...keys]),
      saveStructures: (all) => this.#learn(all as string[][]),
      maxSharedStructures: MAX_STRUCTURES,
      maxOwnStructures: 0,
      useRecords: (value) => this.#isData(value),
    });
  }

  /** The record of a commit. */
  encode(commit: Commit, unique: readonly string[]): Buffer {
    const fields = flatten(commit, unique);
    this.#dataObjects = commit.events.map((event) => event.data).filter(hasStructure);
    this.#nextData = 0;
    const record = this.#packer.pack(fields, RESERVE_START_SPACE + HEADER_BYTES);
    this.#dataObjects = [];
    record[0] = RECORD_FORMAT;
    record.writeUInt32LE(crc32(record.subarray(HEADER_BYTES)), CHECKSUM_OFFSET);
    return record;
  }

  /** The commit of a record found at `position`. Throws `log.corrupt`. */
  decode(record: Uint8Array, position: number): StoredCommit {
    assertIntact(record, position);
    let fields: unknown;
    try {
      fields = this.#packer.unpack(record, { start: HEADER_BYTES, end: record.length });
    } catch (cause) {
      throw new LogCorruptError('the record cannot be decoded', { position, cause });
    }
    if (!Array.isArray(fields) || fields.length < FIXED_FIELDS + FIELDS_PER_EVENT) {
      throw new LogCorruptError('the record is no commit', { position });
    }
    if (fields[0] !== position) {
      throw new LogCorruptError(`the record belongs to position ${String(fields[0])}`, {
        position,
      });
    }
    return unflatten(fields);
  }

  /** Structures made since the last `structuresSaved`, with their numbers. */
  newStructures(): { index: number; keys: string[] }[] {
    const found: { index: number; keys: string[] }[] = [];
    for (let index = this.#savedStructures; index < this.#structures.length; index += 1) {
      const keys = this.#structures[index];
      if (keys !== undefined) found.push({ index, keys: [...keys] });
    }
    return found;
  }

  /** Called when the first `count` structures are durable. */
  structuresSaved(count: number): void {
    this.#savedStructures = Math.max(this.#savedStructures, count);
  }

  #learn(all: readonly (readonly string[])[]): true {
    for (const keys of all.slice(this.#structures.length)) this.#structures.push([...keys]);
    return true;
  }

  #isData(value: unknown): boolean {
    if (value !== this.#dataObjects[this.#nextData]) return false;
    this.#nextData += 1;
    return true;
  }
}

function assertIntact(record: Uint8Array, position: number): void {
  if (record.length <= HEADER_BYTES || record[0] !== RECORD_FORMAT) {
    throw new LogCorruptError('the record has no valid header', { position });
  }
  const view = new DataView(record.buffer, record.byteOffset, HEADER_BYTES);
  if (view.getUint32(CHECKSUM_OFFSET, true) !== crc32(record.subarray(HEADER_BYTES))) {
    throw new LogCorruptError('the checksum of the record does not match', { position });
  }
}

/** Not for an object without fields, nor one with the name under which msgpackr (2.1) keeps its own notes. */
function hasStructure(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if ('__keys__' in value) return false;
  for (const _ in value) return true;
  return false;
}

function flatten(commit: Commit, unique: readonly string[]): unknown[] {
  const fields: unknown[] = [
    commit.position,
    commit.stream,
    commit.firstVersion,
    commit.at,
    commit.correlationId,
    commit.causationId,
    commit.actor.kind,
    commit.actor.id ?? null,
    commit.trace ?? null,
    unique.length === 0 ? null : unique,
  ];
  for (const event of commit.events) fields.push(event.type, event.schemaVersion, event.data);
  return fields;
}

function unflatten(fields: unknown[]): StoredCommit {
  const [position, stream, firstVersion, at, correlationId, causationId, kind, id, trace, unique] =
    fields as [
      number,
      string,
      number,
      number,
      string,
      string,
      ActorRef['kind'],
      ...(string | null)[],
    ];
  const events: RecordedEvent[] = [];
  for (let index = FIXED_FIELDS; index < fields.length; index += FIELDS_PER_EVENT) {
    events.push({
      type: fields[index] as string,
      schemaVersion: fields[index + 1] as number,
      data: fields[index + 2],
    });
  }
  const actor: ActorRef = id == null ? { kind } : { kind, id };
  const commit: Commit = {
    position,
    stream,
    firstVersion,
    at,
    correlationId,
    causationId,
    actor,
    events,
  };
  if (trace != null) commit.trace = trace;
  return { commit, unique: (unique as unknown as string[] | null) ?? [] };
}
