/**
 * What agents needed to recover before, at hand for `retry: {delay: auto}`: the fold of `projections/recovery.ts`,
 * begun from the `agents` documents and kept up with the durable log. Memory only; what a decision used is in its event.
 */
import type { Commit } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import { type AgentRecord, recoveryOf } from '../../projections/agents.ts';
import type { AttemptEndEvent } from '../../projections/attempt-end.ts';
import { noRecovery, type Recovery, recoveryAfter } from '../../projections/recovery.ts';

/** Agents that are remembered. */
const MAX_AGENTS = 10_000;
const PAGE = 500;

export class RecoveryTimes {
  readonly #byAgent = new Map<string, Recovery>();

  /** Begins with the documents, which must be level with the log, and follows from there; returns what ends it. */
  async open(log: EventLog): Promise<() => void> {
    for (let after: string | undefined; ; ) {
      const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
      const page = await log.documents.list('agents', query);
      for (const { key, document } of page.documents)
        this.#adopt(key, recoveryOf(document as unknown as AgentRecord));
      if (page.next === undefined) break;
      after = page.next;
    }
    return log.onDurable((commits) => this.take(commits));
  }

  #adopt(agent: string, recovery: Recovery): void {
    if (recovery.recoveries > 0 || recovery.failingSince !== null)
      this.#byAgent.set(agent, recovery);
  }

  /** Takes durable commits, in order. */
  take(commits: readonly Commit[]): void {
    for (const commit of commits)
      for (const { type, data } of commit.events) {
        if (type !== 'task.attemptFailed' && type !== 'task.succeeded') continue;
        this.#takeEnd({ type, data, at: commit.at } as unknown as AttemptEndEvent);
      }
  }

  #takeEnd(event: AttemptEndEvent): void {
    const { agent } = event.data;
    if (agent === undefined) return;
    const before = this.#byAgent.get(agent);
    if (before === undefined && event.type === 'task.succeeded') return;
    const after = recoveryAfter(before ?? noRecovery, event);
    if (after === before || after === noRecovery) return;
    if (before === undefined && this.#byAgent.size >= MAX_AGENTS) return;
    this.#byAgent.set(agent, after);
  }

  /** Milliseconds; undefined for an agent that never recovered. */
  of(agent: string): number | undefined {
    return this.#byAgent.get(agent)?.averageRecoveryMs ?? undefined;
  }
}
