/**
 * Reads WfFormat (wfcommons.org), the JSON in which the research community shares recorded runs of workflows.
 *
 * - From 1.5: `workflow.specification.tasks` with ids, and `workflow.execution.tasks` with `runtimeInSeconds`.
 * - 1.3 and 1.4: `workflow.tasks` with `runtime` or `runtimeInSeconds`; tasks name each other by name.
 * - Before: the same as `workflow.jobs`.
 *
 * The shape decides, not `schemaVersion`. Dependencies are what `parents` and `children` say together. Where neither
 * says anything, a task depends on those that write the files it reads.
 */
import type { z } from 'zod';
import { buildGraph } from '../graph.ts';
import { readJson } from '../json-source.ts';
import { jsonSpans } from '../json-spans.ts';
import { MAX_SOURCE_LENGTH } from '../limits.ts';
import { Findings, type Locate, type Path, type Problem } from '../problems.ts';
import { locatorOf } from '../source-places.ts';
import { nearest } from '../suggest.ts';
import { readSource } from '../yaml-source.ts';
import { byDeclaration, byFiles, type NamedTask } from './dependencies.ts';
import type { RecordedWorkflow } from './recorded.ts';
import { inOnePart, inTwoParts, type Named } from './wfformat-shape.ts';

/** `recorded` is there exactly when no problem is an error. */
export interface WfFormatResult {
  recorded?: RecordedWorkflow;
  problems: Problem[];
}

/** Reads a file. All problems are reported at once, with their places. Nothing throws. */
export function readWfFormat(source: string, file?: string): WfFormatResult {
  const findings = new Findings();
  const { value, locate } = readText(source, findings);
  const recorded = value === undefined ? undefined : new Reading(value, findings).recorded();
  const problems = findings.problems(locate, file);
  return recorded === undefined || findings.hasErrors ? { problems } : { recorded, problems };
}

/** Quick for JSON; what is no JSON is read as YAML, which says what is wrong and where. */
function readText(source: string, findings: Findings): { value?: unknown; locate: Locate } {
  const json = source.length <= MAX_SOURCE_LENGTH ? readJson(source)?.value : undefined;
  if (json !== undefined) return { value: json, locate: locatorOf(source, jsonSpans(source)) };
  const { value, locate } = readSource(source, findings);
  return findings.hasErrors ? { locate } : { value, locate };
}

/** One pass over one file. */
class Reading {
  readonly #value: unknown;
  readonly #findings: Findings;

  constructor(value: unknown, findings: Findings) {
    this.#value = value;
    this.#findings = findings;
  }

  recorded(): RecordedWorkflow | undefined {
    const where = this.#placeOfTasks();
    if (where === undefined) return undefined;
    const isInTwoParts = where[1] === 'specification';
    const schema = isInTwoParts ? inTwoParts : inOnePart(where[1] as 'tasks' | 'jobs');
    const parsed = schema.safeParse(this.#value);
    if (!parsed.success) {
      for (const issue of parsed.error.issues)
        this.#error('import.invalid-field', messageOf(issue), issue.path as Path);
      return undefined;
    }
    const { name = 'imported', description, workflow } = parsed.data;
    const list = at(workflow, where.slice(1)) as Named[];
    const times = isInTwoParts
      ? this.#executionTimes((workflow as z.infer<typeof inTwoParts>['workflow']).execution?.tasks)
      : undefined;
    const found = this.#namedTasks(list, where);
    if (this.#findings.hasErrors) return undefined;
    const parents = this.#parentsOf(found, isInTwoParts ? 'id' : 'name');
    const seconds = this.#secondsOf(found, list, times);
    if (this.#findings.hasErrors) return undefined;
    const graph = buildGraph(
      found.map(({ label }, index) => ({
        id: label,
        dependencies: (parents[index] as number[]).map((other) => labelAt(found, other)),
      })),
    );
    this.#reportCycles(graph.cycles, found);
    return {
      name,
      description,
      tasks: found.map(({ label }, index) => ({
        label,
        parents: graph.dependencies[index] as readonly number[],
        seconds: seconds[index] as number,
      })),
      order: graph.order,
    };
  }

  #error(code: string, message: string, path: Path, hint = HINT): void {
    this.#findings.add({ code, message, hint, path });
  }

  /** The path of the list of tasks, by the shape of the file. */
  #placeOfTasks(): string[] | undefined {
    const workflow = at(this.#value, ['workflow']);
    if (isRecord(workflow)) {
      if ('specification' in workflow) return ['workflow', 'specification', 'tasks'];
      if ('tasks' in workflow) return ['workflow', 'tasks'];
      if ('jobs' in workflow) return ['workflow', 'jobs'];
    }
    const version = at(this.#value, ['schemaVersion']);
    const said = typeof version === 'string' ? ` (it says schemaVersion ${version})` : '';
    this.#error(
      'import.unknown-format',
      `this is no WfFormat that is known${said}: it has neither workflow.specification, workflow.tasks nor workflow.jobs`,
      isRecord(workflow) ? ['workflow'] : [],
      'WfFormat 1.0 to 1.6 can be imported. Check that the file is one of wfcommons.org, or of a tool that writes its format.',
    );
    return undefined;
  }

  /** Each task under a label of its own; the name where that is enough, as records before 1.5 do. */
  #namedTasks(list: readonly Named[], where: readonly string[]): NamedTask[] {
    const names = new Map<string, number>();
    for (const { name } of list)
      if (name !== undefined) names.set(name, (names.get(name) ?? 0) + 1);
    const labels = new Map<string, number>();
    return list.map((task, index) => {
      const path = [...where, index];
      const id = task.id === undefined ? undefined : String(task.id);
      const { name } = task;
      if (id === undefined && name === undefined)
        this.#error('import.invalid-field', 'the task has neither an id nor a name', path);
      const isIdEnough = where[1] === 'specification' || name === undefined;
      const isNameEnough = name !== undefined && names.get(name) === 1;
      const label =
        id !== undefined && isIdEnough
          ? id
          : isNameEnough || id === undefined
            ? (name ?? '')
            : `${name}_${id}`;
      const first = labels.get(label);
      if (first === undefined) labels.set(label, index);
      else
        this.#error(
          'import.duplicate-task',
          `"${label}" is also the task at ${first + 1} of the list`,
          [...path, id === undefined ? 'name' : 'id'],
          'Each task needs an id of its own. Correct the file.',
        );
      return { label, id, name, path, ...connectionsOf(task) };
    });
  }

