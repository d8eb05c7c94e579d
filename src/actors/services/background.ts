/**
 * What goes on beside the runs once the orchestrator serves: the feed, messages between streams, schedules, and what it
 * does for its log by itself. One start, and an end in two steps: first nothing new begins, then what follows the log ends.
 */
import type { Bus } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import { ChildReactor } from './child-reactor.ts';
import { Feed } from './feed.ts';
import { type Chore, Housekeeping } from './housekeeping.ts';
import type { LogDoor } from './log-door.ts';
import type { Projector } from './projector.ts';
import type { Schedules } from './schedules.ts';

export interface BackgroundOptions {
  runtime: HostRuntime;
  bus: Bus;
  subjects: Subjects;
  table: RunTable;
  projector: Projector;
  schedules: Pick<Schedules, 'start'>;
  /** Does what operators ask of the log too. */
  logDoor: Pick<LogDoor, 'perform'>;
  chores: readonly Chore[];
}

export class Background {
  readonly #feed: Feed;
  readonly #childReactor: ChildReactor;
  readonly #schedules: Pick<Schedules, 'start'>;
  readonly #housekeeping: Housekeeping;
  readonly #chores: readonly Chore[];

  constructor(options: BackgroundOptions) {
    const { runtime, bus, subjects, table, projector, schedules, logDoor } = options;
    const { log, logger, clock } = runtime;
    const parts = { log, logger, clock, projector };
    this.#feed = new Feed({ log, bus, subjects, clock });
    this.#childReactor = new ChildReactor({ ...parts, table });
    this.#schedules = schedules;
    this.#housekeeping = new Housekeeping({
      ...{ logger, clock },
      perform: (operation, body) => logDoor.perform(operation, body, true),
    });
    this.#chores = options.chores;
  }

  /** Rejects when a cursor cannot be read. */
  async start(): Promise<void> {
    await this.#feed.start();
    await this.#childReactor.start();
    this.#schedules.start();
    this.#housekeeping.start(this.#chores);
  }

  /** Nothing new begins. */
  stop(): void {
    this.#housekeeping.close();
  }

  /** What was published reaches the server, and the cursors are saved. */
  async close(): Promise<void> {
    await this.#feed.close();
    await this.#childReactor.close();
  }
}
