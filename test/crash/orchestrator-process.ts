/**
 * An orchestrator in a process of its own: `node orchestrator-process.ts <settings as JSON>`.
 * Prints one line when it serves; a start that fails prints `{"code", "message"}` and ends with 1.
 */
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { connectToOwnBroker } from '../../src/messaging/own-broker-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { TroupeError } from '../../src/workflow/errors.ts';
import { lineLogger } from './line-logger.ts';

export interface OrchestratorProcessSettings {
  directory: string;
  /** A server to use; absent: an embedded broker on `port`. */
  natsUrl?: string;
  port?: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as OrchestratorProcessSettings;
try {
  const log = await openLevelLog({ directory: settings.directory, upcast });
  const bus = await connect(settings);
  const { url } = bus;
  const orchestrator = await startOrchestrator({
    log,
    bus,
    subjects: createSubjects(),
    logger: lineLogger('orchestrator'),
  });
  process.stdout.write(`${JSON.stringify({ ready: true, url, logId: orchestrator.logId })}\n`);
} catch (error) {
  const code = error instanceof TroupeError ? error.code : 'internal';
  const hint = error instanceof TroupeError ? error.hint : '';
  process.stdout.write(`${JSON.stringify({ code, hint, message: String(error) })}\n`);
  process.exit(1);
}

/** As `troupe up` does: to a server, or into the broker of this process without a socket. */
async function connect({ natsUrl, port }: OrchestratorProcessSettings): Promise<Bus> {
  const name = 'orchestrator';
  if (natsUrl !== undefined) return connectBus({ url: natsUrl, name });
  return connectToOwnBroker(await startBroker({ port: port ?? 0 }), { name });
}
