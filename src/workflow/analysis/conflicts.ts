/**
 * Tasks that may be in work at the same time and want the same thing: a mutex (then they wait for each other), a file
 * that both write, a signal that only one of them gets.
 */
import { Ancestry } from '../ancestry.ts';
import type { TaskDefinition } from '../definition.ts';
import type { JsonValue } from '../value.ts';
import { Choices } from './choices.ts';
import type { FlowModel } from './flow-model.ts';

export interface ResourceConflict {
  readonly kind: 'mutex' | 'file' | 'signal';
  /** Of the mutex or the signal; the path. */
  readonly name: string;
  /** In dependency order. */
  readonly tasks: readonly number[];
}

/** Pairs of tasks that are compared for one thing. */
const MAX_PAIRS = 5_000;
/** Parameters that name what a task writes. */
const WRITES =
  /^(?:out|output|output_?(?:file|path|dir)|outfile|target|dest|destination|write|write_to|save|save_to|save_as)$/i;
const REDIRECT = />>?\s*([^\s;&|<>]+)/g;

export interface Conflicts {
  readonly found: readonly ResourceConflict[];
  /** False where a thing has so many tasks that not all pairs were compared. */
  readonly isComplete: boolean;
}

export function conflictsOf(model: FlowModel): Conflicts {
  const ancestry = new Ancestry(model.graph);
  let isComplete = true;
  const found: ResourceConflict[] = [];
  for (const kind of ['mutex', 'file', 'signal'] as const) {
    const wanted = new Map<string, number[]>();
    for (const index of model.order) {
      const { task } = model.tasks[index] as FlowModel['tasks'][number];
      for (const name of namesOf[kind](task, model)) {
        const known = wanted.get(name);
        if (known === undefined) wanted.set(name, [index]);
        // A task that names it twice is one task.
        else if (known.at(-1) !== index) known.push(index);
      }
    }
    for (const [name, tasks] of wanted) {
      if (tasks.length < 2) continue;
      const { together, isCut } = sideBySide(tasks, model, ancestry);
      if (together.length > 1) found.push({ kind, name, tasks: together });
      if (isCut) isComplete = false;
    }
  }
  return { found, isComplete: isComplete && !ancestry.isSpent };
}

const namesOf: Readonly<
  Record<ResourceConflict['kind'], (task: TaskDefinition, model: FlowModel) => readonly string[]>
> = {
  mutex: mutexesOf,
  file: (task) => filesOf(task),
  signal: ({ wait, feed }) => {
    if (feed !== undefined) return [feed];
    if (wait?.kind === 'signal') return [wait.name];
    if (wait?.kind !== 'first') return NONE;
    return Object.values(wait.of).flatMap((event) => (event.kind === 'signal' ? event.name : []));
  },
};

/** Of most tasks. */
const NONE: readonly string[] = [];

function mutexesOf(
  { mutex: own, region }: TaskDefinition,
  { definition }: FlowModel,
): readonly string[] {
  const mutex: readonly string[] = own ?? NONE;
  const ofRegion = region === undefined ? undefined : definition.regions?.[region]?.mutex;
  return ofRegion === undefined ? mutex : [...mutex, ...ofRegion];
}

function filesOf({ parameters, agent }: TaskDefinition): string[] {
  const files: string[] = [];
  for (const key in parameters) {
    const value = parameters[key];
    if (typeof value !== 'string' || value === '') continue;
    if (WRITES.test(key)) files.push(value);
    if (agent === 'shell' && key === 'command') files.push(...redirects(value));
  }
  return files;
}

function redirects(command: JsonValue): string[] {
  if (typeof command !== 'string') return [];
  return [...command.matchAll(REDIRECT)]
    .map(([, file = '']) => file)
    .filter((file) => file !== '/dev/null' && !file.startsWith('&'));
}

/** Those of a list of which another may be in work at the same time. */
function sideBySide(
  tasks: readonly number[],
  model: FlowModel,
  ancestry: Ancestry,
): { together: number[]; isCut: boolean } {
  const together = new Set<number>();
  const inOrder = (): number[] => tasks.filter((index) => together.has(index));
  let alone = tasks.slice(1);
  let pairs = 0;
  for (const [at, one] of tasks.entries()) {
    if (alone[0] === one) alone.shift();
    // Of two that are known to have company nothing new is learnt.
    const others = together.has(one) ? alone : tasks.slice(at + 1);
    for (const other of others) {
      if (together.has(one) && together.has(other)) continue;
      if (pairs === MAX_PAIRS) return { together: inOrder(), isCut: true };
      pairs += 1;
      if (ancestry.comesBefore(one, other) || excludeEachOther(one, other, model)) continue;
      together.add(one);
      together.add(other);
    }
    alone = alone.filter((index) => !together.has(index));
    if (alone.length === 0) break;
  }
  return { together: inOrder(), isCut: false };
}

/** Their own conditions cannot both hold. */
function excludeEachOther(one: number, other: number, { tasks }: FlowModel): boolean {
  // Most tasks ask nothing.
  if (tasks[one]?.parts.length === 0 && tasks[other]?.parts.length === 0) return false;
  const choices = new Choices();
  for (const index of [one, other]) {
    for (const part of tasks[index]?.parts ?? []) {
      if (part.kind === 'never') return true;
      if (part.kind !== 'value') continue;
      if (!choices.allows(part)) return true;
      choices.choose(part);
    }
  }
  return false;
}
