/** Values at the limit of depth stay readable wherever they go: through events, reports and lists of outputs. */
import { afterEach, expect, it } from 'vitest';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { startWorker, type Worker } from '../../src/agents/worker.ts';
import { upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { House, subjects, until } from './house.ts';

let house: House | undefined;
let worker: Worker | undefined;
afterEach(async () => {
  await worker?.close();
  await house?.close();
  house = undefined;
});

function nested(levels: number): JsonValue {
  let value: JsonValue = 'deep';
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

it('carries an output of 62 levels through a foreach, its events and the report', async () => {
  const here = await House.open(createMemoryLog({ upcast }));
  house = here;
  worker = await startWorker({ bus: here.bus, subjects, agents: builtinAgents() });
  await until('the worker is known', () => here.orchestrator.agents().includes('echo'));
  const outcome = await house.client.runWorkflow({
    input: { value: nested(61) },
    workflow: {
      name: 'deep',
      inputs: { value: { type: 'any' } },
      tasks: [
        { id: 'each', agent: 'echo', foreach: [1], parameters: { value: '${inputs.value}' } },
      ],
    },
  });
  expect(outcome.errors).toEqual([]);
  const { events } = await house.client.history(outcome.runId);
  expect(JSON.stringify(events)).toContain('deep');
  const report = await house.client.report(outcome.runId);
  expect(report.tasks.each?.output).toEqual([{ value: nested(61) }]);
});
