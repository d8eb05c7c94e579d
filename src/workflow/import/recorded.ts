/**
 * A recorded workflow, whichever format told it: tasks with a time each, and who comes before whom.
 * Everything here is linear in tasks plus dependencies, but for sorting.
 */

export interface RecordedTask {
  /** As the record names it; unique. */
  readonly label: string;
  /** Indexes of the tasks before it. */
  readonly parents: readonly number[];
  /** How long it ran; 0 where that was not recorded. */
  readonly seconds: number;
}

export interface RecordedWorkflow {
  readonly name: string;
  readonly description: string | undefined;
  /** Without cycles. */
  readonly tasks: readonly RecordedTask[];
  /** Of `tasks`: parents first. */
  readonly order: readonly number[];
}

/** What a record amounts to, in seconds. */
export interface RecordedFigures {
  readonly tasks: number;
  readonly dependencies: number;
  /** All times together: the time in sequence. */
  readonly workSeconds: number;
  /** The longest path. */
  readonly criticalPathSeconds: number;
  /** Tasks at the same time where nothing but parents is waited for. */
  readonly peak: number;
}

export function figuresOf(recorded: RecordedWorkflow): RecordedFigures {
  const { tasks } = recorded;
  return {
    tasks: tasks.length,
    dependencies: tasks.reduce((sum, { parents }) => sum + parents.length, 0),
    workSeconds: tasks.reduce((sum, { seconds }) => sum + seconds, 0),
    criticalPathSeconds: longestPaths(recorded).reduce((most, path) => Math.max(most, path), 0),
    peak: peakOf(recorded),
  };
}

/** No schedule is shorter: the critical path, or all work over the places there are. */
export function lowerBound(figures: RecordedFigures, maxParallel: number): number {
  return Math.max(figures.criticalPathSeconds, figures.workSeconds / maxParallel);
}

/** Seconds from the start of each task to the end of the run at the earliest: its own and the longest way behind it. */
export function longestPaths({ tasks, order }: RecordedWorkflow): number[] {
  const behind = tasks.map(() => 0);
  const paths = tasks.map(() => 0);
  for (const index of order.toReversed()) {
    const { seconds, parents } = tasks[index] as RecordedTask;
    const path = seconds + (behind[index] as number);
    paths[index] = path;
    for (const parent of parents) behind[parent] = Math.max(behind[parent] as number, path);
  }
  return paths;
}

/**
 * The most tasks at a time when each starts as early as its parents allow. At one moment the ends come first, then the
 * starts; tasks without a time end last, for they too take a place for a moment.
 */
function peakOf({ tasks, order }: RecordedWorkflow): number {
  const starts = tasks.map(() => 0);
  const moments: { at: number; phase: number; change: number }[] = [];
  for (const index of order) {
    const { seconds, parents } = tasks[index] as RecordedTask;
    const at = parents.reduce((latest, parent) => {
      return Math.max(latest, (starts[parent] as number) + (tasks[parent] as RecordedTask).seconds);
    }, 0);
    starts[index] = at;
    moments.push({ at, phase: 1, change: 1 });
    moments.push({ at: at + seconds, phase: seconds > 0 ? 0 : 2, change: -1 });
  }
  moments.sort((a, b) => a.at - b.at || a.phase - b.phase);
  let running = 0;
  let peak = 0;
  for (const { change } of moments) {
    running += change;
    peak = Math.max(peak, running);
  }
  return peak;
}
