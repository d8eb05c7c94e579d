/**
 * What an orchestrator can be told.
 */
export interface OrchestratorSettings {
  /** Attempts that run at once on all agents together. Default 10,000. */
  nodeLimit?: number;
  /** Events between two snapshots of a stream, at least. Default 5,000. */
  snapshotEvery?: number;
  /** A run that owes nothing but timers leaves memory after this time. Default 60 s. */
  idleMs?: number;
  /** Said in hello. */
  version?: string;
}

/** What holds where nothing is said. */
export const DEFAULT_SETTINGS: Required<OrchestratorSettings> = {
  nodeLimit: 10_000,
  snapshotEvery: 5_000,
  idleMs: 60_000,
  version: '0.1.0',
};
