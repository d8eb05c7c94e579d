/**
 * The raw floor: for every step one message to a worker, its answer, and one record in LevelDB, with group commit and
 * fsync before the next step. Bodies have the size of the real ones and are never looked into.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Level } from 'level';
import { connect, createInbox } from 'nats';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { childOptions, serveParent } from '../child-process.ts';
import type { ServingOptions } from '../system.ts';
import type { RawLoad } from './raw-floor.ts';
import { connectTo } from './wire.ts';

/** Bytes of an execution request and of three events in one record, as measured on the real ones. */
const REQUEST = Buffer.alloc(465, 'request ');
const RECORD = Buffer.alloc(420, 'record ');
const KEY_DIGITS = 12;

interface Chain {
  left: number;
  stepAt: number;
}

const { directory, url: serverUrl, port } = childOptions<ServingOptions>();
const database = new Level<string, Uint8Array>(join(directory, 'raw'), { valueEncoding: 'view' });
await database.open();
const broker = serverUrl === undefined ? await startBroker({ port: port ?? 0 }) : undefined;
const connection = await connectTo(connect, broker?.url ?? (serverUrl as string));
const inbox = createInbox();
const chains: Chain[] = [];
let pending: number[] = [];
let isWriting = false;
let sequence = 0;
let onDurable: (chain: number) => void = () => undefined;

connection.subscribe(`${inbox}.*`, {
  callback: (_, message) => {
    if (message.data.length === 0) throw new Error('nobody took a step');
    pending.push(Number(message.subject.slice(inbox.length + 1)));
    if (!isWriting) void writeGroups();
  },
});
await connection.flush();

serveParent(
  {},
  {
    answer: (load) => drive(load as unknown as RawLoad).then((result) => ({ ...result })),
    close: async () => {
      await connection.close();
      await database.close();
      await broker?.close();
    },
  },
);

async function writeGroups(): Promise<void> {
  isWriting = true;
  while (pending.length > 0) {
    const group = pending;
    pending = [];
    const batch = group.map(() => ({
      type: 'put' as const,
      key: String(sequence++).padStart(KEY_DIGITS, '0'),
      value: RECORD,
    }));
    await database.batch(batch, { sync: true });
    for (const chain of group) onDurable(chain);
  }
  isWriting = false;
}

function drive(load: RawLoad): Promise<{ seconds: number; stepMs: number[] }> {
  const { runs, stepsPerRun, inFlight, delayMs } = load;
  const subject = delayMs === 0 ? 'raw.step' : `raw.step.${delayMs}`;
  const stepMs: number[] = [];
  const startedAt = performance.now();
  let left = runs;
  chains.length = 0;
  const send = (chain: number): void => {
    connection.publish(subject, REQUEST, { reply: `${inbox}.${chain}` });
  };
  const startNext = (): void => {
    if (chains.length >= runs) return;
    chains.push({ left: stepsPerRun, stepAt: performance.now() });
    send(chains.length - 1);
  };
  return new Promise((resolve) => {
    onDurable = (index) => {
      const chain = chains[index] as Chain;
      const now = performance.now();
      stepMs.push(now - chain.stepAt);
      chain.stepAt = now;
      chain.left -= 1;
      if (chain.left > 0) return send(index);
      left -= 1;
      if (left > 0) return startNext();
      resolve({ seconds: (now - startedAt) / 1_000, stepMs });
    };
    for (let count = 0; count < inFlight; count += 1) startNext();
  });
}
