/**
 * The reactor that feeds every projection from the durable log. It owns when events are folded and documents are
 * written; `projection-state.ts` owns how.
 *
 * Size: following, catching up and rebuilding share one state; apart, their order would be hidden.
 *
 * R1 One follower of the log feeds all projections that are level with it. One that is behind (a rebuild, another
 *    shape) reads the log apart and joins when it is level, so nobody waits for it.
 * R2 Documents and checkpoint of a projection are written together, after at most `BATCH_COMMITS` commits or
 *    `COLLECT_MS`, or at once when somebody asks for them. A document is written once a batch however often it changed.
 * R3 A projection that cannot fold an event, or cannot be stored, stops alone and says so in `status`.
 * R4 Nothing here is needed for recovery: whatever was not written is folded again from the checkpoint.
 */
import type { Commit } from '../../events/envelope.ts';
import type { EventLog, ProjectionBase } from '../../log/event-log.ts';
import { type Projection, projectedEvent } from '../../projections/projection.ts';
import { projections as allProjections } from '../../projections/registry.ts';
import { reasonOf, TroupeError } from '../../workflow/errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { REMOVED } from './projection-documents.ts';
import {
  ProjectionFailedError,
  ProjectionLaggingError,
  ProjectionUnknownError,
} from './projection-errors.ts';
import { type ProjectionFailure, ProjectionState } from './projection-state.ts';
import { ProjectionWaiters } from './projection-waiters.ts';

/** Commits that are folded before they are written. */
const BATCH_COMMITS = 5_000;
/** How long a change waits for others to be written with. */
const COLLECT_MS = 500;
/** A write or a reading of the log that fails is tried this often, with this much time in between. */
const MAX_TRIES = 5;
const RETRY_MS = 200;

export interface ProjectionStatus {
  name: string;
  /** What queries see. */
  position: number;
  /** Durable commits that queries do not see yet. */
  lag: number;
  mode: 'level' | 'behind' | 'failed';
  failure?: { position: number; stream?: string; streamVersion?: number; message: string };
}

export interface ProjectorOptions {
  log: EventLog;
  /** Default: all. */
  projections?: readonly Projection[];
  clock?: Pick<Clock, 'after'>;
  batchCommits?: number;
  collectMs?: number;
}

/** Projections that are fed together, and which of them fold an event type. */
interface Lineup {
  readonly states: readonly ProjectionState[];
  readonly byType: ReadonlyMap<string, ProjectionState[]>;
}

export class Projector {
  readonly #log: EventLog;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #batchCommits: number;
  readonly #collectMs: number;
  readonly #states: Map<string, ProjectionState>;
  readonly #stop = new AbortController();
  readonly #waiters: ProjectionWaiters;
  readonly #joining = new Set<Promise<void>>();
  #level: Lineup = lineupOf([]);
  /** The follower has taken everything up to here, and folded it or is about to. */
  #claimed = 0;
  #unwritten = 0;
  #cancelTimer: (() => void) | undefined;
  #following: Promise<void> | undefined;

  constructor(options: ProjectorOptions) {
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#waiters = new ProjectionWaiters(this.#clock);
    this.#batchCommits = options.batchCommits ?? BATCH_COMMITS;
    this.#collectMs = options.collectMs ?? COLLECT_MS;
    const all = options.projections ?? allProjections;
    this.#states = new Map(all.map((each) => [each.name, new ProjectionState(each, this.#log)]));
  }

