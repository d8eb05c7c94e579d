/** An orchestrator in a process of its own, with the embedded broker inside or on a server's URL. */
import { startOrchestrator } from '../src/actors/orchestrator.ts';
import { upcast } from '../src/events/catalogue.ts';
import { openLevelLog } from '../src/log/level-log.ts';
import { startBroker } from '../src/messaging/embedded-broker.ts';
import { connectBus } from '../src/messaging/nats-bus.ts';
import { connectToOwnBroker } from '../src/messaging/own-broker-bus.ts';
import { createSubjects } from '../src/messaging/subjects.ts';
import { childOptions, serveParent } from './child-process.ts';
import type { ServingOptions } from './system.ts';

const { directory, url: serverUrl, port } = childOptions<ServingOptions>();
const logger = { debug() {}, info() {}, warn: console.error, error: console.error };

const log = await openLevelLog({ directory, durability: 'fsync', upcast });
const broker = serverUrl === undefined ? await startBroker({ port: port ?? 0 }) : undefined;
const url = broker?.url ?? (serverUrl as string);
const name = 'bench-orchestrator';
// As `troupe up` does: no socket to one's own broker.
const bus =
  broker === undefined
    ? await connectBus({ url, name })
    : await connectToOwnBroker(broker, { name });
const orchestrator = await startOrchestrator({ log, bus, subjects: createSubjects(), logger });

serveParent(
  { url },
  {
    close: async () => {
      await orchestrator.close();
      await bus.close();
      await log.close();
      await broker?.close();
    },
  },
);
