/**
 * The orchestrator: owns the log, hosts the actors, answers on NATS. This file wires the parts and fixes the order
 * of starting and stopping; what each part does stands in its own file.
 *
 * Start: is anybody else here (hello)? - catch up the projections that recovery reads - load live runs with
 * everything owed held back - open the doors - ask the workers - let go.
 */
import type { EventLog } from '../log/event-log.ts';
import type { ProbeReply } from '../messages/execution.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import { ChildRuns } from './effects/child-runs.ts';
import { Dispatcher, RECONNECT_PATIENCE_MS } from './effects/dispatcher.ts';
import { Effects } from './effects/effect-runner.ts';
import { AgentTable } from './host/agent-table.ts';
import { ReleaseQueue } from './host/release-queue.ts';
import { Reopening } from './host/reopening.ts';
import { RunTable } from './host/run-table.ts';
import type { HostRuntime, Logger } from './host/runtime.ts';
import type { Orchestrator, OrchestratorOptions } from './orchestrator-options.ts';
import { Admission } from './services/admission.ts';
import { Attempts, attemptKey } from './services/attempts.ts';
import { ChildReactor } from './services/child-reactor.ts';
import { type CancelTimer, type Clock, systemClock } from './services/clock.ts';
import { Directory, type DirectoryChange } from './services/directory.ts';
import { Doors } from './services/doors.ts';
import { Feed } from './services/feed.ts';
import { refuseSecond } from './services/hello.ts';
import { type IdSource, systemIds } from './services/ids.ts';
import { Listening } from './services/listening.ts';
import { Planner } from './services/planner.ts';
import { Projector } from './services/projector.ts';
import { activateLiveRuns, greetWorkers, knownAgents, probeWorkers } from './services/recovery.ts';
import { RecoveryTimes } from './services/recovery-times.ts';
import { Secrets } from './services/secrets.ts';
import { TimerPost } from './services/timer-post.ts';
import { Timers } from './services/timers.ts';
import { DEFAULT_SETTINGS, type OrchestratorSettings } from './settings.ts';

export type { Orchestrator, OrchestratorOptions } from './orchestrator-options.ts';

const SWEEP_MS = 500;
/** After a start, agents of the log that nobody offers by then are recorded as lost. */
const AGENT_GRACE_MS = 15_000;

/**
 * Starts an orchestrator. Resolves when it serves: everything that was promised before is owed again.
 * Rejects with `orchestrator.duplicate` when the prefix is taken on this NATS.
 */
export async function startOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
  await refuseSecond(options);
  const node = new Node(options);
  await node.open();
  return node;
}

class Node implements Orchestrator, HostRuntime {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly releases: ReleaseQueue;
  readonly admission: Admission;
  readonly effects: Effects;
  readonly snapshotEvery: number;
  readonly projector: Projector;
  readonly recoveries = new RecoveryTimes();
  readonly secrets: Secrets;
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #settings: Required<OrchestratorSettings>;
  readonly #timers: Timers;
  readonly #timerPost: TimerPost;
  readonly #reopening: Reopening;
  readonly #directory: Directory;
  readonly #attempts: Attempts;
  readonly #listening: Listening;
  readonly #dispatcher: Dispatcher;
  readonly #table: RunTable;
  readonly #agents: AgentTable;
  readonly #feed: Feed;
  readonly #planner: Planner;
  readonly #doors: Doors;
  readonly #children: ChildRuns;
  readonly #childReactor: ChildReactor;
  readonly #stops: (() => void)[] = [];
  readonly #since: number;
  #sweep: CancelTimer | undefined;
  #isClosed = false;

