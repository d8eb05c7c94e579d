/** Following the log: from the store until caught up, then from memory, and back when too far behind. */
import type { Commit } from '../events/envelope.ts';
import { LogClosedError } from './errors.ts';
import type { Tail } from './tail.ts';

/** What following needs of a log. */
export interface Followed {
  readonly durablePosition: number;
  readonly isClosed: boolean;
  /** True from the beginning of `reopen` until it has succeeded; then the tail is reset. */
  readonly isReopening: boolean;
  readAll(range: { after: number }): AsyncIterable<Commit[]>;
}

/**
 * Durable commits after a position, for ever, without gap or duplicate: the cursor is the last position given.
 * Ends when the signal aborts or the log closes. Throws `log.corrupt`.
 */
export async function* followLog(
  log: Followed,
  tail: Tail,
  options: { after: number; signal: AbortSignal },
): AsyncGenerator<Commit[]> {
  const { signal } = options;
  const stop = (): void => tail.wake();
  let cursor = options.after;
  tail.join();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted && !log.isClosed) {
      if (cursor >= log.durablePosition) {
        await tail.waitForNews();
        continue;
      }
      const live = tail.after(cursor);
      if (live !== undefined && live.length > 0) {
        cursor = live.at(-1)?.position ?? cursor;
        yield live;
        continue;
      }
      if (log.isReopening) {
        await tail.waitForNews();
        continue;
      }
      for await (const commits of storedAfter(log, cursor)) {
        cursor = commits.at(-1)?.position ?? cursor;
        yield commits;
        if (signal.aborted || log.isClosed) return;
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    tail.leave();
  }
}

/** What the store holds after a position; ends early where the store was closed to be opened again. */
async function* storedAfter(log: Followed, after: number): AsyncGenerator<Commit[]> {
  try {
    yield* log.readAll({ after });
  } catch (error) {
    const isExpected = error instanceof LogClosedError && (log.isReopening || log.isClosed);
    if (!isExpected) throw error;
  }
}
