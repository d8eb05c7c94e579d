/** From the names in a record to who comes before whom, by index. Linear. */
import type { Path } from '../problems.ts';

/** A task of a record, with what it says of others. */
export interface NamedTask {
  /** Unique. */
  readonly label: string;
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Where it stands in the file. */
  readonly path: Path;
  readonly parents: readonly string[];
  readonly children: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

interface Mention {
  readonly name: string;
  readonly path: Path;
}

export interface Declared {
  /** Parents of each task, each once. */
  readonly parents: number[][];
  /** Names that no task has. */
  readonly unknown: readonly Mention[];
  /** Names that several tasks have. */
  readonly ambiguous: readonly Mention[];
}

const AMBIGUOUS = -1;

/** By `parents` and `children` together: some records keep one end only. `preferred` wins where an id is also a name. */
export function byDeclaration(tasks: readonly NamedTask[], preferred: 'id' | 'name'): Declared {
  const find = finder(tasks, preferred);
  const parents = tasks.map(() => new Set<number>());
  const unknown: Mention[] = [];
  const ambiguous: Mention[] = [];
  const resolve = (name: string, path: Path): number | undefined => {
    const index = find(name);
    if (index === undefined) unknown.push({ name, path });
    else if (index === AMBIGUOUS) ambiguous.push({ name, path });
    else return index;
    return undefined;
  };
  for (const [index, task] of tasks.entries()) {
    for (const [position, name] of task.parents.entries()) {
      const parent = resolve(name, [...task.path, 'parents', position]);
      if (parent !== undefined) parents[index]?.add(parent);
    }
    for (const [position, name] of task.children.entries()) {
      const child = resolve(name, [...task.path, 'children', position]);
      if (child !== undefined) parents[child]?.add(index);
    }
  }
  return { parents: parents.map((list) => [...list]), unknown, ambiguous };
}

/** A task depends on those that write what it reads. */
export function byFiles(tasks: readonly NamedTask[]): number[][] {
  const writers = new Map<string, number[]>();
  for (const [index, { writes }] of tasks.entries()) {
    for (const file of new Set(writes)) {
      const list = writers.get(file);
      if (list === undefined) writers.set(file, [index]);
      else list.push(index);
    }
  }
  return tasks.map(({ reads }, index) => {
    const before = new Set(reads.flatMap((file) => writers.get(file) ?? []));
    before.delete(index);
    return [...before];
  });
}

function finder(
  tasks: readonly NamedTask[],
  preferred: 'id' | 'name',
): (name: string) => number | undefined {
  const byId = indexBy(tasks, (task) => task.id);
  const byName = indexBy(tasks, (task) => task.name);
  const [first, second] = preferred === 'id' ? [byId, byName] : [byName, byId];
  return (name) => {
    const found = first.get(name);
    return found === undefined || found === AMBIGUOUS ? (second.get(name) ?? found) : found;
  };
}

function indexBy(
  tasks: readonly NamedTask[],
  key: (task: NamedTask) => string | undefined,
): Map<string, number> {
  const found = new Map<string, number>();
  for (const [index, task] of tasks.entries()) {
    const name = key(task);
    if (name !== undefined) found.set(name, found.has(name) ? AMBIGUOUS : index);
  }
  return found;
}
