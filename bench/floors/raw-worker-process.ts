/** The worker of the raw floor: answers each message with as many bytes as a result has, at once or after a delay. */
import { connect, type Msg } from 'nats';
import { childOptions, serveParent } from '../child-process.ts';
import type { WorkingOptions } from '../system.ts';
import { connectTo } from './wire.ts';

const RESULT = Buffer.alloc(155, 'result ');
const { url } = childOptions<WorkingOptions>();
const connection = await connectTo(connect, url);

connection.subscribe('raw.step', { queue: 'agents', callback: (_, message) => answer(message) });
connection.subscribe('raw.step.*', {
  queue: 'agents',
  callback: (_, message) => {
    setTimeout(answer, Number(message.subject.slice('raw.step.'.length)), message);
  },
});
await connection.flush();

serveParent({}, { close: () => connection.close() });

function answer(message: Msg): void {
  message.respond(RESULT);
}
