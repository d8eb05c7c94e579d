/** Small random workflows with a script of how each attempt ends, and a driver that plays them in any order. */

import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';
import { seededRandom } from '../support/seeded.ts';
import { type PureOptions, PureRun } from './pure-run.ts';

export interface ScriptedTask {
  kind: 'agent' | 'foreach' | 'timer';
  dependencies: number[];
  trigger: string;
  isConditionFalse: boolean;
  isSkippedOnFailure: boolean;
  attempts: number;
  /** Of each instance (the first one for a plain task): attempts that fail before one succeeds. */
  failures: number[];

  mutexes?: string[];
  region?: string;
  /** It runs twice: a workflow with such a task has rounds. */
  repeats?: boolean;
}

export interface ScriptedWorkflow {
  tasks: ScriptedTask[];
  onFailure: 'stop' | 'continue';
  maxParallel: number;
  /** Regions with a mutex. */
  hasRegions?: boolean;
}

const MAX_TASKS = 7;
const triggers = [
  'all_success',
  'all_success',
  'all_done',
  'one_success',
  'one_failed',
  'none_failed',
  'activated',
  'any',
];

const scriptedTask = (index: number): fc.Arbitrary<ScriptedTask> =>
  fc.record({
    kind: fc.constantFrom('agent', 'agent', 'agent', 'foreach', 'timer'),
    dependencies: fc.subarray(
      Array.from({ length: index }, (_, at) => at),
      { maxLength: Math.min(3, index) },
    ),
    trigger: fc.constantFrom(...triggers),
    isConditionFalse: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
    isSkippedOnFailure: fc.integer({ min: 0, max: 4 }).map((number) => number === 0),
    attempts: fc.integer({ min: 1, max: 3 }),
    failures: fc.array(fc.constantFrom(0, 0, 0, 1, 9), { minLength: 1, maxLength: 3 }),
  });

export const scriptedWorkflow: fc.Arbitrary<ScriptedWorkflow> = fc
  .integer({ min: 1, max: MAX_TASKS })
  .chain((count) =>
    fc.record({
      tasks: fc.tuple(...Array.from({ length: count }, (_, index) => scriptedTask(index))),
      onFailure: fc.constantFrom('stop', 'continue'),
      maxParallel: fc.integer({ min: 1, max: 4 }),
    }),
  );

const mutexNames = ['m', 'n', 'r', 's'];
export const regionMutexes = {
  one: { mutex: ['r'] },
  two: { mutex: ['r', 's'] },
  three: { mutex: ['n'] },
};

const locks = fc.record({
  mutexes: fc.oneof(fc.constant<string[]>([]), fc.subarray(mutexNames, { maxLength: 3 })),
  region: fc.constantFrom(undefined, undefined, ...Object.keys(regionMutexes)),
});

/** The same tasks, with mutexes and in regions, as far as validation takes it: what could lock is refused. */
export const lockedWorkflow: fc.Arbitrary<ScriptedWorkflow> = scriptedWorkflow
  .chain((script) =>
    fc
      .array(locks, { minLength: script.tasks.length, maxLength: script.tasks.length })
      .map((list) => ({
        ...script,
        hasRegions: true,
        tasks: script.tasks.map((task, index): ScriptedTask => {
          const { mutexes = [], region } = list[index] ?? {};
          return { ...task, mutexes, ...(region === undefined ? {} : { region }) };
        }),
      })),
  )
  .filter((script) => compileWorkflow(sourceOf(script)).definition !== undefined);

export const taskName = (index: number): string => `t${index}`;

/** The file form. Without dependencies only `all_success` makes sense. */
function sourceOf({ tasks, onFailure, maxParallel, hasRegions }: ScriptedWorkflow): JsonObject {
  return {
    name: 'random',
    settings: { on_failure: onFailure, max_parallel: maxParallel },
    ...(hasRegions === true ? { regions: regionMutexes } : {}),
    tasks: tasks.map((task, index) => ({
      id: taskName(index),
      dependencies: task.dependencies.map(taskName),
      ...(task.mutexes === undefined || task.mutexes.length === 0 ? {} : { mutex: task.mutexes }),
      ...(task.region === undefined ? {} : { region: task.region }),
      trigger: task.dependencies.length === 0 ? 'all_success' : task.trigger,
      ...(task.isConditionFalse ? { condition: 'false' } : {}),
      ...(task.kind === 'timer' ? { wait: { timer: 5 } } : { agent: 'echo', ...agentFields(task) }),
    })),
  };
}

function agentFields(task: ScriptedTask): JsonObject {
  return {
    ...(task.repeats === true && task.kind === 'agent' ? { repeat: { max: 2 } } : {}),
    ...(task.isSkippedOnFailure ? { on_failure: 'skip' } : {}),
    ...(task.attempts === 1
      ? {}
      : { retry: { max_attempts: task.attempts, delay: task.attempts - 2 } }),
    ...(task.kind === 'foreach' ? { foreach: task.failures.slice(1) } : {}),
  };
}

