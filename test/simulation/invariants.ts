/**
 * What must hold at every moment, whatever fails. Each check throws with the seed's evidence in its message.
 *
 * V1 Versions of a stream are consecutive from 1, positions of the log too; `at` of a stream never goes back.
 * V2 No result is recorded twice: an activation succeeds at most once, an attempt fails at most once.
 * V3 Every event is one of the catalogue; `task.attemptFailed` is never the last of its commit; nothing but a retry
 *    follows the end.
 * V4 What was acknowledged or replied was durable at that moment, and stays.
 * V5 The feed gives every event of a run in order; what comes twice is the same.
 * V6 No run is quarantined, but for a compensation that was lost on the way three times; no release throws.
 */
import { parseEvent } from '../../src/events/catalogue.ts';
import { type Commit, envelopesOf, type JsonEnvelope } from '../../src/events/envelope.ts';
import type { AttemptRef, ResultMessage } from '../../src/messages/execution.ts';

const ends = new Set(['run.succeeded', 'run.failed', 'run.canceled']);

/** True for the type of an event that ends a run. */
export function isEnd(type: string): boolean {
  return ends.has(type);
}

interface StreamState {
  version: number;
  at: number;
  types: string[];
  /** `type taskId`, as tests name events. */
  lines: string[];
  ids: string[];
  isEnded: boolean;
  endedAttempts: Set<string>;
}

export class Invariants {
  position = 0;
  readonly streams = new Map<string, StreamState>();
  readonly fed = new Map<string, number>();
  readonly promised = new Map<string, string>();
  /** Runs that wait for somebody to release them. */
  readonly quarantined = new Set<string>();

  fail(what: string, evidence: unknown): never {
    throw new Error(`${what}: ${JSON.stringify(evidence)}`);
  }

  /** V1 to V3, for every durable commit, once. */
  commit(commit: Commit): void {
    if (commit.position <= this.position) return;
    if (commit.position !== this.position + 1) this.fail('V1 a position is missing', commit);
    this.position = commit.position;
    const state = this.#stream(commit.stream);
    if (commit.firstVersion !== state.version + 1) this.fail('V1 a version is missing', commit);
    if (commit.at < state.at) this.fail('V1 time went back', commit);
    if (commit.events.at(-1)?.type === 'task.attemptFailed')
      this.fail('V3 an attempt was left open', commit);
    state.at = commit.at;
    for (const envelope of envelopesOf(commit)) this.#event(state, envelope as JsonEnvelope);
  }

  #stream(name: string): StreamState {
    let state = this.streams.get(name);
    if (state === undefined) {
      state = {
        ...{ version: 0, at: 0, types: [], lines: [], ids: [] },
        ...{ isEnded: false, endedAttempts: new Set() },
      };
      this.streams.set(name, state);
    }
    return state;
  }

  #event(state: StreamState, envelope: JsonEnvelope): void {
    const { type, data, schemaVersion } = envelope;
    parseEvent({ type, data, schemaVersion });
    const goesOn = type === 'run.retried' && state.types.at(-1) === 'run.failed';
    if (state.isEnded && !goesOn) this.fail('V3 something follows the end', envelope);
    if (type === 'run.quarantined') this.#quarantined(envelope);
    else if (type === 'run.released') this.quarantined.delete(envelope.stream);
    const { taskId, attempt } = data as { taskId?: string; attempt?: number };
    if (type === 'task.reset') state.endedAttempts.delete(`${taskId} succeeded`);
    if (type === 'task.succeeded' || type === 'task.attemptFailed') {
      const once =
        type === 'task.succeeded' ? `${taskId} succeeded` : `${taskId} failed ${attempt}`;
      if (state.endedAttempts.has(once)) this.fail('V2 a result was recorded twice', envelope);
      state.endedAttempts.add(once);
      state.endedAttempts.add(`${taskId} ended ${attempt}`);
    }
    state.version = envelope.streamVersion;
    state.types.push(type);
    state.lines.push(taskId === undefined ? type : `${type} ${taskId}`);
    state.ids.push(envelope.id);
    state.isEnded = ends.has(type);
  }

  /** V6. */
  #quarantined(envelope: JsonEnvelope): void {
    const { message } = envelope.data as { message?: { error?: { code?: string } } };
    if (message?.error?.code !== 'worker.lost') this.fail('V6 a run was quarantined', envelope);
    this.quarantined.add(envelope.stream);
  }

  /** V4: a success that was acknowledged is in the log. A failure may have been overtaken by the task's end. */
  acknowledged(ref: AttemptRef, result: ResultMessage): void {
    const state = this.streams.get(ref.runId);
    const isRecorded = state?.endedAttempts.has(`${ref.activation} ended ${ref.attempt}`) === true;
    if (result.status === 'succeeded' && !isRecorded)
      this.fail('V4 acknowledged, not durable', ref);
  }

  /** V4: a request that was answered is durable, and always the same run. */
  answered(requestId: string, runId: string): void {
    if (!this.streams.has(runId)) this.fail('V4 answered, not durable', { requestId, runId });
    const before = this.promised.get(requestId);
    if (before !== undefined && before !== runId)
      this.fail('V4 two runs of one request', { requestId, runId, before });
    this.promised.set(requestId, runId);
  }

  /** V4: a command's reply speaks of a version that is durable. */
  commanded(runId: string, streamVersion: number): void {
    const version = this.streams.get(runId)?.version ?? 0;
    if (version < streamVersion)
      this.fail('V4 a command was answered before it was durable', { runId, streamVersion });
  }

  /** V5. */
  published(envelope: JsonEnvelope): void {
    const { stream, streamVersion, id } = envelope;
    const known = this.fed.get(stream) ?? 0;
    const state = this.streams.get(stream);
    if (state === undefined || streamVersion > state.version)
      this.fail('V5 published, not durable', envelope);
    if (state.ids[streamVersion - 1] !== id)
      this.fail('V5 another event than the log has', envelope);
    if (streamVersion > known + 1)
      this.fail('V5 a gap in the feed', { stream, known, streamVersion });
    this.fed.set(stream, Math.max(known, streamVersion));
  }

  /** After the liveness phase: everything promised has ended and was fed to its end. */
  finished(): void {
    for (const [requestId, runId] of this.promised) {
      const state = this.streams.get(runId);
      if (state?.isEnded !== true)
        this.fail('a promised run has not ended', {
          requestId,
          runId,
          types: state?.types.slice(-6),
        });
      if (this.fed.get(runId) !== state.version) {
        this.fail('V5 the feed is not complete', {
          runId,
          fed: this.fed.get(runId),
          version: state.version,
        });
      }
    }
  }
}
