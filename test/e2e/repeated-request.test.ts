/** A repeated request id returns its run, also when the same request would be refused today. */
import { afterEach, expect, it } from 'vitest';
import { bodyHashOf, requestKey } from '../../src/actors/host/new-run.ts';
import { event, upcast } from '../../src/events/catalogue.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { requestSchema } from '../../src/messages/request.ts';
import { definitionHash, parseWorkflow } from '../../src/workflow/parse.ts';
import { House } from './house.ts';

const RUN = 'run_01hf7yavyjw6449hr2xhkn';
const AT = 1_700_000_000_000;

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

/** A log with the run of a request that an earlier release accepted. */
async function logWithRunOf(request: { requestId: string; workflow: string }) {
  const log = createMemoryLog({ upcast });
  const text = 'name: waits\ntasks:\n  - { id: pause, wait: { timer: 3600 } }\n';
  const { definition } = parseWorkflow(text, { agents: [] });
  if (definition === undefined) throw new Error('the workflow of the test is not valid');
  log.append({
    stream: RUN,
    expectedVersion: 0,
    events: [
      event('run.created', {
        runId: RUN,
        name: definition.name,
        definition,
        definitionHash: definitionHash(definition),
        inputs: {},
        priority: 'normal',
        start: true,
        requestId: request.requestId,
        requestHash: 'of another time',
        bodyHash: bodyHashOf(requestSchema.parse(request)),
      }),
    ],
    at: AT,
    correlationId: request.requestId,
    causationId: request.requestId,
    actor: { kind: 'client' },
    unique: [requestKey(request.requestId)],
  });
  await log.flush();
  return log;
}

it('returns the run of a request that could not be planned any more', async () => {
  const request = { requestId: 'once', workflow: 'written: in a form that nobody reads now' };
  house = await House.open(await logWithRunOf(request));
  const reply = await house.client.request(request);
  expect(reply.runId).toBe(RUN);
});

it('still refuses another body under the same id', async () => {
  const request = { requestId: 'once', workflow: 'written: in a form that nobody reads now' };
  house = await House.open(await logWithRunOf(request));
  const other = {
    requestId: 'once',
    workflow: { name: 'other', tasks: [{ id: 'a', wait: { timer: 1 } }] },
  };
  await expect(house.client.request(other as never)).rejects.toMatchObject({
    code: 'run.conflict',
  });
});

it('refuses another body that could not be planned as a conflict too', async () => {
  const request = { requestId: 'once', workflow: 'written: in a form that nobody reads now' };
  house = await House.open(await logWithRunOf(request));
  const other = { requestId: 'once', workflow: 'no: workflow either' };
  await expect(house.client.request(other)).rejects.toMatchObject({ code: 'run.conflict' });
});
