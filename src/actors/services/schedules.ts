/** All parts of schedules together, as the orchestrator starts and stops them. */
import { ScheduleRuns } from '../effects/schedule-runs.ts';
import type { HostRuntime } from '../host/runtime.ts';
import { ScheduleTable } from '../host/schedule-table.ts';
import type { Intake } from './intake.ts';
import type { Planner } from './planner.ts';
import type { Projector } from './projector.ts';
import { ScheduleRecovery } from './schedule-recovery.ts';
import type { Timers } from './timers.ts';

export class Schedules {
  readonly table: ScheduleTable;
  readonly #recovery: ScheduleRecovery;

  /** `doors` is asked late: runs are requested there, and the doors need the table. */
  constructor(options: {
    runtime: HostRuntime;
    timers: Timers;
    projector: Projector;
    planner: Planner;
    doors: () => { intake: Intake };
  }) {
    const { runtime, timers, projector, planner, doors } = options;
    const { log, logger, clock } = runtime;
    const runs = new ScheduleRuns(() => ({
      ...{ log, logger, clock, planner, intake: doors().intake },
      tell: (name, input, causationId) => this.table.tell(name, input, causationId),
    }));
    this.table = new ScheduleTable({ runtime, timers, runs });
    this.#recovery = new ScheduleRecovery({ log, logger, clock, projector, table: this.table });
  }

  /** Every schedule that is there gets its timer, in the background. */
  start(): void {
    this.#recovery.start();
  }

  close(): void {
    this.#recovery.close();
    this.table.close();
  }
}
