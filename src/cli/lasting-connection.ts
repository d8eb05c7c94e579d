/**
 * A connection that outlives its orchestrator. A broker that comes back at its old address is found again by the bus;
 * an `up` that comes back at another one is found here, by the `up.json` of the data directory.
 *
 * C1 Only an orchestrator on the same log is taken for the old one.
 * C2 Work that was cut off is called again and goes on where it was: the caller keeps its place.
 */
import type { Client } from '../client/client.ts';
import { type Connection, findOrchestrator } from './connect.ts';
import type { Session } from './session.ts';
import { readUpFile } from './up-file.ts';

const LOOK_MS = 250;

export interface LastingOptions {
  session: Session;
  connection: Connection;
  /** Told once when the connection is lost, and once when it is back. */
  onChange(state: 'lost' | 'back', url: string): void;
}

export class LastingConnection {
  readonly #options: LastingOptions;
  #current: Connection;
  #isLost = false;
  #isLooking = false;

  constructor(options: LastingOptions) {
    this.#options = options;
    this.#current = options.connection;
  }

  get client(): Client {
    return this.#current.client;
  }

  /**
   * Does the work with the client of the moment. When the orchestrator has come back elsewhere, the work's signal
   * aborts and it is called again with the new client. Rejects with the signal's reason, and with what work throws.
   */
  async during<Result>(
    signal: AbortSignal,
    work: (client: Client, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      const moved = new AbortController();
      const timer = setInterval(() => void this.#look(moved), LOOK_MS);
      try {
        return await work(this.#current.client, AbortSignal.any([signal, moved.signal]));
      } catch (error) {
        if (signal.aborted || !moved.signal.aborted) throw error;
      } finally {
        clearInterval(timer);
      }
    }
  }

  close(): Promise<void> {
    return this.#current.close();
  }

  async #look(moved: AbortController): Promise<void> {
    const { connection, onChange } = this.#options;
    if (connection.isOwn || this.#isLooking) return;
    this.#isLooking = true;
    try {
      if (this.#current.isConnected()) {
        if (this.#isLost) onChange('back', this.#current.url);
        this.#isLost = false;
        return;
      }
      if (!this.#isLost) onChange('lost', this.#current.url);
      this.#isLost = true;
      await this.#findElsewhere(moved);
    } finally {
      this.#isLooking = false;
    }
  }

  async #findElsewhere(moved: AbortController): Promise<void> {
    const { session } = this.#options;
    if (session.settings.natsUrl !== undefined) return;
    const up = readUpFile(session.settings.dataDir);
    if (up === undefined || up.nats === this.#current.url) return;
    const found = await findOrchestrator(session);
    if (found === undefined) return;
    if (found.logId !== this.#current.logId || moved.signal.aborted) {
      await found.close();
      return;
    }
    const old = this.#current;
    this.#current = found;
    moved.abort(new DOMException('the orchestrator has moved', 'AbortError'));
    await old.close();
  }
}
