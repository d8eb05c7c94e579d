/** What an orchestrator is started with, and what its owner can do with it. */
import type { EventLog } from '../log/event-log.ts';
import type { Limits } from '../messages/limits.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import type { Logger } from './host/runtime.ts';
import type { Clock } from './services/clock.ts';
import type { Chore } from './services/housekeeping.ts';
import type { IdSource } from './services/ids.ts';
import type { Templates } from './services/planner.ts';
import type { Projector } from './services/projector.ts';
import type { ReadSecret } from './services/secrets.ts';
import type { OrchestratorSettings } from './settings.ts';

export interface OrchestratorOptions {
  log: EventLog;
  bus: Bus;
  subjects: Subjects;
  logger: Logger;
  settings?: OrchestratorSettings;
  clock?: Clock;
  ids?: IdSource;
  /** Reads the values of secrets; default: from the environment and files of this process. */
  readSecret?: ReadSecret;
  /** Workflows that it ships, for tasks that run one by name. */
  templates?: Templates;
  /** Where runs that leave the log are archived; default nowhere. */
  archiveDirectory?: string;
  /** What it does for its log by itself; default nothing. */
  chores?: readonly Chore[];
}

export interface Orchestrator {
  readonly logId: string;
  readonly projector: Projector;
  /** Runs in memory. */
  readonly activeRuns: number;
  /** Agents that somebody offers now. */
  agents(): string[];
  /** Other limits hold from now on, also for what waits. */
  limit(limits: Limits): void;
  /** Stops taking messages, waits for the disk, saves cursors. The log and the bus stay open: they are the caller's. */
  close(): Promise<void>;
}
