/**
 * The worker of the contract floor: takes an execution request, parses it, accepts it, answers with a result until
 * that is acknowledged once. No queue, no cache, no deadlines, no heartbeats.
 */
import { randomUUID } from 'node:crypto';
import { connect, createInbox } from 'nats';
import { executionRequestSchema } from '../../src/messages/execution.ts';
import { createSubjects, queueNames } from '../../src/messaging/subjects.ts';
import { childOptions, serveParent } from '../child-process.ts';
import type { WorkingOptions } from '../system.ts';
import { connectTo, decode, encode } from './wire.ts';

const { url } = childOptions<WorkingOptions>();
const WORKER = `worker_${randomUUID()}`;
const subjects = createSubjects();
const connection = await connectTo(connect, url);
const inbox = createInbox();
const unacknowledged = new Map<string, string>();
let sequence = 0;

connection.subscribe(`${inbox}.*`, {
  callback: (_, message) => {
    const reply = decode(message.data) as { ack?: boolean };
    if (reply.ack === true) unacknowledged.delete(message.subject);
  },
});
for (const agent of ['echo', 'sleep']) {
  connection.subscribe(subjects.agentInvoke(agent), {
    queue: queueNames.agents,
    callback: (_, message) => {
      const request = executionRequestSchema.parse(decode(message.data));
      message.respond(encode({ accepted: true, worker: WORKER }));
      const { ms } = request.parameters as { ms?: number };
      if (ms === undefined) answer(request);
      else setTimeout(answer, ms, request);
    },
  });
}
await connection.flush();

serveParent({}, { close: () => connection.close() });

function answer(request: ReturnType<typeof executionRequestSchema.parse>): void {
  const { attempt, key, logId, parameters } = request;
  const reply = `${inbox}.${sequence++}`;
  unacknowledged.set(reply, key);
  const result = { attempt, worker: WORKER, logId, status: 'succeeded', output: parameters };
  connection.publish(request.result, encode(result), { reply });
}
