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

export function conflictsOf(model: FlowModel): ResourceConflict[] {
  const ancestry = new Ancestry(model.graph);
  const found: ResourceConflict[] = [];
  for (const kind of ['mutex', 'file', 'signal'] as const) {
    const wanted = new Map<string, number[]>();
    for (const index of model.order) {
      const { task } = model.tasks[index] as FlowModel['tasks'][number];
      for (const name of new Set(namesOf[kind](task, model))) {
        const known = wanted.get(name);
        if (known === undefined) wanted.set(name, [index]);
        else known.push(index);
      }
    }
    for (const [name, tasks] of wanted) {
      const together = tasks.length < 2 ? [] : sideBySide(tasks, model, ancestry);
      if (together.length > 1) found.push({ kind, name, tasks: together });
    }
  }
  return found;
}

const namesOf: Readonly<
  Record<ResourceConflict['kind'], (task: TaskDefinition, model: FlowModel) => string[]>
> = {
  mutex: mutexesOf,
  file: (task) => filesOf(task),
  signal: ({ wait, feed }) => {
    if (feed !== undefined) return [feed];
    if (wait?.kind === 'signal') return [wait.name];
    if (wait?.kind !== 'first') return [];
    return Object.values(wait.of).flatMap((event) => (event.kind === 'signal' ? event.name : []));
  },
};

function mutexesOf({ mutex = [], region }: TaskDefinition, { definition }: FlowModel): string[] {
  const ofRegion = region === undefined ? undefined : definition.regions?.[region]?.mutex;
  return [...mutex, ...(ofRegion ?? [])];
}

function filesOf({ parameters, agent }: TaskDefinition): string[] {
  const files: string[] = [];
  for (const [key, value] of Object.entries(parameters)) {
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
function sideBySide(tasks: readonly number[], model: FlowModel, ancestry: Ancestry): number[] {
  const together = new Set<number>();
  let pairs = 0;
  for (const [at, one] of tasks.entries()) {
    for (const other of tasks.slice(at + 1)) {
      pairs += 1;
      if (pairs > MAX_PAIRS) return [...together];
      if (together.has(one) && together.has(other)) continue;
      if (ancestry.comesBefore(one, other) || excludeEachOther(one, other, model)) continue;
      together.add(one);
      together.add(other);
    }
  }
  return tasks.filter((index) => together.has(index));
}

/** Their own conditions cannot both hold. */
function excludeEachOther(one: number, other: number, { tasks }: FlowModel): boolean {
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