/** Fields as a whole, null for what goes. */
function patchBetween(before: JsonObject, after: JsonObject): JsonObject {
  const tasksOf = ({ tasks }: JsonObject) =>
    new Map((tasks as JsonObject[]).map((task) => [String(task['id']), task]));
  const [old, next] = [tasksOf(before), tasksOf(after)];
  const tasks: JsonObject = {};
  for (const id of old.keys()) if (!next.has(id)) tasks[id] = null;
  for (const [id, task] of next) {
    const gone = Object.keys(old.get(id) ?? {}).filter((key) => !Object.hasOwn(task, key));
    tasks[id] = { ...Object.fromEntries(gone.map((key) => [key, null])), ...task };
  }
  return { tasks, settings: after['settings'] as JsonObject };
}

/** Another workflow with much in common: tasks at the end come and go, others change. */
export const scriptedChange = (script: ScriptedWorkflow): fc.Arbitrary<ScriptedWorkflow> =>
  fc
    .integer({ min: Math.max(1, script.tasks.length - 1), max: script.tasks.length + 2 })
    .chain((count) =>
      fc
        .tuple(
          ...Array.from({ length: count }, (_, index) => {
            const known = script.tasks[index];
            const other = fc
              .tuple(scriptedTask(index), fc.boolean(), locks)
              .map(([task, repeats, { mutexes, region }]): ScriptedTask => {
                const locked = script.hasRegions === true ? { mutexes } : {};
                const inRegion =
                  script.hasRegions === true && region !== undefined ? { region } : {};
                return { ...task, repeats, ...locked, ...inRegion };
              });
            return known === undefined
              ? other
              : fc.oneof(
                  { weight: 4, arbitrary: fc.constant(known) },
                  { weight: 1, arbitrary: other },
                );
          }),
        )
        .chain((tasks) =>
          fc.integer({ min: 1, max: 4 }).map((maxParallel) => ({ ...script, tasks, maxParallel })),
        ),
    );

const MAX_MESSAGES = 2_000;

/** Plays a run to its end in an order drawn from the seed, with noise that must not matter. */
export class RandomPlay {
  readonly run: PureRun;
  #script: ScriptedWorkflow;
  readonly #random: () => number;
  readonly #failed = new Map<string, number>();
  readonly #lost = new Set<string>();
  #steps = 0;

  constructor(
    script: ScriptedWorkflow,
    options: { seed: number } & Pick<PureOptions, 'slots' | 'forkOf'>,
  ) {
    this.#script = script;
    this.#random = seededRandom(options.seed);
    const { seed: _, ...rest } = options;
    this.run = new PureRun(sourceOf(script), rest);
  }

  /** False once the run has ended. Throws when it does not end. */
  step(): boolean {
    const { run } = this;
    this.#steps += 1;
    if (this.#steps > MAX_MESSAGES) throw new Error('the run does not end');
    if (['succeeded', 'failed', 'canceled'].includes(run.state)) return false;
    const open = [...run.run.open];
    const active = open.filter(({ state }) => state === 'running' || state === 'canceling');
    if (active.length > 0 && this.#random() < 0.9) this.#end(this.#pick(active).id);
    else if (this.#random() < 0.1)
      run.command({ type: run.state === 'paused' ? 'resume' : 'pause' });
    else {
      const delayed = open.filter(({ state }) => state === 'backoff' || state === 'waiting');
      if (run.state === 'paused') run.command({ type: 'resume' });
      else if (delayed.length > 0) run.fire(this.#pick(delayed).id);
    }
    return true;
  }

  get script(): ScriptedWorkflow {
    return this.#script;
  }

  /** Sends what makes the workflow into another one. False where that is refused, or changes nothing. */
  adapt(script: ScriptedWorkflow): boolean {
    const before = this.run.history.length;
    const patch = patchBetween(sourceOf(this.#script), sourceOf(script));
    this.run.command({ type: 'adapt', patch });
    const isTaken = this.run.history
      .slice(before)
      .some(({ event }) => event.type === 'run.adapted');
    if (isTaken) this.#script = script;
    return isTaken;
  }

  play(): PureRun {
    while (this.step());
    return this.run;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  #end(id: string): void {
    const { run } = this;
    const attempt = run.attempt(id);
    const noise = this.#random();
    if (noise < 0.1 && attempt > 1) run.fail(id, {}, attempt - 1);
    if (noise > 0.9 && !this.#lost.has(id) && run.run.activations.get(id)?.state === 'running') {
      this.#lost.add(id);
      run.lose(id);
      return;
    }
    const failed = this.#failed.get(id) ?? 0;
    const isSuccess = failed >= this.#failuresOf(id);
    if (isSuccess) run.succeed(id, id);
    else {
      this.#failed.set(id, failed + 1);
      run.fail(id);
    }
    if (noise > 0.2) return;
    if (isSuccess) run.succeed(id, 'again', attempt);
    else run.fail(id, {}, attempt);
  }

  #failuresOf(id: string): number {
    const [name = '', index] = id.split('~');
    const task = this.#script.tasks[Number(name.slice(1))];
    return task?.failures[index === undefined ? 0 : Number(index) + 1] ?? 0;
  }
}
