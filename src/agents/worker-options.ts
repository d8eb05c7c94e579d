/** What a worker is given and what it offers; `startWorker` is in `worker.ts`. */
import type { AttemptRef } from '../messages/execution.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import type { Agent, AgentLogger } from './agent.ts';
import type { WorkerClock } from './clock.ts';

export const DEFAULT_HEARTBEAT_MS = 2_000;
export const DEFAULT_CONCURRENCY = 16;
/** Attempts that may wait in a worker for a place. */
export const MAX_QUEUED = 1_000;
/** Unacknowledged results that a worker holds before it takes no more work. */
export const MAX_UNACKNOWLEDGED = 20_000;
/** The same in bytes of their lines. */
export const MAX_UNACKNOWLEDGED_BYTES = 256 * 1024 * 1024;

export interface WorkerOptions {
  bus: Bus;
  subjects: Subjects;
  agents: readonly Agent[];
  /** Default: the id kept in the cache directory, else a new one. */
  workerId?: string;
  /** Attempts that run at a time; default 16. */
  concurrency?: number;
  /** Attempts that may wait for a place; default 1,000. */
  maxQueued?: number;
  /** Where finished attempts are kept; absent: in memory only, and a killed worker's attempts are executed again. */
  cacheDirectory?: string;
  /** Wait for the disk itself before a result is sent. Default false: results survive a kill, not a loss of power. */
  cacheSync?: boolean;
  /** Default 2,000. A heartbeat counts for twice as long. */
  heartbeatMs?: number;
  clock?: WorkerClock;
  /** Default: nothing is logged. */
  logger?: AgentLogger;
}

export interface Worker {
  readonly id: string;
  /** Attempts queued, running, or with a result that is not acknowledged. */
  inHand(): AttemptRef[];
  /** Takes no more work; resolves when nothing is in hand. */
  drain(): Promise<void>;
  /** Gives up what is running, says goodbye and lets go of everything. Unacknowledged results are sent by the next worker on the directory. */
  close(): Promise<void>;
  /** Ends like a killed process: nothing is said, sent or written any more. For tests. */
  kill(): void;
}
