/**
 * Gives commits their place, and refuses those that may not have one. Synchronous, no I/O but point reads.
 *
 * Q1 What is accepted counts at once: the next check sees commits that still wait for the disk.
 * Q2 A refusal changes nothing.
 * Q3 Heads and unique keys are cached within a bound. An entry that is not durable is never forgotten,
 *    for the store does not know it yet; their number is bounded by the bound of waiting commits.
 */

import type { Commit } from '../events/envelope.ts';
import {
  LogCommitTooLargeError,
  LogUniqueKeyTakenError,
  LogVersionConflictError,
} from './errors.ts';
import type { AppendRequest, Removal, StreamHead } from './event-log.ts';
import type { KeyValueStore } from './key-value.ts';
import { assertKeyName, headKey, uniqueKey } from './keys.ts';

/** Events a commit may hold. */
const MAX_COMMIT_EVENTS = 1000;
const MAX_CACHED_HEADS = 4_096;
const MAX_CACHED_UNIQUE_KEYS = 1_024;

interface Placed {
  /** Of the commit that wrote it. */
  position: number;
}

interface Head extends StreamHead, Placed {}

interface Owner extends Placed {
  stream: string;
}

export class Sequencer {
  readonly #store: KeyValueStore;
  readonly #heads = new BoundedCache<Head>(MAX_CACHED_HEADS);
  readonly #owners = new BoundedCache<Owner>(MAX_CACHED_UNIQUE_KEYS);
  #position: number;
  durablePosition: number;

  /** `position`: of the last commit in the store. */
  constructor(store: KeyValueStore, position: number) {
    this.#store = store;
    this.#position = position;
    this.durablePosition = position;
  }

  get position(): number {
    return this.#position;
  }

  /** The commit that the request would become. Throws `log.version-conflict`, `log.unique-key-taken`, `log.commit-too-large`. */
  propose(request: AppendRequest): Commit {
    this.#checkSize(request);
    const actualVersion = this.#head(request.stream)?.version ?? 0;
    if (actualVersion === 0) assertKeyName(request.stream, 'stream name');
    if (actualVersion !== request.expectedVersion) {
      const { stream, expectedVersion } = request;
      throw new LogVersionConflictError({ stream, expectedVersion, actualVersion });
    }
    this.#checkUnique(request.unique);
    const commit: Commit = {
      position: this.#position + 1,
      stream: request.stream,
      firstVersion: request.expectedVersion + 1,
      at: request.at,
      correlationId: request.correlationId,
      causationId: request.causationId,
      actor: request.actor,
      events: request.events,
    };
    if (request.trace !== undefined) commit.trace = request.trace;
    return commit;
  }

  /** Takes the proposed commit: from here on it counts. */
  accept(commit: Commit, unique: readonly string[] | undefined): void {
    this.#position = commit.position;
    const version = commit.firstVersion + commit.events.length - 1;
    const head: Head = { version, at: commit.at, position: commit.position };
    this.#heads.set(commit.stream, head, this.durablePosition);
    if (unique === undefined) return;
    for (const key of unique) {
      const owner = { stream: commit.stream, position: commit.position };
      this.#owners.set(key, owner, this.durablePosition);
    }
  }

  /** The next commit comes after `position`. */
  skip(position: number): void {
    this.#position = position;
    this.durablePosition = position;
  }

  /** Streams that leave with the commit at `position`: from here on they are not there. */
  remove(removal: Removal, position: number): void {
    for (const { stream } of removal.streams)
      this.#heads.set(stream, { version: 0, at: 0, position }, this.durablePosition);
    for (const key of removal.freedKeys) this.#owners.forget(key);
  }

  /** Unique keys that are free again. */
  free(keys: readonly string[]): void {
    for (const key of keys) this.#owners.forget(key);
  }

  head(stream: string): StreamHead | undefined {
    const head = this.#head(stream);
    return head === undefined || head.version === 0
      ? undefined
      : { version: head.version, at: head.at };
  }

  owner(key: string): string | undefined {
    return this.#owners.get(key)?.stream ?? this.#store.getText(uniqueKey(key));
  }

  #checkSize(request: AppendRequest): void {
    const size = request.events.length;
    if (size === 0) throw new RangeError(`a commit to ${request.stream} has no events`);
    if (size <= MAX_COMMIT_EVENTS) return;
    const { stream } = request;
    throw new LogCommitTooLargeError({ stream, unit: 'events', size, limit: MAX_COMMIT_EVENTS });
  }

  #checkUnique(unique: readonly string[] | undefined): void {
    if (unique === undefined) return;
    for (const key of unique) {
      const stream = this.owner(key);
      if (stream !== undefined) throw new LogUniqueKeyTakenError({ key, stream });
    }
  }

  #head(stream: string): Head | undefined {
    const cached = this.#heads.get(stream);
    if (cached !== undefined) return cached;
    const text = this.#store.getText(headKey(stream));
    if (text === undefined) return undefined;
    const head = decodeHead(text);
    this.#heads.set(stream, head, this.durablePosition);
    return head;
  }
}

/** A head as it is stored. */
export function encodeHead(commit: Commit): string {
  return `${commit.firstVersion + commit.events.length - 1} ${commit.at} ${commit.position}`;
}

/** The inverse of `encodeHead`. */
export function decodeHead(text: string): Head {
  const [version, at, position] = text.split(' ').map(Number);
  return { version: version ?? Number.NaN, at: at ?? Number.NaN, position: position ?? Number.NaN };
}

/** First in, first out; an entry that is not durable is moved to the back instead of dropped (Q3). */
class BoundedCache<Value extends Placed> {
  readonly #entries = new Map<string, Value>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  set(key: string, value: Value, durablePosition: number): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    if (oldest[1].position > durablePosition) this.#entries.set(oldest[0], oldest[1]);
  }
}
