/**
 * A definition prepared for deciding: indexes instead of names, dependents, compiled expressions.
 * Derived, shared by all runs of one definition, never stored.
 * Size: one getter for each expression of a task.
 */
import { demandOf } from '../../policies/demand.ts';
import {
  type HookName,
  hookTasksOf,
  signalNames,
  type TaskDefinition,
  type WorkflowDefinition,
} from '../../workflow/definition.ts';
import { type CompiledExpression, compileExpression } from '../../workflow/expressions.ts';
import { type NameTable, namesForTask, nameTableOf } from '../../workflow/names.ts';
import type { SecretSources } from '../../workflow/secrets.ts';
import { type CompiledTemplate, compileTemplate } from '../../workflow/templates.ts';
import { invariant } from '../errors.ts';
import { FlowGraph } from './flow-graph.ts';
import { type PlanSteering, steeringOf } from './plan-steering.ts';

/** Which tasks of a run may start: those of a hook, or those between the hooks. */
export type Phase = HookName | 'tasks';

export type TaskKind = 'agent' | 'foreach' | 'wait' | 'pass' | 'child';

/** An edge that leads back from a task. */
export interface PlanLoop {
  readonly to: number;
  /** How often it may be taken. */
  readonly max: number;
  /** Compiles on first use; undefined: always. */
  readonly condition: (() => CompiledExpression) | undefined;
  /** What becomes of the task where the condition still holds then. */
  readonly onMax: 'fail' | 'accept';
}

/** One task of the definition with what deciding needs at hand. Expressions compile on first use. */
export class PlanNode {
  readonly index: number;
  readonly task: TaskDefinition;
  readonly kind: TaskKind;
  readonly dependencies: number[] = [];
  readonly dependents: number[] = [];
  /** For each dependent: which of its dependencies this task is. */
  readonly slots: number[] = [];
  readonly loops: PlanLoop[] = [];
  /** Dependents that can handle this task's failure: trigger `one_failed`. */
  readonly handlers: number[] = [];
  /** As `policies/demand.ts` writes it; undefined where no agent is needed. */
  readonly demand: string | undefined;
  readonly #names: NameTable;
  #condition: CompiledExpression | undefined;
  #while: CompiledExpression | undefined;
  #until: CompiledExpression | undefined;
  #parameters: CompiledTemplate | undefined;
  #items: CompiledTemplate | undefined;
  #enough: CompiledExpression | undefined;
  #output: CompiledTemplate | undefined;
  #undo: PlanNode | undefined;
  #secrets: SecretSources | undefined;
  readonly #templates = new Map<string, CompiledTemplate>();

  constructor(index: number, task: TaskDefinition, names: NameTable) {
    this.index = index;
    this.task = task;
    this.kind = kindOf(task);
    this.#names = names;
    if (task.agent !== undefined) this.demand = demandOf('agent', task.agent, task.limit);
    else if (task.capability !== undefined)
      this.demand = demandOf('capability', task.capability, task.limit);
    else this.demand = undefined;
  }

  get condition(): CompiledExpression | undefined {
    if (this.task.condition === undefined) return undefined;
    this.#condition ??= compileExpression(this.task.condition, this.#names);
    return this.#condition;
  }

  /** What undoes it: agent work at the place of the task, without its condition, trigger or instances. */
  get undo(): PlanNode | undefined {
    const { compensate } = this.task;
    if (compensate === undefined) return undefined;
    const { id } = this.task;
    const names = namesForTask(this.#names, this.task);
    const task: TaskDefinition = {
      id,
      ...compensate,
      parallel: true,
      dependencies: [],
      trigger: 'all_success',
      onFailure: 'fail',
    };
    this.#undo ??= new PlanNode(this.index, task, names);
    return this.#undo;
  }

  /** Asked before each round; `until` after it. */
  get while(): CompiledExpression | undefined {
    const source = this.task.repeat?.while;
    if (source === undefined) return undefined;
    this.#while ??= compileExpression(source, this.#names);
    return this.#while;
  }

  get until(): CompiledExpression | undefined {
    const source = this.task.repeat?.until;
    if (source === undefined) return undefined;
    this.#until ??= compileExpression(source, this.#names);
    return this.#until;
  }

  get parameters(): CompiledTemplate {
    this.#parameters ??= compileTemplate(
      this.task.parameters,
      namesForTask(this.#names, this.task),
    );
    return this.#parameters;
  }

  /** What its parameters refer to; undefined for a task without secrets, as nearly all are. */
  get secrets(): SecretSources | undefined {
    const declared = this.#names.secrets;
    if (declared === undefined || this.parameters.secrets === undefined) return undefined;
    this.#secrets ??= Object.fromEntries(
      Object.entries(declared).filter(([name]) => this.parameters.secrets?.names.has(name)),
    );
    return this.#secrets;
  }

  /** Yields the list of a `foreach` task. */
  get items(): CompiledTemplate {
    invariant(this.task.foreach !== undefined, 'only a foreach task has items');
    this.#items ??= compileTemplate(this.task.foreach, this.#names);
    return this.#items;
  }

  /** When enough instances of a `foreach` task have succeeded. */
  get enough(): CompiledExpression | undefined {
    const source = this.task.join?.until;
    if (source === undefined) return undefined;
    this.#enough ??= compileExpression(source, this.#names);
    return this.#enough;
  }

  /** What a task that passes computes. */
  get output(): CompiledTemplate {
    this.#output ??= compileTemplate(this.task.output ?? null, this.#names);
    return this.#output;
  }

