/**
 * What a log knows when it is opened: read with point reads, so that opening takes the same time
 * for a thousand commits and for a million.
 */
import { randomUUID } from 'node:crypto';
import { CommitCodec } from './codec.ts';
import { LogCorruptError, LogNewerFormatError } from './errors.ts';
import type { KeyValueStore, WriteBatch } from './key-value.ts';
import { FORMAT_KEY, LAST_POSITION_KEY, LOG_ID_KEY, structureKey } from './keys.ts';
import { Sequencer } from './sequencer.ts';
import { TimeIndex } from './time-index.ts';

/** What a new log is written in. */
const FIRST_FORMAT = 1;
/** Of a log from which something was removed: it has holes, which older releases do not know. */
export const FORMAT_WITH_HOLES = 2;
/** The newest that this release reads. */
const LOG_FORMAT = FORMAT_WITH_HOLES;

export interface LogState {
  codec: CommitCodec;
  sequencer: Sequencer;
  timeIndex: TimeIndex;
}

/** The records of a new log; undefined when the store holds a log. Throws `log.newer-format`, `log.corrupt`. */
export function initialRecords(store: KeyValueStore): WriteBatch | undefined {
  const format = store.getText(FORMAT_KEY);
  if (format !== undefined) {
    const found = Number(format);
    if (found > LOG_FORMAT) throw new LogNewerFormatError({ found, supported: LOG_FORMAT });
    if (!(found >= 1))
      throw new LogCorruptError(`the format record reads ${JSON.stringify(format)}`);
    return undefined;
  }
  const batch = store.batch();
  batch.putText(FORMAT_KEY, String(FIRST_FORMAT));
  batch.putText(LOG_ID_KEY, `log_${randomUUID().replaceAll('-', '')}`);
  batch.putText(LAST_POSITION_KEY, '0');
  return batch;
}

/** Throws `log.corrupt` when there is none. */
export function readLogId(store: KeyValueStore): string {
  const logId = store.getText(LOG_ID_KEY);
  if (logId === undefined) throw new LogCorruptError('the log has no id');
  return logId;
}

/** Throws `log.corrupt`. */
export function loadState(store: KeyValueStore): LogState {
  const position = Number(store.getText(LAST_POSITION_KEY));
  if (!Number.isSafeInteger(position)) throw new LogCorruptError('the last position is unreadable');
  const codec = new CommitCodec(loadStructures(store));
  const timeIndex = new TimeIndex();
  timeIndex.restore({ store, codec }, position);
  return { codec, timeIndex, sequencer: new Sequencer(store, position) };
}

function loadStructures(store: KeyValueStore): string[][] {
  const structures: string[][] = [];
  for (;;) {
    const text = store.getText(structureKey(structures.length));
    if (text === undefined) return structures;
    structures.push(JSON.parse(text) as string[]);
  }
}
