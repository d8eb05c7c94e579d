/** Between the workload `log` and the process that builds and reads the log. */

/** Writes a log of about so many events, the last `liveRuns` runs of it unfinished, and reads it in three ways. */
export interface BuildQuestion {
  directory: string;
  events: number;
  liveRuns: number;
}

/** Rates are events a second. */
export interface BuildAnswer {
  events: number;
  appendEventsPerSecond: number;
  /** Reading and decoding alone. */
  readEventsPerSecond: number;
  /** Machines and aggregates alone, without reading. */
  foldEventsPerSecond: number;
  /** All projections from nothing to level, documents stored. */
  rebuildEventsPerSecond: number;
  /** The bytes of every record through LevelDB's iterator. */
  rawReadEventsPerSecond: number;
  /** Milliseconds of lone commits of three events, from append to durable. */
  commitMs: number[];
}
