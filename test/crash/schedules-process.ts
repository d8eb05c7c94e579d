/**
 * Many schedules in one process: `node --expose-gc schedules-process.ts <settings as JSON>`. The first time it sets them
 * up and ends; the second time it starts with them, and prints how late their times are recorded.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startOrchestrator } from '../../src/actors/orchestrator.ts';
import { createClient } from '../../src/client/client.ts';
import { upcast } from '../../src/events/catalogue.ts';
import type { ScheduleEvent } from '../../src/events/schedule-events.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectToOwnBroker } from '../../src/messaging/own-broker-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { lineLogger } from './line-logger.ts';

export interface SchedulesProcessSettings {
  directory: string;
  schedules: number;
  /** Their times are spread over so much time; 0: all at once. */
  spreadMs: number;
  isFirst?: boolean;
}

export interface SchedulesLine {
  fired: number;
  /** Fired before their time. */
  early: number;
  /** From the time to the durable record of it. */
  lateP50Ms: number;
  lateP99Ms: number;
  lateMaxMs: number;
  /** What they cost in memory while none is due, and how long the start took with them. */
  heapBytes: number;
  startMs: number;
  /** Processor time for each, its run included. */
  cpuMsEach: number;
}

const IN_FLIGHT = 100;
/** Until the first time: for setting up and starting again. */
const LEAD_MS = 30_000;
const PATIENCE_MS = 90_000;
const workflow = { name: 'tick', tasks: [{ id: 'wait', wait: { timer: '1h' } }] };

const settings = JSON.parse(process.argv[2] ?? '{}') as SchedulesProcessSettings;
const subjects = createSubjects();
const log = await openLevelLog({ directory: settings.directory, upcast });
const broker = await startBroker({ port: 0 });
const bus = await connectToOwnBroker(broker, { name: 'orchestrator' });
const before = await heapInUse();
const startedAt = performance.now();
const orchestrator = await startOrchestrator({
  ...{ log, bus, subjects, logger: lineLogger('schedules') },
});
const startMs = performance.now() - startedAt;
if (settings.isFirst === true) {
  await setUp();
  await orchestrator.close();
  await log.close();
  process.stdout.write('{"ready":true}\n');
  process.exit(0);
}

const late: number[] = [];
log.onDurable((commits) => {
  const now = Date.now();
  for (const { events } of commits) {
    for (const { type, data } of events as ScheduleEvent[])
      if (type === 'schedule.fired') late.push(now - data.dueAt);
  }
});
const heapBytes = (await heapInUse()) - before;
const cpu = process.cpuUsage();
const deadline = Date.now() + PATIENCE_MS;
while (late.length < settings.schedules && Date.now() < deadline) await sleep(100);
const used = process.cpuUsage(cpu);
late.sort((a, b) => a - b);
const at = (share: number): number => late[Math.floor((late.length - 1) * share)] ?? -1;
const line: SchedulesLine = {
  fired: late.length,
  early: late.filter((ms) => ms < 0).length,
  lateP50Ms: at(0.5),
  lateP99Ms: at(0.99),
  lateMaxMs: at(1),
  heapBytes,
  startMs,
  cpuMsEach: (used.user + used.system) / 1000 / late.length,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(0);

async function setUp(): Promise<void> {
  const client = createClient({ bus });
  const first = Date.now() + LEAD_MS;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < settings.schedules) {
      next += 1;
      const due = first + Math.floor((next / settings.schedules) * settings.spreadMs);
      const schedule = { at: new Date(due).toISOString() };
      const name = `s${next}`;
      await client.schedule({ type: 'add', name, schedule, request: { workflow } });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

async function heapInUse(): Promise<number> {
  await sleep(1_500);
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed;
}
