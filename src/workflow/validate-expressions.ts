/**
 * Checks every expression of a definition: syntax, names, types, and that what it reads exists by then.
 * Size: each place of an expression.
 */
import { Ancestry } from './ancestry.ts';
import type {
  LoopDefinition,
  TaskDefinition,
  WaitDefinition,
  WorkflowDefinition,
} from './definition.ts';
import { parseDuration } from './durations.ts';
import { ExpressionInvalid, ExpressionLimit } from './errors.ts';
import {
  impossibleJoin,
  notBefore,
  outputOfDetached,
  outputOfNone,
  runsLater,
  type Spot,
} from './expression-findings.ts';
import {
  type CompiledExpression,
  compilerWithMemory,
  type Reference,
  type ValueType,
} from './expressions.ts';
import type { TaskGraph } from './graph.ts';
import { LoopMembers } from './loop-members.ts';
import type { NameTable } from './names.ts';
import type { Findings, Path } from './problems.ts';
import { namesOf, TaskNames } from './task-names.ts';
import { compileTemplate, unwrapped } from './templates.ts';
import { secretUse } from './validate-secrets.ts';
import type { JsonObject, JsonValue } from './value.ts';

interface Subject {
  readonly definition: WorkflowDefinition;
  /** The tasks that the graph is of. */
  readonly tasks: readonly TaskDefinition[];
  readonly graph: TaskGraph;
  readonly hasInputs: boolean;
  /** Ids of tasks that run after all of these, or never beside them. */
  readonly ahead: ReadonlySet<string>;
  /** By index: 1 for a task that can never run. A condition that is always false adds to it. */
  readonly isDead: Uint8Array;
  /** By task: the edge that its condition comes from. */
  readonly fromEdges: ReadonlyMap<number, number>;
}

/**
 * Without an `inputs` block, free names become required text inputs of the definition, each with a
 * warning; a name that is used only inside `default(...)` becomes an optional one.
 */
export function checkExpressions(
  { definition, tasks, graph, hasInputs, ahead, isDead, fromEdges }: Subject,
  findings: Findings,
): void {
  const free = new Map<string, { optional: boolean }>();
  const names = namesOf(definition, { hasInputs, free });
  const loops = definition.loops ?? [];
  const of = { graph, loops, tasks, ahead, isDead, fromEdges };
  const check = new ExpressionCheck({ ...of, names, findings });
  for (const [index, task] of tasks.entries()) {
    if (findings.isFull) return;
    check.task(index, task);
  }
  for (const loop of loops) check.loop(loop);
  check.template(definition.outputs, { path: ['outputs'], names, task: undefined });
  for (const [name, { optional }] of free) {
    definition.inputs[name] = { type: 'string', required: !optional };
    findings.add({
      code: 'workflow.free-name',
      severity: 'warning',
      message: `\`${name}\` is no task or variable and becomes an input`,
      hint: `Declare it: \`inputs: { ${name}: { type: string } }\`.`,
      ...(check.firstUse.get(name) ?? { path: [] }),
    });
  }
}

/** True for a task of which nothing is an expression, as most are that do the work. */
function isWithoutExpressions(task: TaskDefinition): boolean {
  const { condition, repeat, foreach, join, wait, compensate, output, parameters } = task;
  const isPlain = (condition ?? repeat ?? foreach ?? join ?? wait ?? compensate) === undefined;
  if (output !== undefined) return false;
  return isPlain && isConstant(parameters);
}

/** Deeper values are left to whoever reads them properly. */
function isConstant(parameters: JsonObject): boolean {
  for (const name in parameters) {
    const value = parameters[name];
    if (typeof value === 'object' && value !== null) return false;
    if (typeof value === 'string' && value.includes('${')) return false;
  }
  return true;
}

type TaskReference = Extract<Reference, { kind: 'task' }>;

interface Use {
  readonly path: Path;
  readonly names: NameTable;
  /** The task that the expression belongs to. */
  readonly task: number | undefined;
  /** Asked when the task has just ended: it sees itself. */
  readonly isAfter?: boolean;
  /** An agent gets what stands here: it may hold secrets. */
  readonly isForAgent?: boolean;
}

/** What is known of a value before a run. */
type Found = Pick<CompiledExpression, 'constant' | 'type'>;

/** What a place takes. */
interface Wanted {
  readonly types: readonly ValueType[];
  readonly what: string;
  readonly hint: string;
  accepts(constant: JsonValue): boolean;
}

const CONDITION: Wanted = {
  types: ['bool'],
  what: 'a condition is true or false',
  hint: 'Compare it: `x == 1`, `x.size() > 0`.',
  accepts: () => true,
};
const FOREACH: Wanted = {
  types: ['list'],
  what: '`foreach` takes a list',
  hint: 'Use `[x]` to make a list of one.',
  accepts: () => true,
};
const TIMER: Wanted = {
  types: ['number', 'string'],
  what: 'the duration of a wait is seconds or a text such as "5m"',
  hint: 'Give a number of seconds, or a text with a unit.',
  accepts: (constant) => parseDuration(constant) !== undefined,
};

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  null: 'null',
  bool: 'a boolean',
  number: 'a number',
  string: 'a text',
  list: 'a list',
  map: 'a map',
};

