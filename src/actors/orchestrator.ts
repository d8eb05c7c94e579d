/**
 * The orchestrator: owns the log, hosts the actors, answers on NATS. This file wires the parts and fixes the order
 * of starting and stopping; what each part does stands in its own file.
 *
 * Start: is anybody else here (hello)? - catch up the projections that recovery reads - load live runs with
 * everything owed held back - open the doors - ask the workers - let go.
 * Size: one line a part; the order of starting and stopping is seen in one place.
 */
import { archiveOf } from '../log/archive-file.ts';
import type { EventLog } from '../log/event-log.ts';
import type { ProbeReply } from '../messages/execution.ts';
import type { Limits } from '../messages/limits.ts';
import type { Bus } from '../messaging/bus.ts';
import type { Subjects } from '../messaging/subjects.ts';
import type { RunRecord } from '../projections/runs.ts';
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
import { Background } from './services/background.ts';
import { type CancelTimer, type Clock, systemClock } from './services/clock.ts';
import { Directory, type DirectoryChange } from './services/directory.ts';
import { Doors } from './services/doors.ts';
import { refuseSecond } from './services/hello.ts';
import { type IdSource, systemIds } from './services/ids.ts';
import { Listening } from './services/listening.ts';
import { LiveRuns } from './services/live-runs.ts';
import { Planner } from './services/planner.ts';
import { Projector } from './services/projector.ts';
import { activateLiveRuns, greetWorkers, knownAgents, probeWorkers } from './services/recovery.ts';
import { RecoveryTimes } from './services/recovery-times.ts';
import { Schedules } from './services/schedules.ts';
import { Secrets } from './services/secrets.ts';
import { TimerPost } from './services/timer-post.ts';
import { type ArmedTimer, Timers } from './services/timers.ts';
import { cancelUnwanted } from './services/unwanted-attempts.ts';
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

/** What is known of the workers, for the parts that send and judge. */
interface Workers {
  readonly directory: Directory;
  readonly attempts: Attempts;
  listenedMs(): number;
}

class Node implements Orchestrator, HostRuntime {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly releases: ReleaseQueue;
  readonly admission: Admission;
  readonly liveRuns: LiveRuns;
  readonly leaving = new Set<string>();
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
  readonly #planner: Planner;
  readonly #doors: Doors;
  readonly #children: ChildRuns;
  readonly #schedules: Schedules;
  readonly #background: Background;
  readonly #archiveDirectory: string | undefined;
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
    const workers = { directory: this.#directory, attempts: this.#attempts, listenedMs };
    this.admission = new Admission({
      directory: this.#directory,
      ...{ clock: this.clock, limits: this.#settings.limits },
      offer: (stream, demand, grant) => this.#table.find(stream)?.offer(demand, grant) ?? false,
    });
    this.liveRuns = new LiveRuns(this.#settings.limits, this.clock);
    this.#timers = new Timers(this.clock, (timer) => this.#deliver(timer));
    this.#dispatcher = this.#newDispatcher(workers);
    // Whoever starts runs goes the way of requests.
    const starting = () => ({
      ...{ log, logger, clock: this.clock },
      ...{ intake: this.#doors.intake, planner: this.#planner },
    });
    this.#children = new ChildRuns(() => ({ ...starting(), table: this.#table }));
    const [timers, dispatcher, children] = [this.#timers, this.#dispatcher, this.#children];
    this.effects = new Effects({ timers, dispatcher, children });
    this.#table = new RunTable(this);
    this.#timerPost = new TimerPost(this.#table, this.clock);
    this.#agents = new AgentTable({ log, logger, clock: this.clock });
    this.projector = new Projector({ log, clock: this.clock });
    this.#planner = new Planner(this.#agents, options.templates);
    this.#schedules = this.#newSchedules();
    this.#reopening = this.#newReopening();
    this.#doors = new Doors({
      ...{ runtime: this, bus, subjects, table: this.#table, planner: this.#planner },
      ...workers,
      ...{ projector: this.projector, since: this.#since, version: this.#settings.version },
      ...{ schedules: this.#schedules.table, archiveDirectory: options.archiveDirectory },
      leaving: this.leaving,
    });
    this.#background = new Background({
      ...{ runtime: this, bus, subjects, table: this.#table, schedules: this.#schedules },
      ...{ projector: this.projector, logDoor: this.#doors.log, chores: options.chores ?? [] },
    });
    this.#archiveDirectory = options.archiveDirectory;
  }

  #newSchedules(): Schedules {
    return new Schedules({
      ...{ runtime: this, timers: this.#timers, projector: this.projector, planner: this.#planner },
      doors: () => this.#doors,
    });
  }

  #newReopening(): Reopening {
    return new Reopening({
      ...{ runtime: this, table: this.#table, agents: this.#agents },
      schedules: this.#schedules.table,
      forget: [this.#dispatcher, this.#children],
    });
  }

  #newDispatcher(workers: Workers): Dispatcher {
    const { log, logger, clock, secrets } = this;
    return new Dispatcher({
      ...{ bus: this.#bus, subjects: this.#subjects, log, logger, clock, secrets },
      ...workers,
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

  archiveOf(runId: string): string | undefined {
    const directory = this.#archiveDirectory;
    return directory === undefined ? undefined : archiveOf(directory, runId);
  }

  limit(limits: Limits): void {
    this.liveRuns.configure(limits);
    this.admission.configure(limits);
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
    const probes = await activateLiveRuns({
      ...{ ...parts, probe: () => this.#probe() },
      awaitStart: (run, startAt) => this.#awaitStart(run, startAt),
    });
    await this.#doors.open();
    this.#stops.push(this.#bus.onReconnect(() => this.#reconnected()));
    await Promise.all(probes);
    this.#dispatcher.endHold();
    this.effects.releaseHold();
    this.projector.start();
    await this.#background.start();
    this.#doors.agents.restartPatience(RECONNECT_PATIENCE_MS);
    this.#listening.start();
    this.#planSweep();
    await greeted;
    void this.#greet('full');
  }

  #awaitStart(run: RunRecord, startAt: number): void {
    this.effects.awaitStart(run.runId, startAt);
    this.#doors.intake.starts.found(run);
    const { runId, tenant, session } = run;
    this.liveRuns.note(runId, { tenant, session: session ?? undefined }, true);
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
    this.admission.offerRate(change.agent, this.#directory.rate(change.agent));
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
      const idle = { idleMs: this.#settings.idleMs, now: this.clock.now() };
      this.#table.passivate(idle);
      this.#schedules.table.passivate(idle);
      this.#planSweep();
    });
  }

  #deliver(timer: ArmedTimer): void {
    if (!this.#schedules.table.wake(timer)) this.#timerPost.deliver(timer);
  }

  #judgeSilence(listenedMs: number): void {
    this.#doors.agents.judgeSilence(listenedMs);
    const [table, attempts, dispatcher] = [this.#table, this.#attempts, this.#dispatcher];
    cancelUnwanted({ runtime: this, table, attempts, dispatcher }, listenedMs);
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
    this.#background.stop();
    this.#timers.stop();
    this.#timerPost.close();
    this.#reopening.close();
    for (const stop of this.#stops) stop();
    await this.#doors.close();
    this.#schedules.close();
    await this.log
      .flush()
      .catch((error: unknown) => this.#failed('the log could not be flushed', error));
    await this.#background.close();
    await this.projector.close();
    this.#table.halt();
    this.admission.close();
    this.#dispatcher.forgetAll();
    this.#children.forgetAll();
    this.releases.close();
  }
}
