/** The fields that every task event carries. */
import type { TaskDefinition } from '../../workflow/definition.ts';
import type { Activation } from './aggregate.ts';
import type { PlanNode } from './plan.ts';

export interface TaskIdentity {
  taskId: string;
  definitionTaskId?: string;
  hook?: string;
}

/** Of an activation, by its id and the task of the definition. */
export function identityOf(id: string, task: TaskDefinition): TaskIdentity {
  return {
    taskId: id,
    ...(task.id === id ? {} : { definitionTaskId: task.id }),
    ...(task.hook === undefined ? {} : { hook: task.hook }),
  };
}

export function identity({ id, node }: Pick<Activation, 'id' | 'node'>): TaskIdentity {
  return identityOf(id, node.task);
}

/** Of the first round of a task. */
export function identityOfTask({ task }: PlanNode): TaskIdentity {
  return identityOf(task.id, task);
}