class ExpressionCheck {
  /** Where each free name is used first. */
  readonly firstUse = new Map<string, Spot>();
  private readonly names: TaskNames;
  private readonly loops: LoopMembers;
  private readonly tasks: readonly TaskDefinition[];
  private readonly ahead: ReadonlySet<string>;
  private readonly graph: TaskGraph;
  private readonly findings: Findings;
  private readonly isDead: Uint8Array;
  private readonly fromEdges: ReadonlyMap<number, number>;
  private readonly ancestry: Ancestry;
  private readonly compile = compilerWithMemory();

  constructor(options: {
    names: NameTable;
    graph: TaskGraph;
    loops: readonly LoopDefinition[];
    tasks: readonly TaskDefinition[];
    ahead: ReadonlySet<string>;
    findings: Findings;
    isDead: Uint8Array;
    fromEdges: ReadonlyMap<number, number>;
  }) {
    this.isDead = options.isDead;
    this.fromEdges = options.fromEdges;
    this.loops = new LoopMembers(options.loops, options.graph);
    this.names = new TaskNames(options.names, this.loops);
    this.tasks = options.tasks;
    this.ahead = options.ahead;
    this.graph = options.graph;
    this.findings = options.findings;
    this.ancestry = new Ancestry(options.graph);
  }

  task(index: number, task: TaskDefinition): void {
    if (isWithoutExpressions(task)) return;
    const names = this.names.of(index, task);
    const place = task.edge === undefined ? ['tasks', index] : ['edges', task.edge];
    const at = (field: string): Use => ({ path: [...place, field], names, task: index });
    const edge = this.fromEdges.get(index);
    const own = edge === undefined ? {} : { path: ['edges', edge, 'condition'] };
    if (task.condition !== undefined)
      this.condition(task.condition, { ...at('condition'), ...own });
    for (const field of ['until', 'while'] as const) {
      const source = task.repeat?.[field];
      if (source === undefined) continue;
      this.condition(source, { ...at('repeat'), path: [...place, 'repeat', field], isAfter: true });
    }
    if (task.foreach !== undefined)
      this.joinHolds(index, task.join?.count, this.template(task.foreach, at('foreach'), FOREACH));
    if (task.join?.until !== undefined) {
      const use = { ...at('join'), path: [...place, 'join', 'until'], isAfter: true };
      this.condition(task.join.until, use);
    }
    if (task.wait !== undefined) this.wait(task.wait, at('wait'));
    const ofInstance = this.names.ofInstance(names, task);
    const isForAgent = (task.agent ?? task.capability) !== undefined;
    this.template(task.parameters, { ...at('parameters'), names: ofInstance, isForAgent });
    if (task.output !== undefined) this.template(task.output, at('output'));
    if (task.compensate !== undefined) {
      const path = ['tasks', index, 'compensate', 'parameters'];
      const isAgentWork = task.compensate.workflow === undefined;
      const use = { path, names: ofInstance, task: index, isAfter: true, isForAgent: isAgentWork };
      this.template(task.compensate.parameters, use);
    }
  }

  private wait(wait: WaitDefinition, use: Use): void {
    const at = (...rest: string[]): Use => ({ ...use, path: [...use.path, ...rest] });
    if (wait.kind === 'timer') this.template(wait.duration, at('timer'), TIMER);
    if (wait.kind === 'approval' && wait.message !== undefined)
      this.template(wait.message, at('approval', 'message'));
    if (wait.kind !== 'first') return;
    for (const [name, each] of Object.entries(wait.of))
      if (each.kind === 'timer') this.template(each.duration, at('first', name, 'timer'), TIMER);
  }

  /** The condition of an edge that leads back sees the task that it leaves. */
  loop({ from, condition, edge }: LoopDefinition): void {
    const task = this.graph.indexOf.get(from);
    if (condition === undefined || task === undefined) return;
    const names = this.names.inLoop;
    const use = { path: ['edges', edge, 'condition'], names, task, isAfter: true };
    this.condition(condition, use);
  }

  private condition(source: string, use: Use): void {
    const { path } = use;
    let isSound = true;
    const onUnknown = (error: ExpressionInvalid): void => {
      isSound = false;
      this.report({ error, source, path });
    };
    try {
      const compiled = this.compile(source, use.names, onUnknown);
      this.references(compiled.references, use, { path, text: source, offset: 0 });
      if (isSound) this.fits(compiled, CONDITION, { source, use });
      if (isSound && use.isAfter !== true && compiled.constant === false)
        this.neverHolds(source, use);
    } catch (error) {
      if (!(error instanceof ExpressionInvalid || error instanceof ExpressionLimit)) throw error;
      this.report({ error, source, path });
    }
  }

