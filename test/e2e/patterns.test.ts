/** Every pattern once through a real broker: one orchestrator, one worker with the built-in agents, all runs at a time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '../../src/client/client.ts';
import { startTestTroupe, type TestTroupe } from '../../src/testing.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Case } from '../patterns/pattern.ts';
import { patterns, workflowOf } from '../patterns/patterns.ts';
import { always } from '../patterns/rules.ts';
import { type Trace, type TracedEvent, traceOf } from '../patterns/trace.ts';

let troupe: TestTroupe;
let client: Client;

const uses = patterns.flatMap((pattern) => {
  const workflow = workflowOf(pattern);
  return pattern.cases.map((use) => ({
    title: `${pattern.id} ${pattern.title} ${JSON.stringify(use.input ?? {})}`,
    workflow,
    use,
  }));
});
const played = new Map<string, Promise<Trace>>();

beforeAll(async () => {
  troupe = await startTestTroupe({ concurrency: 200 });
  client = await connectClient({ url: troupe.url });
  for (const { title, workflow, use } of uses) {
    const trace = play(workflow, use);
    trace.catch(() => {});
    played.set(title, trace);
  }
});

afterAll(async () => {
  await client.close();
  await troupe.close();
});

async function play(workflow: JsonObject, use: Case): Promise<Trace> {
  const { runId } = await client.request({ workflow, ...(use.input ? { input: use.input } : {}) });
  const events: TracedEvent[] = [];
  const outside = [...(use.outside ?? [])];
  for await (const { type, data } of client.events(runId)) {
    events.push({ type, data });
    for (let [next] = outside; next !== undefined && isDue(next.after, events); [next] = outside) {
      outside.shift();
      await signal(runId, next);
    }
  }
  return traceOf(events);
}

function isDue(after: string | undefined, events: readonly TracedEvent[]): boolean {
  return (
    after === undefined ||
    events.some(({ type, data }) => `${type} ${(data as { taskId?: string }).taskId}` === after)
  );
}

/** A run may end before it has taken all signals. */
async function signal(
  runId: string,
  { signal: name, payload }: NonNullable<Case['outside']>[number],
): Promise<void> {
  await client.signal(runId, name, payload).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'run.conflict') throw error;
  });
}

describe.each(uses)('$title', ({ title, use }) => {
  it('keeps its rules', async () => {
    const trace = await played.get(title);
    for (const rule of [...always, ...use.always])
      expect(trace === undefined ? 'not played' : rule.breaks(trace), rule.says).toBeUndefined();
  });
});
