/**
 * One seed: a safety phase with every fault there is, then a liveness phase without any in which all work must finish.
 * The seed decides what is asked, what fails and when; a failure says how to play it again.
 */
import type { JsonObject } from '../../src/workflow/value.ts';
import { childScenarios } from './child-scenarios.ts';
import { reportOfRun, steer } from './crash-points.ts';
import { type PlannedCommand, type Scenario, scenarios, workflowOf } from './scenarios.ts';
import { noFaults } from './sim-network.ts';
import { noDiskFaults, World } from './world.ts';

const REQUESTS = 12;
const SAFETY_MS = 20_000;
/** The longest task takes 300 s; lost twice, and waiting for a place behind others, it needs several times that. */
const LIVENESS_MS = 2_400_000;
const WORKERS = ['w1', 'w2'];
const all = [...scenarios, ...childScenarios];
const commands: JsonObject[] = [
  { type: 'pause' },
  { type: 'resume' },
  { type: 'cancel' },
  { type: 'terminate' },
  { type: 'step' },
];

export interface ChaosResult {
  steps: number;
  crashes: number;
  runs: number;
  commits: number;
}

/** Plays a seed; throws with the seed and how to run it again. */
export async function playSeed(seed: number): Promise<ChaosResult> {
  const world = new World(seed);
  try {
    return await new Chaos(world).play();
  } catch (error) {
    const again = `TROUPE_SEED=${seed} npx vitest run --project simulation test/simulation/seeds.test.ts`;
    const { message, cause } = error as Error;
    throw new Error(`seed ${seed}: ${message}\nrun it again: ${again}`, { cause: cause ?? error });
  }
}

/** What waits for the second end of a run may wait for ever: a random command may have canceled it before. */
function isForHealing({ command, afterEnd }: PlannedCommand): boolean {
  return command.type !== 'pause' && afterEnd !== true;
}

class Chaos {
  readonly #world: World;
  readonly #runs = new Map<string, string>();
  /** By request. */
  readonly #scenarios = new Map<string, Scenario>();
  readonly #down = new Set<string>();
  readonly #released = new Set<string>();
  #problem: unknown;
  #pending = 0;
  #asked = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async play(): Promise<ChaosResult> {
    const world = this.#world;
    const { random } = world;
    world.network.faults = {
      lost: random() * 0.2,
      doubled: random() * 0.2,
      jitterMs: Math.floor(random() * 60),
    };
    world.disk = {
      failLost: random() * 0.02,
      failKept: random() * 0.02,
      slowMs: Math.floor(random() * 20),
    };
    world.start();
    for (const name of WORKERS) world.startWorker(name, 1 + Math.floor(random() * 3));
    const end = world.time.now + SAFETY_MS;
    while (world.time.now < end) {
      this.#mayAsk();
      await this.#mayBreak();
      if (this.#problem !== undefined) throw this.#problem;
      if (!(await world.time.step())) break;
    }
    await this.#heal();
    return this.#finish();
  }

  #mayAsk(): void {
    const { random } = this.#world;
    if (this.#asked < REQUESTS && random() < 0.02) this.#request(`r${this.#asked}`);
    const runs = [...this.#runs];
    if (runs.length > 0 && random() < 0.003) {
      const [requestId, runId] = runs[Math.floor(random() * runs.length)] as [string, string];
      const own = this.#scenarios.get(requestId)?.commands ?? [];
      const possible = [...commands, ...own.map(({ command }) => command)];
      const command = possible[Math.floor(random() * possible.length)] as JsonObject;
      this.#follow(this.#world.command(runId, { ...command, id: `c${this.#world.time.steps}` }));
    }
  }

  /** Some requests are sent twice at once: they are one run. */
  #request(requestId: string): void {
    const { random } = this.#world;
    this.#asked += 1;
    const scenario = all[Math.floor(random() * all.length)] as Scenario;
    this.#scenarios.set(requestId, scenario);
    const times = random() < 0.3 ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const asked = this.#world.request(requestId, workflowOf(scenario), scenario.input);
      this.#follow(asked.then((runId) => void this.#runs.set(requestId, runId)));
    }
  }

  #follow(promise: Promise<unknown>): void {
    this.#pending += 1;
    promise.then(
      () => {
        this.#pending -= 1;
      },
      (error: unknown) => {
        this.#problem ??= error;
      },
    );
  }

  async #mayBreak(): Promise<void> {
    const world = this.#world;
    const { random } = world;
    if (random() < 0.001 && world.isUp) {
      world.crash({ keepInFlight: random() < 0.5 });
      await world.catchUpInvariants();
      world.plan(Math.floor(random() * 3_000), () => world.start());
    }
    if (random() < 0.001) world.bus?.breakFor(Math.floor(random() * 1_000));
    for (const name of WORKERS) {
      if (random() > 0.0005 || this.#down.has(name)) continue;
      world.killWorker(name);
      this.#down.add(name);
      world.plan(Math.floor(random() * 12_000), () => this.#revive(name));
    }
  }

  #revive(name: string): void {
    if (this.#down.delete(name))
      this.#world.startWorker(name, 1 + Math.floor(this.#world.random() * 3));
  }

  /** No more faults; whoever is down comes back, paused runs are resumed, and what waits for somebody is answered. */
  async #heal(): Promise<void> {
    const world = this.#world;
    world.network.faults = noFaults;
    world.disk = noDiskFaults;
    while (this.#asked < REQUESTS) this.#request(`r${this.#asked}`);
    for (const name of [...this.#down]) this.#revive(name);
    const isSettled = (): boolean => {
      if (this.#problem !== undefined) throw this.#problem;
      return this.#pending === 0 && world.orchestrator !== undefined;
    };
    await world.until(isSettled, LIVENESS_MS, 'every request and command is answered');
    for (const runId of new Set(this.#runs.values()))
      this.#follow(world.command(runId, { type: 'resume', id: `heal-${runId}` }));
    for (const [requestId, runId] of this.#runs)
      for (const planned of this.#scenarios.get(requestId)?.commands ?? [])
        if (isForHealing(planned)) this.#follow(steer(world, runId, planned));
  }

  /** What was lost three times before the faults ended is tried again. */
  #releaseQuarantined(): void {
    for (const runId of this.#world.invariants.quarantined) {
      if (this.#released.has(runId)) continue;
      this.#released.add(runId);
      this.#follow(this.#world.command(runId, { type: 'release', id: `release-${runId}` }));
    }
  }

  async #finish(): Promise<ChaosResult> {
    const world = this.#world;
    const { invariants } = world;
    const isOver = (): boolean => {
      if (this.#problem !== undefined) throw this.#problem;
      this.#releaseQuarantined();
      const runs = [...this.#runs.values()];
      return (
        this.#pending === 0 &&
        runs.every((runId) => {
          const state = invariants.streams.get(runId);
          return state?.isEnded === true && invariants.fed.get(runId) === state.version;
        })
      );
    };
    try {
      await world.until(isOver, LIVENESS_MS, 'all work finishes');
    } catch (error) {
      if (this.#problem === undefined) invariants.finished();
      throw error;
    }
    invariants.finished();
    for (const runId of new Set(this.#runs.values())) await reportOfRun(world, runId);
    const isEmpty = (): boolean => world.orchestrator?.activeRuns === 0;
    await world.until(isEmpty, 60_000, 'ended runs leave memory');
    await world.close();
    const { steps } = world.time;
    return {
      steps,
      crashes: world.crashes,
      runs: new Set(this.#runs.values()).size,
      commits: invariants.position,
    };
  }
}
