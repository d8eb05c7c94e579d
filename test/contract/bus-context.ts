/** The network under test and the connections that a test of the bus opened. */
import type { Bus } from '../../src/messaging/bus.ts';

export interface TestedNetwork {
  /** A new connection to the network; handler errors go to `onError`. */
  connect(options?: {
    onError?: (error: unknown, context: { subject: string }) => void;
  }): Promise<Bus>;
  stop(): Promise<void>;
}

/** Opens connections for one test at a time and closes them after it. */
export class BusContext {
  errors: unknown[] = [];
  readonly #start: () => Promise<TestedNetwork>;
  #network: TestedNetwork | undefined;
  #buses: Bus[] = [];

  constructor(start: () => Promise<TestedNetwork>) {
    this.#start = start;
  }

  async begin(): Promise<void> {
    this.#network = await this.#start();
  }

  async end(): Promise<void> {
    await this.#network?.stop();
  }

  async bus(): Promise<Bus> {
    if (this.#network === undefined) throw new Error('not started');
    const bus = await this.#network.connect({ onError: (error) => this.errors.push(error) });
    this.#buses.push(bus);
    return bus;
  }

  async pair(): Promise<[Bus, Bus]> {
    return [await this.bus(), await this.bus()];
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.close()));
    this.#buses = [];
    this.errors = [];
  }
}
