/**
 * Stream snapshots: a cache of folds, in chunks with a manifest that is written last. A snapshot without
 * a manifest, or whose chunks do not match it, is none: the caller folds from further back.
 */
import { crc32 } from 'node:zlib';
import { decodeValue, encodeValue } from './codec.ts';
import type { StreamSnapshot } from './event-log.ts';
import type { KeyValueStore } from './key-value.ts';
import {
  assertKeyName,
  snapshotChunkKey,
  snapshotChunkRange,
  snapshotKey,
  snapshotRange,
  snapshotVersion,
} from './keys.ts';

interface Manifest {
  foldHash: string;
  chunks: number;
  checksum: number;
}

const CHUNK_BYTES = 256 * 1024;
/** Of each stream; older ones are removed when a new one is written. */
const KEPT_SNAPSHOTS = 3;

export class SnapshotStore {
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Resolves when written, not fsynced: a snapshot that is lost is folded again. Throws `log.io`. */
  async save(stream: string, snapshot: StreamSnapshot): Promise<void> {
    assertKeyName(stream, 'stream name');
    const version = snapshot.streamVersion;
    const bytes = encodeValue(snapshot.state);
    await this.#remove(snapshotKeysOf(stream, version));
    const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
    for (let index = 0; index < chunks; index += 1) {
      const batch = this.#store.batch();
      const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      batch.putBytes(snapshotChunkKey({ stream, version, index }), chunk);
      await this.#store.write(batch, { sync: false });
    }
    const manifest: Manifest = { foldHash: snapshot.foldHash, chunks, checksum: crc32(bytes) };
    const batch = this.#store.batch();
    batch.putBytes(snapshotKey(stream, version), encodeValue({ ...manifest }));
    await this.#store.write(batch, { sync: false });
    await this.#prune(stream);
  }

  /** The newest whole snapshot with `streamVersion <= atMost`. */
  async load(stream: string, atMost: number): Promise<StreamSnapshot | undefined> {
    for (const version of (await this.#versions(stream, atMost + 1)).reverse()) {
      const snapshot = await this.#read(stream, version);
      if (snapshot !== undefined) return snapshot;
    }
    return undefined;
  }

  /** Removes all of a stream. */
  drop(stream: string): Promise<void> {
    return this.#remove(snapshotRange(stream, Number.MAX_SAFE_INTEGER));
  }

  async #read(stream: string, streamVersion: number): Promise<StreamSnapshot | undefined> {
    const head = this.#store.getBytes(snapshotKey(stream, streamVersion));
    if (head === undefined) return undefined;
    const manifest = decodeValue(head) as unknown as Manifest;
    const chunks: Uint8Array[] = [];
    for await (const entries of this.#store.bytes(snapshotChunkRange(stream, streamVersion))) {
      for (const [, chunk] of entries) chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    if (chunks.length !== manifest.chunks || crc32(bytes) !== manifest.checksum) return undefined;
    return { streamVersion, foldHash: manifest.foldHash, state: decodeValue(bytes) };
  }

  async #prune(stream: string): Promise<void> {
    const versions = await this.#versions(stream, Number.MAX_SAFE_INTEGER);
    const oldestKept = versions.at(-KEPT_SNAPSHOTS);
    if (oldestKept !== undefined) await this.#remove(snapshotRange(stream, oldestKept));
  }

  /** Versions that have any record below `below`, ascending. */
  async #versions(stream: string, below: number): Promise<number[]> {
    const versions = new Set<number>();
    for await (const keys of this.#store.keys(snapshotRange(stream, below))) {
      for (const key of keys) versions.add(snapshotVersion(key));
    }
    return [...versions];
  }

  async #remove(range: { from: string; below: string }): Promise<void> {
    for await (const keys of this.#store.keys(range)) {
      const batch = this.#store.batch();
      for (const key of keys) batch.delete(key);
      await this.#store.write(batch, { sync: false });
    }
  }
}

function snapshotKeysOf(stream: string, version: number): { from: string; below: string } {
  return { from: snapshotKey(stream, version), below: snapshotKey(stream, version + 1) };
}