  #executionTimes(
    list:
      | readonly { id: string; runtimeInSeconds?: number | null | undefined }[]
      | null
      | undefined,
  ): Map<string, number> {
    const times = new Map<string, number>();
    for (const [index, { id, runtimeInSeconds }] of (list ?? []).entries()) {
      const path = ['workflow', 'execution', 'tasks', index, 'id'];
      if (times.has(id))
        this.#error(
          'import.duplicate-task',
          `"${id}" was recorded twice`,
          path,
          'Keep one of the two.',
        );
      times.set(id, runtimeInSeconds ?? Number.NaN);
    }
    return times;
  }

  #parentsOf(found: readonly NamedTask[], preferred: 'id' | 'name'): number[][] {
    const { parents, unknown, ambiguous } = byDeclaration(found, preferred);
    const known = found.flatMap(({ id, name }) => [id, name]).filter((text) => text !== undefined);
    for (const { name, path } of unknown) {
      const near = nearest(name, known);
      const hint =
        near === undefined ? 'Add the task, or remove the name.' : `Did you mean \`${near}\`?`;
      this.#error('import.unknown-task', `"${name}" is no task of the file`, path, hint);
    }
    for (const { name, path } of ambiguous)
      this.#error(
        'import.ambiguous-task',
        `"${name}" is the name of several tasks`,
        path,
        'Name the task by its id.',
      );
    if (
      found.length === 1 ||
      found.some(({ parents: p, children }) => p.length + children.length > 0)
    )
      return parents;
    const guessed = byFiles(found);
    const count = guessed.reduce((sum, list) => sum + list.length, 0);
    if (count > 0)
      this.#warn(
        'import.dependencies-from-files',
        `no task names a parent or a child; ${count} dependencies were taken from the files they read and write`,
        found[0]?.path ?? [],
        'Check the graph: `troupe graph` draws it.',
      );
    return guessed;
  }

  /** Times by task; what was not recorded is 0, and said. */
  #secondsOf(
    found: readonly NamedTask[],
    list: readonly Named[],
    times: ReadonlyMap<string, number> | undefined,
  ): number[] {
    const missing: NamedTask[] = [];
    const negative: NamedTask[] = [];
    const seconds = found.map((task, index) => {
      const { runtime, runtimeInSeconds } = list[index] as Named;
      const own = runtimeInSeconds ?? runtime ?? undefined;
      const time = times?.get(task.id ?? task.label) ?? times?.get(task.name ?? '') ?? own;
      if (time === undefined || Number.isNaN(time)) missing.push(task);
      else if (time < 0) negative.push(task);
      else return time;
      return 0;
    });
    this.#warnOf(missing, 'import.no-runtime', 'has no recorded time and takes none');
    this.#warnOf(negative, 'import.negative-runtime', 'has a recorded time below 0 and takes none');
    return seconds;
  }

  #warnOf(list: readonly NamedTask[], code: string, what: string): void {
    const [first] = list;
    if (first === undefined) return;
    const more = list.length > 1 ? ` (and ${list.length - 1} more)` : '';
    this.#warn(
      code,
      `"${first.label}" ${what}${more}`,
      first.path,
      'Give each task its time in the record.',
    );
  }

  #warn(code: string, message: string, path: Path, hint: string): void {
    this.#findings.add({ code, severity: 'warning', message, hint, path });
  }

  #reportCycles(cycles: readonly (readonly number[])[], found: readonly NamedTask[]): void {
    for (const cycle of cycles) {
      const [first] = cycle;
      if (first === undefined) continue;
      const way = [...cycle, first].map((index) => labelAt(found, index)).join(' -> ');
      const path = found[first]?.path ?? [];
      this.#error('import.cycle', `tasks come before themselves: ${way}`, path, CYCLE_HINT);
    }
  }
}

const HINT = 'See the WfFormat schema on wfcommons.org.';
const CYCLE_HINT = 'A recorded run has no cycles. Remove one of these dependencies.';

/** `runtime: expected number, received string`. */
function messageOf({ path, message }: { path: PropertyKey[]; message: string }): string {
  const name = path.findLast((part) => typeof part === 'string') ?? 'the file';
  return `${String(name)}: ${message.replace(/^Invalid input: /, '')}`;
}

function labelAt(found: readonly NamedTask[], index: number): string {
  return found[index]?.label ?? '';
}

function connectionsOf(task: Named): Pick<NamedTask, 'parents' | 'children' | 'reads' | 'writes'> {
  const files = task.files ?? [];
  const linked = (isInput: boolean): string[] =>
    files
      .filter(({ link }) => (link.toLowerCase() === 'input') === isInput)
      .map(({ name }) => name);
  return {
    parents: task.parents ?? [],
    children: task.children ?? [],
    reads: [...(task.inputFiles ?? []), ...linked(true)],
    writes: [...(task.outputFiles ?? []), ...linked(false)],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner: unknown, key) => (isRecord(inner) ? inner[key] : undefined), value);
}
