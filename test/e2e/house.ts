/**
 * Broker, orchestrator and client in this process, put together as `troupe up` does, for tests over the public surface.
 * The orchestrator can be ended as by a crash and started again on what its log kept.
 */
import { type Orchestrator, startOrchestrator } from '../../src/actors/orchestrator.ts';
import type { Clock } from '../../src/actors/services/clock.ts';
import type { OrchestratorSettings } from '../../src/actors/settings.ts';
import { type Client, createClient } from '../../src/client/client.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';

export const subjects = createSubjects();
const WAIT_MS = 60_000;
const LOOK_MS = 10;

/** One line that the orchestrator logged. */
export interface LoggedLine {
  level: string;
  message: string;
  fields: Record<string, unknown> | undefined;
}

interface HouseOptions {
  clock?: Clock;
  settings?: OrchestratorSettings;
}

export class House {
  readonly broker: Broker;
  /** The connection of whoever looks in from outside. */
  readonly bus: Bus;
  readonly client: Client;
  readonly lines: LoggedLine[] = [];
  readonly #options: HouseOptions;
  #serving: { orchestrator: Orchestrator; bus: Bus } | undefined;

  private constructor(broker: Broker, bus: Bus, options: HouseOptions) {
    this.broker = broker;
    this.bus = bus;
    this.client = createClient({ bus });
    this.#options = options;
  }

  /** A broker, and an orchestrator on the log. */
  static async open(log: EventLog, options: HouseOptions = {}): Promise<House> {
    const broker = await startBroker({ port: 0 });
    const bus = await connectBus({ url: broker.url, name: 'outside' });
    const house = new House(broker, bus, options);
    await house.serve(log);
    return house;
  }

  get orchestrator(): Orchestrator {
    if (this.#serving === undefined) throw new Error('no orchestrator runs');
    return this.#serving.orchestrator;
  }

  /** Starts an orchestrator on a log. */
  async serve(log: EventLog): Promise<void> {
    const bus = await connectBus({ url: this.broker.url, name: 'orchestrator' });
    const orchestrator = await startOrchestrator({
      log,
      bus,
      subjects,
      logger: this.#logger(),
      ...this.#options,
    });
    this.#serving = { orchestrator, bus };
  }

  /** Cuts the orchestrator off from NATS, as a crash would, and never closes it; its log is the caller's to crash. */
  async cutOff(): Promise<void> {
    const serving = this.#serving;
    this.#serving = undefined;
    await serving?.bus.close();
  }

  async close(): Promise<void> {
    const serving = this.#serving;
    this.#serving = undefined;
    await serving?.orchestrator.close();
    await serving?.bus.close();
    await this.bus.close();
    await this.broker.close();
  }

  /** Types of all durable events of a run, in order. */
  async history(runId: string): Promise<string[]> {
    const { events } = await this.client.history(runId, { limit: 1_000 });
    return events.map(({ type }) => type);
  }

  #logger() {
    const write = (level: string) => (message: string, fields?: Record<string, unknown>) => {
      this.lines.push({ level, message, fields });
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    };
  }
}

/** Resolves when the condition holds; rejects after a minute, for a busy machine needs time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`);
    await pause(LOOK_MS);
  }
}

/** Real time passes: for what must not happen meanwhile. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