  /** Reads the checkpoints; clears what has another shape. Call it once, before anything else. */
  async open(): Promise<void> {
    const { durablePosition } = this.#log;
    await Promise.all([...this.#states.values()].map((state) => state.resume(durablePosition)));
  }

  /** Feeds all projections from now on, until `close`. */
  start(): void {
    if (this.#following !== undefined) return;
    const states = [...this.#states.values()];
    this.#claimed = Math.max(0, ...states.map((state) => state.position));
    this.#level = lineupOf(states.filter((state) => state.position >= this.#claimed));
    this.#following = this.#follow();
    const behind = states.filter((state) => state.position < this.#claimed);
    if (behind.length > 0) void this.#joinLater(behind);
  }

  /**
   * Resolves when the named projections (default: all) have stored everything up to `toPosition`; recovery calls it
   * before it trusts an index. Throws `projection.failed`, `projection.unknown`.
   */
  async catchUp(names: readonly string[] | undefined, toPosition: number): Promise<void> {
    const wanted = names ?? [...this.#states.keys()];
    if (this.#following === undefined) {
      const states = wanted.map((name) => this.#state(name));
      await this.#readApart(states, toPosition);
    }
    await Promise.all(wanted.map((name) => this.waitFor(name, toPosition)));
  }

  /** The position up to which queries see everything. Throws `projection.unknown`. */
  caughtUpTo(name: string): number {
    return this.#state(name).storedPosition;
  }

  /**
   * Stores what is folded, so that a query that comes now sees it. Does not wait for a store that fails: what it has
   * is what queries see. Throws `projection.unknown`.
   */
  async store(name: string): Promise<void> {
    const state = this.#state(name);
    const target = state.position;
    // The first write may be one that was under way, of less.
    for (let tries = 0; tries < 2 && state.storedPosition < target; tries += 1) {
      try {
        await state.write();
      } catch {
        break; // whoever writes in turn tries again and says so
      }
    }
    this.#waiters.reached(name, state.storedPosition);
  }

  /**
   * Resolves when queries see everything up to `position`. Throws `projection.lagging` after `timeoutMs` (default:
   * never), `projection.failed`, `projection.unknown`.
   */
  async waitFor(name: string, position: number, timeoutMs?: number): Promise<void> {
    const state = this.#state(name);
    if (state.failure !== undefined) throw failedError(name, state.failure);
    if (state.storedPosition >= position) return;
    const reached = this.#waiters.wait({
      name,
      position,
      timeoutMs,
      late: () => this.#laggingError(name, position),
    });
    if (state.position >= position) void this.#writeAll([...this.#states.values()]);
    await reached;
  }

  /**
   * Folds everything again from the start of the log into fresh state: one projection, or all. Resolves when it is
   * level; until then its queries see what has been folded so far. Throws `projection.failed`, `projection.unknown`.
   */
  async rebuild(name?: string): Promise<void> {
    const olds = name === undefined ? [...this.#states.values()] : [this.#state(name)];
    this.#level = lineupOf(this.#level.states.filter((state) => !olds.includes(state)));
    const fresh = olds.map((old) => new ProjectionState(old.projection, this.#log));
    for (const state of fresh) this.#states.set(state.projection.name, state);
    for (const old of olds) {
      old.fail({ position: old.position, error: new Error('replaced by a rebuild') });
      await old.settled();
    }
    for (const state of fresh) await state.startOver();
    const target = this.#log.durablePosition;
    if (this.#following === undefined) await this.#readApart(fresh, target);
    else await this.#joinLater(fresh);
    for (const state of fresh) {
      if (state.failure !== undefined) throw failedError(state.projection.name, state.failure);
    }
  }

  /** What the projections that count over streams know at one position each, stored up to `position` at least. */
  async capture(position: number): Promise<ProjectionBase[]> {
    const states = [...this.#states.values()].filter((state) => state.projection.isCumulative);
    const names = states.map((state) => state.projection.name);
    await this.catchUp(names, position);
    return Promise.all(states.map((state) => state.capture()));
  }

  /** How far each projection is, and what stopped the ones that stopped. */
  status(): ProjectionStatus[] {
    return [...this.#states.values()].map((state) => {
      const { failure, storedPosition } = state;
      const isLevel = this.#level.states.includes(state);
      return {
        name: state.projection.name,
        position: storedPosition,
        lag: Math.max(0, this.#log.durablePosition - storedPosition),
        mode: failure !== undefined ? 'failed' : isLevel ? 'level' : 'behind',
        ...(failure === undefined ? {} : { failure: describe(failure) }),
      };
    });
  }

  /** Writes what is folded and stops. Waiting callers get `projection.lagging`. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer?.();
    await this.#following;
    await Promise.all(this.#joining);
    for (const state of this.#states.values()) await this.#write(state);
    this.#waiters.giveUp();
  }

  /** The one follower. A reading that fails is taken up again where it stopped. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    for (let tries = 0; !signal.aborted && tries < MAX_TRIES; tries += 1) {
      try {
        for await (const commits of this.#log.follow({ after: this.#claimed, signal })) {
          tries = 0;
          const last = commits.at(-1);
          if (last === undefined) continue;
          this.#claimed = last.position;
          await this.#fold(this.#level, commits);
          await this.#collect(commits.length);
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (isPassing(error)) tries = -1;
        if (tries + 1 >= MAX_TRIES) this.#failAll(this.#level.states, error);
        else await this.#pause();
      }
    }
  }

  async #fold(lineup: Lineup, commits: readonly Commit[]): Promise<void> {
    for (const commit of commits) {
      for (let index = 0; index < commit.events.length; index += 1) {
        const type = commit.events[index]?.type as string;
        const states = type === REMOVED ? lineup.states : lineup.byType.get(type);
        if (states === undefined) continue;
        const event = projectedEvent(commit, index);
        for (const state of states) if (state.position < commit.position) state.add(event);
      }
    }
    const last = commits.at(-1)?.position ?? 0;
    for (const state of lineup.states) {
      if (!state.isLoaded) await this.#retried(state, () => state.load());
    }
    for (const state of lineup.states) state.fold(last);
    this.#dismissFailed(lineup.states);
  }

  /** Counts commits that are folded and not written; writes when there are many or somebody waits, else in a while. */
  async #collect(commits: number): Promise<void> {
    this.#unwritten += commits;
    const { states } = this.#level;
    if (this.#unwritten >= this.#batchCommits) await this.#writeAll(states);
    else if (states.some((state) => this.#waiters.has(state.projection.name, state.position)))
      void this.#writeAll(states);
    else
      this.#cancelTimer ??= this.#clock.after(
        this.#collectMs,
        () => void this.#writeAll(this.#level.states),
      );
  }

  async #writeAll(states: readonly ProjectionState[]): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#unwritten = 0;
    await Promise.all(states.map((state) => this.#write(state)));
  }

  /** Writes until what was folded at the call is stored; never throws: a projection that cannot be written stops. */
  async #write(state: ProjectionState): Promise<void> {
    const target = state.position;
    while (state.storedPosition < target && state.failure === undefined) {
      await this.#retried(state, () => state.write());
    }
    this.#waiters.reached(state.projection.name, state.storedPosition);
  }

  async #retried(state: ProjectionState, step: () => Promise<void>): Promise<void> {
    for (let tries = 1; state.failure === undefined; tries += 1) {
      try {
        await step();
        return;
      } catch (error) {
        if (isPassing(error) && !this.#stop.signal.aborted) tries = 0;
        if (tries >= MAX_TRIES) this.#failAll([state], error);
        else await this.#pause();
      }
    }
  }

  /** Feeds projections that are behind from the log alone, up to a position, and writes them. */
  async #readApart(states: readonly ProjectionState[], upTo: number): Promise<void> {
    const lineup = lineupOf(states);
    const after = Math.min(...states.map((state) => state.position));
    let unwritten = 0;
    let writing: Promise<unknown> | undefined;
    for await (const commits of this.#log.readAll({ after, upTo })) {
      if (this.#stop.signal.aborted) break;
      await this.#fold(lineup, commits);
      unwritten += commits.length;
      if (unwritten < this.#batchCommits) continue;
      unwritten = 0;
      await writing; // one batch is written while the next is folded
      writing = Promise.all(states.map((state) => this.#write(state)));
    }
    await writing;
    await Promise.all(states.map((state) => this.#write(state)));
  }

  #joinLater(states: readonly ProjectionState[]): Promise<void> {
    const joined = this.#join(states).catch((error: unknown) => this.#failAll(states, error));
    this.#joining.add(joined);
    return joined.finally(() => this.#joining.delete(joined));
  }

  async #join(states: readonly ProjectionState[]): Promise<void> {
    const isBehind = (state: ProjectionState): boolean =>
      state.failure === undefined && state.position < this.#claimed;
    while (!this.#stop.signal.aborted && states.some(isBehind)) {
      await this.#readApart(states.filter(isBehind), this.#claimed);
    }
    // Nothing has been awaited since the last look at `#claimed`: the next batch of the follower is theirs too.
    const joined = states.filter((state) => this.#states.get(state.projection.name) === state);
    this.#level = lineupOf([...this.#level.states, ...joined]);
  }

  #failAll(states: readonly ProjectionState[], error: unknown): void {
    for (const state of states) state.fail({ position: state.position, error });
    this.#dismissFailed(states);
  }

  #dismissFailed(states: readonly ProjectionState[]): void {
    for (const { failure, projection } of states) {
      if (failure !== undefined)
        this.#waiters.dismiss(projection.name, failedError(projection.name, failure));
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(RETRY_MS, resolve);
    });
  }

  #state(name: string): ProjectionState {
    const state = this.#states.get(name);
    if (state === undefined) throw new ProjectionUnknownError(name, [...this.#states.keys()]);
    return state;
  }

  #laggingError(name: string, wanted: number): ProjectionLaggingError {
    return new ProjectionLaggingError({
      projection: name,
      position: this.#state(name).storedPosition,
      wanted,
    });
  }
}

/** The log cannot be read or written now: it is reopened until it can, and nothing is wrong with a projection. */
const PASSING_CODES: ReadonlySet<string> = new Set(['log.closed', 'log.failed', 'log.io']);

function isPassing(error: unknown): boolean {
  return error instanceof TroupeError && PASSING_CODES.has(error.code);
}

function lineupOf(states: readonly ProjectionState[]): Lineup {
  const byType = new Map<string, ProjectionState[]>();
  for (const state of states) {
    for (const type of state.projection.handles) {
      const folding = byType.get(type);
      if (folding === undefined) byType.set(type, [state]);
      else folding.push(state);
    }
  }
  return { states, byType };
}

function failedError(projection: string, failure: ProjectionFailure): ProjectionFailedError {
  return new ProjectionFailedError({
    projection,
    position: failure.position,
    reason: reasonOf(failure.error),
  });
}

function describe(failure: ProjectionFailure): NonNullable<ProjectionStatus['failure']> {
  const { error: _, ...place } = failure;
  return { ...place, message: reasonOf(failure.error) };
}
