/**
 * Many runs that wait for a month, in one process: `node --expose-gc waiting-process.ts <settings as JSON>`. Prints what
 * the process holds before the first and after all of them have left memory. With `restart`, what it holds after it has
 * opened a log full of them.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { connectClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectToOwnBroker } from '../../src/messaging/own-broker-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { lineLogger } from './line-logger.ts';

export interface WaitingProcessSettings {
  directory: string;
  runs: number;
  /** They are in the log already. */
  restart?: boolean;
}

export interface WaitingLine {
  rssBefore: number;
  rssAfter: number;
  heapBefore: number;
  heapAfter: number;
  /** The most that the process ever held. */
  rssPeak: number;
  /** What of it is memory of its own; the rest are pages of files that the system can take back. */
  ownBefore: number;
  ownAfter: number;
  heapTotal: number;
  external: number;
  activeRuns: number;
  /** Processor time of ten seconds in which nothing happened. */
  idleCpuMs: number;
  seconds: number;
}

const IN_FLIGHT = 200;
const IDLE_MS = 2_000;
const WORKFLOW = {
  name: 'month',
  settings: { timeout: '60d' },
  tasks: [{ id: 'sleep', wait: { timer: '30d' } }],
};

const settings = JSON.parse(process.argv[2] ?? '{}') as WaitingProcessSettings;
const subjects = createSubjects();
const startedAt = performance.now();
const log = await openLevelLog({ directory: settings.directory, upcast });
const broker = await startBroker({ port: 0 });
const bus = await connectToOwnBroker(broker, { name: 'orchestrator' });
const before = settings.restart === true ? await collected() : undefined;
const orchestrator = await startOrchestrator({
  ...{ log, bus, subjects, logger: lineLogger('waiting') },
  settings: { idleMs: IDLE_MS },
});
const seconds = (performance.now() - startedAt) / 1000;
const start = before ?? (await collected());
if (settings.restart !== true) await request(settings.runs);
for (let left = 120; orchestrator.activeRuns > 0 && left > 0; left -= 1) await sleep(500);
const end = await collected();
const cpu = process.cpuUsage();
await sleep(10_000);
const used = process.cpuUsage(cpu);
const line: WaitingLine = {
  rssBefore: start.rss,
  rssAfter: end.rss,
  heapBefore: start.heapUsed,
  heapAfter: end.heapUsed,
  ownBefore: start.own,
  ownAfter: end.own,
  heapTotal: end.heapTotal,
  external: end.external,
  rssPeak: process.resourceUsage().maxRSS * 1024,
  activeRuns: orchestrator.activeRuns,
  idleCpuMs: (used.user + used.system) / 1000,
  seconds: settings.restart === true ? seconds : (performance.now() - startedAt) / 1000,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
await orchestrator.close();
await log.close();
process.exit(0);

async function request(count: number): Promise<void> {
  const client = await connectClient({ url: broker.url });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await client.request({ workflow: WORKFLOW, requestId: `w-${next}` });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  await client.close();
}

async function collected(): Promise<NodeJS.MemoryUsage & { own: number }> {
  await sleep(500);
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await sleep(100);
  }
  const own = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return { ...process.memoryUsage(), own: Number(own) * 1024 };
}
