/**
 * A definition prepared for deciding: indexes instead of names, dependents, compiled expressions.
 * Derived, shared by all runs of one definition, never stored.
 */
import type { TaskDefinition, WorkflowDefinition } from '../../workflow/definition.ts';
import { type CompiledExpression, compileExpression } from '../../workflow/expressions.ts';
import { type NameTable, namesForTask, nameTableOf } from '../../workflow/names.ts';
import { type CompiledTemplate, compileTemplate } from '../../workflow/templates.ts';
import { invariant } from '../errors.ts';

export type TaskKind = 'agent' | 'foreach' | 'timer' | 'child';

/** One task of the definition with what deciding needs at hand. Expressions compile on first use. */
export class PlanNode {
  readonly index: number;
  readonly task: TaskDefinition;
  readonly kind: TaskKind;
  readonly dependencies: number[] = [];
  readonly dependents: number[] = [];
  /** Dependents that can handle this task's failure: trigger `one_failed`. */
  readonly handlers: number[] = [];
  /** `agent:<name>` or `capability:<name>`; undefined where no agent is needed. */
  readonly demand: string | undefined;
  readonly #names: NameTable;
  #condition: CompiledExpression | undefined;
  #parameters: CompiledTemplate | undefined;
  #items: CompiledTemplate | undefined;
  #duration: CompiledTemplate | undefined;

  constructor(index: number, task: TaskDefinition, names: NameTable) {
    this.index = index;
    this.task = task;
    if (task.foreach !== undefined) this.kind = 'foreach';
    else if (task.workflow !== undefined) this.kind = 'child';
    else this.kind = task.wait !== undefined ? 'timer' : 'agent';
    this.#names = names;
    if (task.agent !== undefined) this.demand = `agent:${task.agent}`;
    else if (task.capability !== undefined) this.demand = `capability:${task.capability}`;
    else this.demand = undefined;
  }

  get condition(): CompiledExpression | undefined {
    if (this.task.condition === undefined) return undefined;
    this.#condition ??= compileExpression(this.task.condition, this.#names);
    return this.#condition;
  }

  get parameters(): CompiledTemplate {
    this.#parameters ??= compileTemplate(
      this.task.parameters,
      namesForTask(this.#names, this.task),
    );
    return this.#parameters;
  }

  /** Yields the list of a `foreach` task. */
  get items(): CompiledTemplate {
    invariant(this.task.foreach !== undefined, 'only a foreach task has items');
    this.#items ??= compileTemplate(this.task.foreach, this.#names);
    return this.#items;
  }

  /** Yields the duration of a timer wait. */
  get duration(): CompiledTemplate {
    const { wait } = this.task;
    invariant(wait?.kind === 'timer', 'only a timer wait has a duration');
    this.#duration ??= compileTemplate(wait.duration, this.#names);
    return this.#duration;
  }
}

export class RunPlan {
  readonly definition: WorkflowDefinition;
  readonly nodes: readonly PlanNode[];
  readonly #indexes: Map<string, number>;
  readonly #names: NameTable;
  #outputs: CompiledTemplate | undefined;

  constructor(definition: WorkflowDefinition) {
    this.definition = definition;
    this.#names = nameTableOf(definition);
    this.nodes = definition.tasks.map((task, index) => new PlanNode(index, task, this.#names));
    this.#indexes = new Map(definition.tasks.map((task, index) => [task.id, index]));
    for (const node of this.nodes) this.#connect(node);
  }

  #connect(node: PlanNode): void {
    for (const id of node.task.dependencies) {
      const dependency = this.nodes[this.#indexes.get(id) ?? -1];
      invariant(dependency !== undefined, 'a dependency names a task that does not exist', { id });
      node.dependencies.push(dependency.index);
      dependency.dependents.push(node.index);
      if (node.task.trigger === 'one_failed') dependency.handlers.push(node.index);
    }
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
