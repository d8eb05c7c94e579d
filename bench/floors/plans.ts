/** What the contract floor knows of a workflow: how many steps it has and how each is named. */

import { Planner } from '../../src/actors/services/planner.ts';
import type { RequestMessage } from '../../src/messages/request.ts';
import type { WorkflowDefinition } from '../../src/workflow/definition.ts';
import type { JsonObject } from '../../src/workflow/value.ts';

/** A chain in the order of the file, or one `foreach` over numbers. */
export class FloorPlan {
  readonly definition: WorkflowDefinition;
  readonly hash: string;
  readonly tasks: string[];
  readonly isChain: boolean;
  readonly steps: number;

  constructor(planned: { definition: WorkflowDefinition; hash: string }, count: unknown) {
    this.definition = planned.definition;
    this.hash = planned.hash;
    this.tasks = planned.definition.tasks.map((task) => task.id);
    this.isChain = typeof count !== 'number';
    this.steps = typeof count === 'number' ? count : this.tasks.length;
  }

  identity(index: number): { taskId: string; definitionTaskId?: string } {
    const id = this.tasks[this.isChain ? index : 0] as string;
    return this.isChain ? { taskId: id } : { taskId: `${id}~${index}`, definitionTaskId: id };
  }

  agentOf(index: number): string {
    return this.definition.tasks[this.isChain ? index : 0]?.agent ?? 'echo';
  }

  parametersOf(index: number): JsonObject {
    if (!this.isChain) return { n: index };
    return (this.definition.tasks[index]?.parameters ?? {}) as JsonObject;
  }

  indexOf(taskId: string): number {
    if (this.isChain) return this.tasks.indexOf(taskId);
    return Number(taskId.slice(taskId.indexOf('~') + 1));
  }
}

/** Validates requests as the orchestrator does: each workflow once. */
export class FloorPlans {
  readonly #planner = new Planner({ has: () => true, names: () => ['echo', 'sleep'] });

  planOf(request: RequestMessage): FloorPlan {
    return new FloorPlan(this.#planner.plan(request), request.input?.['count']);
  }
}
