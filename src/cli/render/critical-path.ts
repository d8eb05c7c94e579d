/** The chain of tasks that the end of a run waited for. Pure. */
import {
  type HookName,
  hookTasksOf,
  type TaskDefinition,
  type WorkflowDefinition,
} from '../../workflow/definition.ts';

/** One round of a task, or one time through it, as the events tell it. Times in ms since the epoch. */
export interface RoundTimes {
  /** The activation. */
  id: string;
  /** Of the definition. */
  task: string;
  /** When it was scheduled, and the version of the event. */
  readyAt: number;
  readyVersion: number;
  /** Of the first attempt; absent where it needed none. */
  startedAt?: number;
  endedAt?: number;
  endVersion?: number;
}

/** Times in ms since the epoch, lengths in ms. */
export interface PathStep {
  /** The activation: of a task with several rounds each is a step of its own. */
  taskId: string;
  /** When what comes before allowed it. */
  readyAt: number;
  endedAt: number;
  /** From ready to the start of the first attempt: for a slot, a worker. */
  waitMs: number;
  /** From the first attempt to the end, retries and their delays included. */
  workMs: number;
}

/**
 * From the round that ended last back over what each was waiting for, that which ended last before it was scheduled;
 * first one first. Before a task come its dependencies, the ends of loops that lead to it and its own earlier rounds; before
 * the first tasks of a hook, or between the hooks, everything of the phases before. What has not ended counts to `now`.
 * Linear in the rounds and dependencies on the way.
 */
export function criticalPath(
  definition: WorkflowDefinition,
  rounds: Iterable<RoundTimes>,
  now: number,
): PathStep[] {
  const flow = new Flow(definition, rounds);
  const steps: PathStep[] = [];
  let at = flow.last();
  while (at !== undefined) {
    const { id, readyAt, endedAt = now } = at;
    const startedAt = at.startedAt ?? readyAt;
    steps.push({
      taskId: id,
      readyAt,
      endedAt,
      waitMs: Math.max(0, startedAt - readyAt),
      workMs: Math.max(0, endedAt - startedAt),
    });
    at = flow.before(at);
  }
  return steps.reverse();
}

const NEVER = Number.POSITIVE_INFINITY;
const PHASES: readonly (HookName | undefined)[] = [
  'on_start',
  undefined,
  'on_success',
  'on_failure',
  'on_complete',
];

class Flow {
  readonly #tasks: ReadonlyMap<string, TaskDefinition>;
  /** The tasks that loops lead back from, by the task that they lead to. */
  readonly #loopEnds = new Map<string, string[]>();
  /** By task, those that have started, in the order of their ends. */
  readonly #rounds = new Map<string, RoundTimes[]>();

  constructor(definition: WorkflowDefinition, rounds: Iterable<RoundTimes>) {
    const tasks = [...definition.tasks, ...hookTasksOf(definition)];
    this.#tasks = new Map(tasks.map((task) => [task.id, task]));
    for (const { from, to } of definition.loops ?? [])
      this.#loopEnds.set(to, [...(this.#loopEnds.get(to) ?? []), from]);
    for (const round of rounds) {
      if (round.startedAt === undefined) continue;
      const known = this.#rounds.get(round.task);
      if (known === undefined) this.#rounds.set(round.task, [round]);
      else known.push(round);
    }
    for (const list of this.#rounds.values()) list.sort((one, other) => endOf(one) - endOf(other));
  }

  last(): RoundTimes | undefined {
    return this.#latest(this.#tasks.keys(), NEVER);
  }

  /** By versions, for many things may happen within one millisecond. */
  before({ task, readyVersion }: RoundTimes): RoundTimes | undefined {
    return this.#latest(this.#through(task), readyVersion - 1);
  }

  #latest(tasks: Iterable<string>, notAfter: number): RoundTimes | undefined {
    let found: RoundTimes | undefined;
    for (const task of tasks) {
      const round = lastEnded(this.#rounds.get(task) ?? [], notAfter);
      if (round !== undefined && (found === undefined || endOf(round) >= endOf(found)))
        found = round;
    }
    return found;
  }

  /** What a task waits for. One that never started ends at once when what is before it allows: that is looked at too. */
  #through(task: string): Set<string> {
    const seen = new Set([task, ...this.#waitsFor(task)]);
    for (const id of seen) {
      if (id === task || this.#rounds.has(id)) continue;
      for (const before of this.#waitsFor(id)) seen.add(before);
    }
    return seen;
  }

  #waitsFor(id: string): string[] {
    const task = this.#tasks.get(id);
    if (task === undefined) return [];
    const ends = this.#loopEnds.get(id) ?? [];
    if (task.dependencies.length > 0) return [...task.dependencies, ...ends];
    const earlier = new Set(PHASES.slice(0, PHASES.indexOf(task.hook)));
    const all = [...this.#tasks.values()].filter(({ hook }) => earlier.has(hook));
    return [...all.map((each) => each.id), ...ends];
  }
}

function endOf({ endVersion }: RoundTimes): number {
  return endVersion ?? NEVER;
}

/** The last of a sorted list that ended by then. */
function lastEnded(rounds: readonly RoundTimes[], notAfter: number): RoundTimes | undefined {
  let [low, high] = [0, rounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(rounds[middle] as RoundTimes) <= notAfter) low = middle + 1;
    else high = middle;
  }
  return rounds[low - 1];
}
