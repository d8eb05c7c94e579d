/**
 * C4: memory ahead of the log is thrown away, the log reopened, and what lives is loaded again. It is tried until it
 * succeeds or the orchestrator is closed.
 */
import type { AgentTable } from './agent-table.ts';
import type { RunTable } from './run-table.ts';
import type { HostRuntime } from './runtime.ts';
import type { ScheduleTable } from './schedule-table.ts';

const RETRY_MS = 500;

export interface ReopeningOptions {
  runtime: Pick<HostRuntime, 'log' | 'logger' | 'clock'>;
  table: Pick<RunTable, 'halt' | 'resume' | 'activateAll'>;
  agents: Pick<AgentTable, 'forgetAll' | 'load'>;
  schedules: Pick<ScheduleTable, 'forgetAll' | 'load'>;
  /** Who else knows what was never recorded. */
  forget: readonly { forgetAll(): void }[];
}

export class Reopening {
  readonly #options: ReopeningOptions;
  #isClosed = false;

  constructor(options: ReopeningOptions) {
    this.#options = options;
  }

  /** An append failed with this error. */
  begin(error: Error): void {
    if (this.#isClosed) return;
    const { table, agents, schedules, forget } = this.#options;
    this.#failed('the log failed; everything uncommitted is loaded again', error);
    const streams = table.halt();
    const names = agents.forgetAll();
    const scheduled = schedules.forgetAll();
    for (const each of forget) each.forgetAll();
    this.#reopen({ streams, names, scheduled });
  }

  #reopen(lost: { streams: string[]; names: string[]; scheduled: string[] }): void {
    const { runtime, table, agents, schedules } = this.#options;
    const { streams, names, scheduled } = lost;
    runtime.log
      .reopen()
      .then(async () => {
        table.resume();
        for (const name of names) await agents.load(name);
        for (const name of scheduled) schedules.load(name);
        await table.activateAll(streams);
      })
      .catch((error: unknown) => {
        this.#failed('the log cannot be reopened yet', error);
        if (!this.#isClosed) runtime.clock.after(RETRY_MS, () => this.#reopen(lost));
      });
  }

  #failed(message: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#options.runtime.logger.error(message, { error: text });
  }

  /** Nothing is tried again. */
  close(): void {
    this.#isClosed = true;
  }
}
