/** The door for blobs: B1 of `blob-door.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BlobDoor } from '../../src/actors/services/blob-door.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { BusMessage, WireError } from '../../src/messaging/bus.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { ManualClock } from './log-fixture.ts';

const MIB = 1024 * 1024;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let clock: ManualClock;
let nowMs: number;
let door: BlobDoor;

beforeEach(() => {
  clock = new ManualClock();
  nowMs = 0;
  const after = clock.after.bind(clock);
  door = new BlobDoor({
    secrets: { isIn: () => false },
    log: createMemoryLog(),
    clock: { now: () => nowMs, after },
    logger: quiet,
  });
});

/** The reply to one chunk, or the code of its refusal. */
function put(chunk: object, bytes: Uint8Array = Buffer.from('x')): Promise<JsonValue> {
  return new Promise((resolve) => {
    const message: Partial<BusMessage> = {
      header: () => JSON.stringify(chunk),
      bytes: () => bytes,
      respond: resolve,
      respondError: (error: WireError) => resolve(error.code),
    };
    door.put(message as BusMessage);
  });
}

function pass(ms: number): void {
  nowMs += ms;
  clock.advance(ms);
}

describe('the door for blobs', () => {
  it('bounds all uploads together, and lets the oldest end', async () => {
    const bytes = Buffer.alloc(63 * MIB);
    const replies = [];
    for (let upload = 0; upload < 6; upload += 1)
      replies.push(await put({ upload: `u${upload}`, seq: 0 }, Buffer.alloc(0)));
    for (let upload = 5; upload >= 0; upload -= 1)
      replies.push(await put({ upload: `u${upload}`, seq: 1 }, bytes));
    expect(replies.slice(6)).toEqual([
      ...Array(4).fill({ received: 1 }),
      'overloaded',
      { received: 1 },
    ]);
    expect(await put({ upload: 'u1', seq: 1 }, bytes)).toBe('overloaded');
    expect(await put({ upload: 'u0', seq: 2, last: true })).toMatchObject({ size: 63 * MIB + 1 });
    expect(await put({ upload: 'u1', seq: 1 }, bytes)).toEqual({ received: 1 });
  });

  it('forgets an upload that stands still, also when nobody sends another', async () => {
    await put({ upload: 'still', seq: 0 });
    await put({ upload: 'alive', seq: 0 });
    pass(50_000);
    await put({ upload: 'alive', seq: 1 });
    pass(10_000);
    expect(await put({ upload: 'still', seq: 1 })).toBe('blob.upload-unknown');
    expect(await put({ upload: 'alive', seq: 2 })).toEqual({ received: 2 });
  });

  it('answers the last chunk again after the upload has ended', async () => {
    await put({ upload: 'u', seq: 0 });
    const stored = await put({ upload: 'u', seq: 1, last: true });
    expect(stored).toMatchObject({ size: 2 });
    expect(await put({ upload: 'u', seq: 1, last: true })).toEqual(stored);
    expect(await put({ upload: 'u', seq: 0, last: true })).toMatchObject({ size: 1 });
    expect(await put({ upload: 'other', seq: 1, last: true })).toBe('blob.upload-unknown');
  });

  it('drops what has grown too large at once', async () => {
    await put({ upload: 'u', seq: 0 }, Buffer.alloc(60 * MIB));
    expect(await put({ upload: 'u', seq: 1 }, Buffer.alloc(5 * MIB))).toBe('payload.too-large');
    expect(await put({ upload: 'u', seq: 1 })).toBe('blob.upload-unknown');
  });
});
