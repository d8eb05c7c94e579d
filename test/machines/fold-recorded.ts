/** A history as tests hold it, and its fold; that of a fork holds those of its origins. */
import type { RunEvent } from '../../src/events/catalogue.ts';
import { type CellFactory, foldedCells, liveCells } from '../../src/machines/cell.ts';
import type { RunAggregate } from '../../src/machines/run/aggregate.ts';
import { createAggregate, enliven, evolve } from '../../src/machines/run/evolve.ts';
import { forkAggregate } from '../../src/machines/run/fork.ts';

export interface Recorded {
  event: RunEvent;
  at: number;
  streamVersion: number;
  /** Of `run.forked`: the events of the run that it was forked from. */
  origin?: readonly Recorded[];
}

/** The event of a version; of a fork, also those of its origins, at 0 and below. */
export function recordedAt(history: readonly Recorded[], version: number): Recorded | undefined {
  if (version >= 1) return history[version - 1];
  const origin = history[0]?.origin ?? [];
  return origin.length === 0 ? undefined : recordedAt(origin, origin.length + version);
}

function begun({ event: first, at, streamVersion, origin }: Recorded, cells: CellFactory) {
  const envelope = { at, streamVersion, correlationId: 'c' };
  if (first.type === 'run.forked') {
    const run = foldRecorded(origin ?? [], foldedCells);
    forkAggregate(run, { envelope, data: first.data });
    if (cells === liveCells) enliven(run, cells);
    return run;
  }
  if (first.type !== 'run.created') throw new Error(`a history begins with ${first.type}`);
  const { data } = first;
  return createAggregate({ envelope, data, definition: data.definition, cells });
}

/** The aggregate of a history, folded with cells of the kind given. */
export function foldRecorded(history: readonly Recorded[], cells: CellFactory): RunAggregate {
  const [first, ...rest] = history;
  if (first === undefined) throw new Error('a history has a first event');
  const run = begun(first, cells);
  for (const { event: recorded, at, streamVersion } of rest) {
    evolve(run, { type: recorded.type, data: recorded.data, at, streamVersion });
  }
  return run;
}