  /** A text of the task's wait: a duration, or what a person is asked. */
  template(text: string): CompiledTemplate {
    let compiled = this.#templates.get(text);
    if (compiled === undefined) {
      compiled = compileTemplate(text, this.#names);
      this.#templates.set(text, compiled);
    }
    return compiled;
  }
}

function kindOf(task: TaskDefinition): TaskKind {
  if (task.foreach !== undefined) return 'foreach';
  if (task.workflow !== undefined) return 'child';
  if (task.wait !== undefined) return 'wait';
  return task.pass === true ? 'pass' : 'agent';
}

/** Whether a task may run more than once, or make others do so. */
function hasRounds({ repeat, emit, trigger }: TaskDefinition): boolean {
  if (repeat !== undefined || (emit ?? 1) > 1) return true;
  if (typeof trigger === 'object') return 'merge' in trigger;
  return trigger === 'each' || trigger === 'reachable';
}

export class RunPlan {
  readonly definition: WorkflowDefinition;
  readonly nodes: readonly PlanNode[];
  readonly steering: PlanSteering;
  readonly #indexes: Map<string, number>;
  readonly #names: NameTable;
  #outputs: CompiledTemplate | undefined;
  /** Whether tasks may have more than one round; without, the fold counts outcomes and nothing else. */
  readonly hasRounds: boolean;
  /** Whether a join asks which tasks were activated at all. */
  readonly tracksActivation: boolean;
  #signals: ReadonlySet<string> | undefined;
  #flow: FlowGraph | undefined;
  #late: readonly number[] | undefined;

  constructor(definition: WorkflowDefinition) {
    this.definition = definition;
    this.#names = { ...nameTableOf(definition), round: 'here' };
    const tasks = [...definition.tasks, ...hookTasksOf(definition)];
    this.nodes = tasks.map((task, index) => new PlanNode(index, task, this.#names));
    this.#indexes = new Map(tasks.map((task, index) => [task.id, index]));
    for (const node of this.nodes) this.#connect(node);
    this.steering = steeringOf({ tasks, regions: definition.regions, indexes: this.#indexes });
    this.#connectLoops();
    this.tracksActivation = tasks.some(
      ({ trigger }) => trigger === 'activated' || trigger === 'reachable',
    );
    this.hasRounds = tasks.some(hasRounds) || definition.loops !== undefined;
  }

  #connectLoops(): void {
    for (const { from, to, condition, max, onMax } of this.definition.loops ?? []) {
      const target = this.byId(to);
      const source = this.byId(from);
      invariant(source !== undefined && target !== undefined, 'a loop names no task', { from, to });
      source.loops.push({
        to: target.index,
        max,
        onMax: onMax ?? 'accept',
        condition:
          condition === undefined ? undefined : () => compileExpression(condition, this.#names),
      });
    }
  }

  /** For plans with rounds. */
  get flow(): FlowGraph {
    this.#flow ??= new FlowGraph(this.nodes);
    return this.#flow;
  }

  /**
   * Tasks that are decided late: by what can still reach them, and not by counting. In the order of the flow.
   */
  get late(): readonly number[] {
    this.#late ??= this.flow.order.filter((index) => {
      const { task, dependencies } = this.at(index);
      if (task.trigger === 'reachable') return true;
      return dependencies.some(
        (dependency) =>
          this.flow.cycleOf[dependency] !== -1 && !this.flow.isInOneCycle(dependency, index),
      );
    });
    return this.#late;
  }

  #connect(node: PlanNode): void {
    for (const id of node.task.dependencies) {
      const dependency = this.nodes[this.#indexes.get(id) ?? -1];
      invariant(dependency !== undefined, 'a dependency names a task that does not exist', { id });
      dependency.slots.push(node.dependencies.length);
      node.dependencies.push(dependency.index);
      dependency.dependents.push(node.index);
      if (node.task.trigger === 'one_failed') dependency.handlers.push(node.index);
    }
  }

  /** Names of the signals that its tasks take. */
  get signals(): ReadonlySet<string> {
    this.#signals ??= new Set(this.nodes.flatMap(({ task }) => signalNames(task)));
    return this.#signals;
  }

  /** The nodes of a phase of the run: of a hook, or of the tasks between the hooks. */
  ofPhase(phase: Phase): PlanNode[] {
    const { length } = this.definition.tasks;
    if (phase === 'tasks') return this.nodes.slice(0, length);
    return this.nodes.slice(length).filter(({ task }) => task.hook === phase);
  }

  hasHook(hook: HookName): boolean {
    return this.definition.hooks?.[hook] !== undefined;
  }

  /** The node of a task id of the definition. */
  byId(id: string): PlanNode | undefined {
    const index = this.#indexes.get(id);
    return index === undefined ? undefined : this.nodes[index];
  }

  /** The node at an index that came from this plan. */
  at(index: number): PlanNode {
    const node = this.nodes[index];
    invariant(node !== undefined, 'an index outside the plan', { index });
    return node;
  }

  get outputs(): CompiledTemplate {
    this.#outputs ??= compileTemplate(this.definition.outputs, this.#names);
    return this.#outputs;
  }
}

const MAX_CACHED_PLANS = 64;
const plans = new Map<string, RunPlan>();

/** The plan of a definition; runs with the same hash share one. */
export function planOf(definition: WorkflowDefinition, definitionHash: string): RunPlan {
  const known = plans.get(definitionHash);
  if (known !== undefined) return known;
  const plan = new RunPlan(definition);
  if (plans.size >= MAX_CACHED_PLANS) {
    const oldest = plans.keys().next();
    if (!oldest.done) plans.delete(oldest.value);
  }
  plans.set(definitionHash, plan);
  return plan;
}
