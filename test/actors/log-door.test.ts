/** The door for what is done to the log: L1, L2 of `log-door.ts`; and who does it in the background. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Housekeeping } from '../../src/actors/services/housekeeping.ts';
import { LogDoor } from '../../src/actors/services/log-door.ts';
import { Projector } from '../../src/actors/services/projector.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory-log.ts';
import type { BusMessage, WireError } from '../../src/messaging/bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { request } from '../contract/event-log.ts';
import { ManualClock } from './log-fixture.ts';

const HOUR = 3_600_000;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const subjects = createSubjects();
let now = 0;
let clock: ManualClock;
let log: MemoryLog;
let projector: Projector;
let door: LogDoor;

beforeEach(async () => {
  now = 1_000 * HOUR;
  clock = new ManualClock();
  log = createMemoryLog({ now: () => now });
  projector = new Projector({ log, clock });
  await projector.open();
  projector.start();
  door = new LogDoor({
    ...{ log, subjects, logger: quiet, projector, archiveDirectory: undefined },
    clock: { now: () => now, after: clock.after.bind(clock) },
    live: { leaving: new Set(), dismiss: () => true },
  });
});
afterEach(async () => {
  await projector.close();
  await log.close();
});

/** The reply, or the code of the refusal. */
function ask(operation: string, body: JsonObject = {}): Promise<JsonValue> {
  return new Promise((resolve) => {
    const message: Partial<BusMessage> = {
      subject: subjects.log(operation),
      body: () => body,
      header: () => undefined,
      respond: (reply) => resolve(reply as JsonValue),
      respondError: (error: WireError) => resolve(error.code),
    };
    door.receive(message as BusMessage);
  });
}

describe('the door for the log', () => {
  it('says who uses the space', async () => {
    log.append(request({ stream: 'run_1', count: 3 }));
    await log.flush();
    expect(await ask('stats')).toMatchObject({ logId: log.logId, position: 1, events: 3 });
  });

  it('L2 does once what comes twice, and answers twice', async () => {
    await log.blobs.put(new Uint8Array([1, 2, 3]), 'x');
    now += 25 * HOUR;
    const first = await ask('collect', { id: 'one' });
    expect(first).toMatchObject({ blobs: 1, removed: 1, removedBytes: 3 });
    expect(await ask('collect', { id: 'one' })).toEqual(first);
    expect(await ask('collect', { id: 'two' })).toMatchObject({ blobs: 0, removed: 0 });
  });

  it('L1 refuses a second change while one is under way', async () => {
    const both = await Promise.all([
      ask('collect'),
      ask('archive', { action: 'delete', beyond: 0 }),
    ]);
    expect(both).toEqual([expect.objectContaining({ removed: 0 }), 'log.busy']);
    expect(await ask('archive', { action: 'delete', beyond: 0 })).toMatchObject({ runs: 0 });
  });

  it('refuses what it does not know, and what does not fit', async () => {
    expect(await ask('defragment')).toBe('log.operation-unknown');
    expect(await ask('archive')).toBe('message.invalid');
    expect(await ask('collect', { olderThanMs: -1 })).toBe('message.invalid');
    expect(await ask('archive', { beyond: 0 })).toBe('log.archive-nowhere');
  });
});

describe('chores', () => {
  it('are done again and again, also after one that failed, until the end', async () => {
    const done: string[] = [];
    const housekeeping = new Housekeeping({
      clock: { now: () => now, after: clock.after.bind(clock) },
      logger: quiet,
      perform: async (operation) => {
        done.push(operation);
        if (done.length === 1) throw new Error('the disk is full');
        return {};
      },
    });
    housekeeping.start([{ operation: 'collect', body: {}, everyMs: HOUR }]);
    for (const ms of [60_000, HOUR, HOUR]) {
      clock.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(done).toEqual(['collect', 'collect', 'collect']);
    housekeeping.close();
    clock.advance(2 * HOUR);
    expect(done).toHaveLength(3);
  });
});
