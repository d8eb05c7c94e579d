import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { testCoreProtocol } from './core-protocol.ts';

testCoreProtocol('embedded broker', async () => {
  const broker = await startBroker({ port: 0 });
  return { port: broker.port, stop: () => broker.close() };
});

testCoreProtocol('nats-server', async () => {
  const server = await startNatsServer();
  return { port: server.port, stop: () => server.stop() };
});
