/**
 * All that the orchestrator answers on NATS. The doors for agents open first: a worker that is probed sends its results
 * at once, and a result loads its run itself.
 */
import type { HelloReply } from '../../messages/request.ts';
import type { Bus, BusMessage, Subscription } from '../../messaging/bus.ts';
import { queueNames, type Subjects } from '../../messaging/subjects.ts';
import { throughOutages } from '../../messaging/through-outages.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { RunTable } from '../host/run-table.ts';
import type { HostRuntime } from '../host/runtime.ts';
import type { ScheduleTable } from '../host/schedule-table.ts';
import type { Attempts } from './attempts.ts';
import { BlobDoor } from './blob-door.ts';
import { ClientDoors } from './client-doors.ts';
import type { Directory } from './directory.ts';
import { Intake } from './intake.ts';
import { Jobs } from './jobs.ts';
import { LogDoor } from './log-door.ts';
import type { Planner } from './planner.ts';
import type { Projector } from './projector.ts';
import { Queries } from './queries.ts';
import { queueReply } from './queue-view.ts';
import { refuse } from './refuse.ts';
import { AgentDoors } from './results.ts';
import { ScheduleDoor } from './schedule-door.ts';

export interface DoorsOptions {
  runtime: HostRuntime;
  bus: Bus;
  subjects: Subjects;
  table: RunTable;
  planner: Planner;
  directory: Directory;
  attempts: Attempts;
  /** The time of `listening.ts`. */
  listenedMs: () => number;
  projector: Projector;
  schedules: ScheduleTable;
  /** When this process began, and its version, for who asks. */
  since: number;
  version: string;
  archiveDirectory: string | undefined;
  /** Of the runtime, for the one that marks runs. */
  leaving: Set<string>;
}

export class Doors {
  readonly agents: AgentDoors;
  readonly intake: Intake;
  readonly log: LogDoor;
  readonly #options: DoorsOptions;
  readonly #clients: ClientDoors;
  readonly #queries: Queries;
  readonly #blobs: BlobDoor;
  readonly #jobs: Jobs;
  readonly #schedules: ScheduleDoor;
  readonly #open: Subscription[] = [];

  constructor(options: DoorsOptions) {
    this.#options = options;
    const { runtime, table, subjects, planner, projector } = options;
    const { log, logger, clock, secrets } = runtime;
    const { directory, attempts, listenedMs } = options;
    const doors = { runtime, table, subjects };
    this.agents = new AgentDoors({ ...doors, directory, attempts, listenedMs });
    this.intake = new Intake({ ...doors, planner });
    this.#jobs = new Jobs({ ...doors, planner, projector });
    this.#clients = new ClientDoors({ ...doors, planner });
    const report = (runId: string) => this.#clients.report(runId);
    const queue = () => queueReply({ ...runtime, position: log.durablePosition });
    const archiveOf = (runId: string) => runtime.archiveOf?.(runId);
    this.#queries = new Queries({ log, projector, report, queue, archiveOf });
    this.#blobs = new BlobDoor({ log, logger, clock, secrets });
    this.#schedules = new ScheduleDoor({ runtime, planner, table: options.schedules });
    this.log = new LogDoor({
      ...{ log, subjects, logger, clock, projector },
      archiveDirectory: options.archiveDirectory,
      live: { leaving: options.leaving, dismiss: (runId) => table.dismiss(runId) },
    });
  }

  /** Heartbeats and results are taken from now on. */
  openToAgents(): void {
    const { subjects } = this.#options;
    this.#subscribe(subjects.anyHeartbeat(), (message) => this.agents.heartbeat(message));
    this.#subscribe(subjects.anyTaskResult(), (message) => this.agents.result(message));
  }

  /** Opens all others; resolves once the server knows. */
  async open(): Promise<void> {
    const { bus, subjects, runtime, version } = this.#options;
    this.#subscribe(subjects.anyTaskProgress(), (message) => this.agents.progress(message));
    this.#subscribe(subjects.anyRunCommand(), (message) => this.#clients.command(message));
    this.#subscribe(subjects.anyRunHistory(), (message) => this.#clients.history(message));
    this.#subscribe(subjects.anyQuery(), (message) => this.#query(message));
    this.#subscribe(subjects.anyLog(), (message) => this.log.receive(message));
    // Every orchestrator of a prefix answers, not one of a queue: that is how a second one is found.
    this.#subscribe(subjects.hello(), (message) => message.respond(this.#hello()));
    const endpoint = (name: string, subject: string, handler: (message: BusMessage) => void) => ({
      ...{ name, subject, handler },
      queue: queueNames.orchestrators,
    });
    const service = await bus.serve({
      name: 'troupe-orchestrator',
      version,
      description: 'Runs workflows of agents; events on run.<id>.events',
      metadata: { logId: runtime.log.logId, prefix: subjects.prefix },
      endpoints: [
        endpoint('request', subjects.request(), (message) => this.intake.receive(message)),
        endpoint('job', subjects.job(), (message) => this.#jobs.receive(message)),
        endpoint('schedule', subjects.schedule(), (message) => this.#schedules.receive(message)),
        endpoint('blob-put', subjects.blobPut(), (message) => this.#blobs.put(message)),
        endpoint('blob-get', subjects.blobGet(), (message) => this.#blobs.get(message)),
      ],
    });
    this.#open.push(service);
    await throughOutages(bus, () => bus.flush());
  }

  #subscribe(subject: string, handler: (message: BusMessage) => void): void {
    this.#open.push(this.#options.bus.subscribe(subject, {}, handler));
  }

  #hello(): JsonObject {
    const { runtime, since, version } = this.#options;
    const reply: HelloReply = { logId: runtime.log.logId, since, version };
    return reply;
  }

  #query(message: BusMessage): void {
    const { subjects, runtime } = this.#options;
    const name = subjects.parseQuery(message.subject)?.name ?? '';
    this.#queries
      .answer(name, message)
      .catch((error: unknown) => refuse(message, error, runtime.logger));
  }

  /** Nothing is taken any more. */
  async close(): Promise<void> {
    this.#jobs.close();
    await Promise.all(this.#open.map((subscription) => subscription.stop()));
  }
}
