/**
 * What an orchestrator can be told.
 */
import type { Limits } from '../messages/limits.ts';

export interface OrchestratorSettings {
  /** How much runs at once, how often, and whose share is larger; `Orchestrator.limit` sets others. Default: see `Limits`. */
  limits?: Limits;
  /** Events between two snapshots of a stream, at least. Default 5,000. */
  snapshotEvery?: number;
  /** A run that owes nothing but timers leaves memory after this time. Default 60 s. */
  idleMs?: number;
  /** Said in hello. */
  version?: string;
}

/** What holds where nothing is said. */
export const DEFAULT_SETTINGS: Required<OrchestratorSettings> = {
  limits: {},
  snapshotEvery: 5_000,
  idleMs: 60_000,
  version: '0.1.0',
};
