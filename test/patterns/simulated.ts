/** Patterns for the simulated agents (`test/simulation/sim-worker.ts`), which know no `sleep`. */
import { isObject } from '../../src/workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import type { Scenario } from '../simulation/scenarios.ts';
import type { Case, Pattern } from './pattern.ts';

/** What sleeps sleeps longer, so that a crash and its recovery do not change who comes first. */
const STRETCH = 100;

/** One use of a pattern, with what comes from outside as commands. */
export function scenarioOf(pattern: Pattern, workflow: JsonObject, use: Case): Scenario {
  const commands = (use.outside ?? []).map(({ signal: name, payload, after }) => ({
    command: { type: 'signal', name, ...(payload === undefined ? {} : { payload }) },
    ...(after === undefined ? { after: 'run.started' } : { after }),
  }));
  return {
    name: pattern.id,
    workflow: forSimulatedAgents(workflow),
    ...(use.input === undefined ? {} : { input: use.input }),
    ...(commands.length === 0 ? {} : { commands }),
  };
}

function forSimulatedAgents(workflow: JsonObject): JsonObject {
  const tasks = workflow.tasks as JsonObject[];
  return { ...workflow, tasks: tasks.map(forSimulatedAgent) };
}

function forSimulatedAgent(task: JsonObject): JsonObject {
  const parameters = isObject(task.parameters) ? task.parameters : {};
  if (task.agent === 'echo') return { ...task, parameters: { gives: parameters } };
  if (task.agent !== 'sleep') return task;
  const { ms, then = null } = parameters;
  return { ...task, agent: 'echo', parameters: { ms: stretched(ms), gives: then } };
}

function stretched(ms: JsonValue | undefined): JsonValue {
  if (typeof ms === 'string') return ms.replace(/^\$\{(.*)\}$/, `\${($1) * ${STRETCH}}`);
  return Number(ms) * STRETCH;
}