  private neverHolds(source: string, { path, task }: Use): void {
    if (task !== undefined) this.isDead[task] = 1;
    this.findings.add({
      code: 'workflow.never-runs',
      severity: 'warning',
      message: 'this condition is always false, so the task is always skipped',
      hint: 'Remove the task, or compare with something that a run decides.',
      path,
      text: source,
    });
  }

  /** A literal list is checked with the task. */
  private joinHolds(index: number, count: number | undefined, found: Found | undefined): void {
    const list = found?.constant;
    const isFed = this.tasks[index]?.feed !== undefined;
    if (isFed || count === undefined || !Array.isArray(list) || count <= list.length) return;
    this.findings.add(impossibleJoin(index, count, list.length));
  }

  /** What is known of the value, where a place wants one and no expression in it is wrong. */
  template(value: JsonValue, use: Use, wanted?: Wanted): Found | undefined {
    let isSound = true;
    compileTemplate(value, use.names, {
      compile: this.compile,
      problem: (error, { path, text: source }) => {
        isSound = false;
        this.report({ error, source, path: this.pathOf(use, path) });
      },
      expression: ({ references }, { path, text, offset }) =>
        this.references(references, use, { path: this.pathOf(use, path), text, offset }),
      secret: (name, { path, ...at }) => {
        const found = secretUse(name, use, { ...at, path: this.pathOf(use, path) });
        isSound &&= found === undefined;
        if (found !== undefined) this.findings.add(found);
      },
    });
    const isText = typeof value === 'string' && value.includes('${');
    return wanted !== undefined && isText && isSound
      ? this.templateFits(value, wanted, use)
      : undefined;
  }

  /** A text that is one `${...}` has the type of its expression; every other one is a text. */
  private templateFits(source: string, wanted: Wanted, use: Use): Found {
    const expression = unwrapped(source);
    const found: Found =
      expression === undefined
        ? { constant: undefined, type: 'string' }
        : this.compile(expression, use.names);
    this.fits(found, wanted, { source, use });
    return found;
  }

  /** Reports what can only fail at run time; what may be right in some run is none of its business. */
  private fits(found: Found, wanted: Wanted, at: { source: string; use: Use }): void {
    const { constant, type } = found;
    if (type === undefined) return;
    const isWrong = !wanted.types.includes(type);
    if (!isWrong && (constant === undefined || wanted.accepts(constant))) return;
    const what = isWrong ? TYPE_NAMES[type] : JSON.stringify(constant);
    this.findings.add({
      code: 'expression.type',
      message: `${wanted.what}, not ${what}`,
      hint: wanted.hint,
      path: at.use.path,
      text: at.source,
    });
  }

  /** `request` stands beside the parameters in the file. */
  private pathOf(use: Use, inner: Path): Path {
    const isRequest = use.path[2] === 'parameters' && inner.length === 1 && inner[0] === 'request';
    return isRequest ? [...use.path.slice(0, 2), 'request'] : [...use.path, ...inner];
  }

  private report({
    error,
    source,
    path,
  }: {
    error: ExpressionInvalid | ExpressionLimit;
    source: string;
    path: Path;
  }): void {
    const isInvalid = error instanceof ExpressionInvalid;
    this.findings.add({
      code: isInvalid ? error.problem : error.code,
      message: error.message,
      hint: error.hint,
      path,
      text: source,
      ...(isInvalid
        ? { offset: error.offset, length: error.length, suggestion: error.suggestion }
        : {}),
    });
  }

  private references(
    references: readonly Reference[],
    use: Use,
    { path, text, offset }: { path: Path; text: string; offset: number },
  ): void {
    for (const reference of references) {
      if (!('at' in reference)) continue;
      const { at } = reference;
      const spot = { path, text, offset: offset + at.offset, length: at.length };
      if (reference.kind === 'task') this.taskReference(reference, use, spot);
      else if (
        reference.kind === 'input' &&
        this.names.outside.free?.has(reference.name) === true &&
        !this.firstUse.has(reference.name)
      ) {
        this.firstUse.set(reference.name, spot);
      }
    }
  }

  /** Outputs see every task; a task sees those that have ended before it. */
  private taskReference(reference: TaskReference, use: Use, spot: Spot): void {
    const { id } = reference;
    const { task: index } = use;
    const target = this.graph.indexOf.get(id);
    if (target === undefined && this.ahead.has(id)) this.findings.add(runsLater(id, spot));
    if (target === undefined) return;
    const needsOutput = !reference.optional && reference.fields.includes('output');
    if (index === undefined && needsOutput && this.isDead[target] === 1)
      this.findings.add(outputOfNone(id, spot));
    const task = index === undefined ? undefined : this.tasks[index];
    if (index === undefined || task === undefined) return;
    if (this.ancestry.comesBefore(target, index)) {
      if (needsOutput && this.tasks[target]?.detach === true)
        this.findings.add(outputOfDetached(id, spot));
      return;
    }
    if (id === task.id && (use.isAfter === true || task.repeat !== undefined)) return;
    // In a loop every task has a time round before: what it names may be of that.
    if (!this.loops.together(target, index)) this.findings.add(notBefore(id, task.id, spot));
  }
}
