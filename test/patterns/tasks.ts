/** How many tasks a run had, as its author counts them. */
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { begun, type TracedEvent, traceOf } from './trace.ts';

/** Tasks of the file that ran, with their rounds and instances; edges and what only fans out are none. */
export function tasksThatRan(workflow: JsonObject, events: readonly TracedEvent[]): number {
  const trace = traceOf(events);
  const { definition } = compileWorkflow(workflow);
  const tasks = definition?.tasks.filter(({ edge }) => edge === undefined) ?? [];
  const names = tasks.map(({ id, foreach }) => (foreach === undefined ? id : `${id}~`));
  return names.reduce((sum, name) => sum + begun(trace, name).length, 0);
}
