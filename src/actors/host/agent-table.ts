/**
 * The actors of agents: one stream `agent_<name>` each, told by the directory who offers it. Small and few, so they
 * stay in memory. A message waits until the history is folded.
 */
import type { EventLog } from '../../log/event-log.ts';
import { type AgentMessage, decideAgent } from '../../machines/agent/decide.ts';
import { agentMachine } from '../../machines/agent/machine.ts';
import { type Cell, liveCells } from '../../machines/cell.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { Clock } from '../services/clock.ts';
import type { Logger } from './runtime.ts';

/** A change that the log refused is told again after this time, to an actor that is loaded again. */
const RETRY_MS = 1_000;

interface AgentActor {
  agent: string;
  cell: Cell;
  streamVersion: number;
  at: number;
  isReady: boolean;
  waiting: AgentMessage[];
}

export class AgentTable {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #actors = new Map<string, AgentActor>();
  /** Names stay known while actors are loaded again: requests are checked against them. */
  readonly #known = new Set<string>();

  constructor(options: { log: EventLog; clock: Clock; logger: Logger }) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Names of all agents that were ever offered here, as far as they were loaded or heard of. */
  names(): string[] {
    return [...this.#known];
  }

  has(agent: string): boolean {
    return this.#known.has(agent);
  }

  /** Folds the history of an agent. */
  async load(agent: string): Promise<void> {
    if (this.#actors.has(agent)) return;
    const actor: AgentActor = {
      agent,
      cell: liveCells.create(agentMachine),
      streamVersion: 0,
      at: 0,
      isReady: false,
      waiting: [],
    };
    this.#actors.set(agent, actor);
    this.#known.add(agent);
    try {
      await this.#log.flush();
      for await (const commits of this.#log.readStream(streamOf(agent))) {
        for (const commit of commits) {
          for (const { type, data } of commit.events)
            actor.cell.take({ type, data, at: commit.at });
          actor.streamVersion = commit.firstVersion + commit.events.length - 1;
          actor.at = commit.at;
        }
      }
    } catch (error) {
      this.#logger.error('an agent cannot be read from the log', { agent, error: String(error) });
      if (this.#actors.get(agent) === actor) this.#actors.delete(agent);
      for (const message of actor.waiting.splice(0)) this.#tellLater(agent, message, error);
      return;
    }
    actor.isReady = true;
    for (const message of actor.waiting.splice(0)) this.#take(actor, message);
  }

  tell(agent: string, message: AgentMessage): void {
    const actor = this.#actors.get(agent);
    if (actor?.isReady === true) {
      this.#take(actor, message);
      return;
    }
    if (actor === undefined) void this.load(agent);
    this.#actors.get(agent)?.waiting.push(message);
  }

  /** After a failed append memory may be ahead of the log: everything is folded again when it is needed. */
  forgetAll(): string[] {
    const names = this.names();
    for (const actor of this.#actors.values()) actor.cell.stop();
    this.#actors.clear();
    return names;
  }

  #take(actor: AgentActor, message: AgentMessage): void {
    const at = Math.max(this.#clock.now(), actor.at);
    try {
      const events = decideAgent(actor.cell, actor.agent, message);
      if (events.length === 0) return;
      for (const { type, data } of events) actor.cell.take({ type, data, at });
      this.#log.append({
        stream: streamOf(actor.agent),
        expectedVersion: actor.streamVersion,
        events,
        at,
        correlationId: streamOf(actor.agent),
        causationId: message.type === 'offered' ? message.heartbeat.worker : message.worker,
        actor: { kind: 'system' },
      });
      actor.streamVersion += events.length;
      actor.at = at;
    } catch (error) {
      this.#logger.warn('an agent could not be recorded', {
        agent: actor.agent,
        error: String(error),
      });
      actor.cell.stop();
      this.#actors.delete(actor.agent);
      this.#tellLater(actor.agent, message, error);
    }
  }

  #tellLater(agent: string, message: AgentMessage, error: unknown): void {
    if (error instanceof TroupeError && error.code === 'log.closed') return;
    this.#clock.after(RETRY_MS, () => this.tell(agent, message));
  }
}

function streamOf(agent: string): string {
  return `agent_${agent}`;
}
