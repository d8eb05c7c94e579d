/** Documents that had no place in the reply to a query. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

const subjects = createSubjects();

test('are fetched, in their places, as many as there are', async () => {
  const broker = await startBroker({ port: 0 });
  const bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  const client = await connectClient({ url: broker.url });
  const blobs = new Map<string, Buffer>();
  const documents = Array.from({ length: 50 }, (_, index) => {
    const key = `run_${index}`;
    if (index % 2 === 0) return { key, document: { runId: key } };
    const bytes = Buffer.from(JSON.stringify({ runId: key }));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    blobs.set(sha256, bytes);
    const reference = { $blob: `sha256:${sha256}`, size: bytes.length, type: 'application/json' };
    return { key, document: reference };
  });
  bus.subscribe(subjects.query('runs'), {}, (message) => {
    message.respond({ documents, position: 1 });
  });
  bus.subscribe(subjects.blobGet(), {}, (message) => {
    const { sha256, offset } = message.body() as { sha256: string; offset: number };
    message.respondBytes((blobs.get(sha256) as Buffer).subarray(offset));
  });
  await bus.flush();
  const reply = await client.query('runs', { limit: 50 });
  expect(reply.documents.map(({ document }) => (document as { runId?: string }).runId)).toEqual(
    documents.map(({ key }) => key),
  );
  await client.close();
  await bus.close();
  await broker.close();
});
