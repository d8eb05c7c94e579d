/** The definition of a run, as its first event has it. */

import type { EventLog } from '../log/event-log.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';

/** Throws `stream.broken`, and `blob.not-found` where the definition is in a blob that is gone. */
export async function runDefinition(log: EventLog, runId: string): Promise<WorkflowDefinition> {
  const { definitionOf, readCreated } = await import('../actors/host/load.ts');
  return definitionOf(log, await readCreated(log, runId));
}