  // Length: one line a part, in the order in which they need each other.
  constructor(options: OrchestratorOptions) {
    const { log, bus, subjects, logger } = options;
    this.log = log;
    this.logger = logger;
    this.clock = options.clock ?? systemClock;
    this.ids = options.ids ?? systemIds;
    this.secrets = new Secrets({ logger, read: options.readSecret });
    this.#bus = bus;
    this.#subjects = subjects;
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.snapshotEvery = this.#settings.snapshotEvery;
    this.#since = this.clock.now();
    // Workers and clients wait for what is released; the feed and the projections, which follow, can wait for them.
    this.releases = new ReleaseQueue(log, {
      onError: (error) => this.#failed('a release threw', error),
      onReleased: () => bus.sendNow(),
    });
    this.#directory = new Directory((change) => this.#directoryChanged(change));
    this.#attempts = new Attempts(this.#directory);
    this.#listening = new Listening({
      ...{ clock: this.clock, logger },
      roundTrip: () => bus.flush(),
      judge: (listenedMs) => this.#judgeSilence(listenedMs),
    });
    const listenedMs = () => this.#listening.nowMs;
    this.admission = new Admission({
      directory: this.#directory,
      nodeLimit: this.#settings.nodeLimit,
      offer: (stream, demand, grant) => this.#table.find(stream)?.offer(demand, grant) ?? false,
    });
    this.#timers = new Timers(this.clock, (timer) => this.#timerPost.deliver(timer));
    this.#dispatcher = this.#newDispatcher(listenedMs);
    this.#children = new ChildRuns(() => ({
      ...{ log, logger, clock: this.clock, table: this.#table },
      ...{ intake: this.#doors.intake, planner: this.#planner },
    }));
    this.effects = new Effects({
      timers: this.#timers,
      dispatcher: this.#dispatcher,
      children: this.#children,
    });
    this.#table = new RunTable(this);
    this.#timerPost = new TimerPost(this.#table, this.clock);
    this.#agents = new AgentTable({ log, logger, clock: this.clock });
    const forget = [this.#dispatcher, this.#children];
    this.#reopening = new Reopening({
      runtime: this,
      table: this.#table,
      agents: this.#agents,
      forget,
    });
    this.projector = new Projector({ log, clock: this.clock });
    this.#feed = new Feed({ log, bus, subjects, clock: this.clock });
    this.#planner = new Planner({
      isAgent: (name) => this.#agents.has(name),
      agents: () => this.#agents.names(),
      ...(options.templates === undefined ? {} : { templates: options.templates }),
    });
    this.#doors = new Doors({
      ...{ runtime: this, bus, subjects, table: this.#table, planner: this.#planner },
      ...{ directory: this.#directory, attempts: this.#attempts, listenedMs },
      ...{ projector: this.projector, since: this.#since, version: this.#settings.version },
    });
    this.#childReactor = new ChildReactor({ log, logger, clock: this.clock, table: this.#table });
  }

  #newDispatcher(listenedMs: () => number): Dispatcher {
    const { log, logger, clock, secrets } = this;
    return new Dispatcher({
      ...{ bus: this.#bus, subjects: this.#subjects, log, logger, clock, secrets, listenedMs },
      ...{ directory: this.#directory, attempts: this.#attempts },
      fail: (ref, failure) => this.#doors.agents.failed(ref, failure),
      inboxId: this.ids.id('orc', this.#since),
    });
  }

  get logId(): string {
    return this.log.logId;
  }

  get activeRuns(): number {
    return this.#table.size;
  }

  agents(): string[] {
    return this.#directory.agents();
  }

  release(host: { readonly stream: string }): void {
    this.#table.forget(host);
  }

  reload(host: { readonly stream: string }): void {
    this.#table.reload(host);
  }

  async open(): Promise<void> {
    // First of all: runs that are loaded append, and a failure that nobody hears of would be met again and again.
    this.#stops.push(this.log.onFailure((error) => this.#reopening.begin(error)));
    await this.projector.open();
    await this.projector.catchUp(['runs', 'agents'], this.log.durablePosition);
    this.#stops.push(await this.recoveries.open(this.log));
    for (const agent of await knownAgents(this.log)) await this.#agents.load(agent);
    this.#dispatcher.open();
    this.#doors.openToAgents();
    // Before the other doors open: where no worker is, nobody answers, and the server says so at once.
    const greeted = this.#greet('brief');
    const parts = { log: this.log, clock: this.clock, table: this.#table };
    const probes = await activateLiveRuns({ ...parts, probe: () => this.#probe() });
    await this.#doors.open();
    this.#stops.push(this.#bus.onReconnect(() => this.#reconnected()));
    await Promise.all(probes);
    this.#dispatcher.endHold();
    this.effects.releaseHold();
    this.projector.start();
    await this.#feed.start();
    await this.#childReactor.start();
    this.#doors.agents.restartPatience(RECONNECT_PATIENCE_MS);
    this.#listening.start();
    this.#planSweep();
    await greeted;
    void this.#greet('full');
  }

  /** What runs owe is held back until the workers were asked who has it. */
  async #probe(): Promise<void> {
    const owed = this.#dispatcher.takeHeld();
    const question = { owed, clock: this.clock };
    const probed = await probeWorkers(this.#bus, this.#subjects, question);
    this.#welcome(probed.replies);
    this.#dispatcher.offer(owed, (ref) => probed.taken.has(attemptKey(ref)));
  }

  /** Workers that were there first are heard of now, not at their next heartbeat. Never rejects. */
  async #greet(patience: 'brief' | 'full'): Promise<void> {
    try {
      this.#welcome(await greetWorkers(this.#bus, this.#subjects, { patience, clock: this.clock }));
    } catch (error) {
      if (!this.#isClosed) this.logger.warn('workers could not be asked', { error: String(error) });
    }
  }

  #welcome(replies: readonly ProbeReply[]): void {
    if (this.#isClosed) return;
    for (const reply of replies) this.#doors.agents.welcome(reply, reply.finished);
  }

  #directoryChanged(change: DirectoryChange): void {
    if (change.kind === 'left') {
      if (change.isLast) this.#agents.tell(change.agent, { type: 'gone', worker: change.worker });
      this.#doors.agents.lose(this.#attempts.ofWorker(change.agent, change.worker));
      return;
    }
    this.#agents.tell(change.agent, { type: 'offered', heartbeat: change.heartbeat });
    this.#dispatcher.offerWaiting(change.agent);
    this.admission.pump();
  }

  #planSweep(): void {
    if (this.#isClosed) return;
    this.#sweep = this.clock.after(SWEEP_MS, () => {
      this.#table.passivate({ idleMs: this.#settings.idleMs, now: this.clock.now() });
      this.#planSweep();
    });
  }

  #judgeSilence(listenedMs: number): void {
    this.#doors.agents.judgeSilence(listenedMs);
    if (listenedMs > AGENT_GRACE_MS) this.#loseSilentAgents();
  }

  #reconnected(): void {
    this.#doors.agents.restartPatience(RECONNECT_PATIENCE_MS);
    this.#dispatcher.reconnected();
  }

  #loseSilentAgents(): void {
    for (const agent of this.#agents.names()) {
      if (this.#directory.capacity(agent) === 0)
        this.#agents.tell(agent, { type: 'gone', worker: 'unknown' });
    }
  }

  #failed(message: string, error: unknown): void {
    this.logger.error(message, { error: error instanceof Error ? error.message : String(error) });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sweep?.();
    this.#listening.stop();
    this.#timers.stop();
    this.#timerPost.close();
    this.#reopening.close();
    for (const stop of this.#stops) stop();
    await this.#doors.close();
    await this.log
      .flush()
      .catch((error: unknown) => this.#failed('the log could not be flushed', error));
    await this.#feed.close();
    await this.#childReactor.close();
    await this.projector.close();
    this.#table.halt();
    this.#dispatcher.forgetAll();
    this.#children.forgetAll();
    this.releases.close();
  }
}
