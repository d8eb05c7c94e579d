/** Events hold references to secrets, where the definition has them and nowhere else. */
import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const TOKEN = { env: 'TOKEN' };

function flow(task: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    name: 'w',
    inputs: { data: { type: 'any', default: null } },
    context: { secrets: { TOKEN, KEY: { file: '/key' }, OTHER: { env: 'OTHER' } } },
    tasks: [{ id: 'a', agent: 'echo', ...task }],
    ...more,
  };
}

it('keeps references in the parameters of an attempt, whole and within a text', () => {
  const run = new PureRun(
    flow({
      parameters: {
        whole: '${secrets.TOKEN}',
        text: 'Bearer ${secrets.TOKEN} of ${run.name}',
        list: [{ deep: '${ secrets.KEY }' }],
        literal: '$${secrets.TOKEN}',
      },
    }),
  );
  expect(run.last('task.started').parameters).toEqual({
    whole: { $secret: 'TOKEN' },
    text: { $secretText: ['Bearer ', { $secret: 'TOKEN' }, ' of ', 'w'] },
    list: [{ deep: { $secret: 'KEY' } }],
    literal: '${secrets.TOKEN}',
  });
  // Only what it names is sent to it.
  expect(run.run.plan.byId('a')?.secrets).toEqual({ TOKEN, KEY: { file: '/key' } });
});

it('keeps them for instances, compensations and hooks', () => {
  const run = new PureRun(
    flow(
      {
        foreach: [1, 2],
        parameters: { n: '${item}', t: '${secrets.TOKEN}' },
        compensate: { agent: 'undo', parameters: { k: '${secrets.KEY}' } },
      },
      {
        hooks: {
          on_complete: [{ id: 'bye', agent: 'echo', parameters: { o: '${secrets.OTHER}' } }],
        },
      },
    ),
  );
  expect(run.last('task.started').parameters).toEqual({ n: 2, t: { $secret: 'TOKEN' } });
  const { plan } = run.run;
  expect(plan.byId('a')?.undo?.secrets).toEqual({ KEY: { file: '/key' } });
  expect(plan.byId('bye')?.secrets).toEqual({ OTHER: { env: 'OTHER' } });
});

it.each([
  [{ $secret: 'TOKEN' }, 'parameters.data'],
  [{ $secretText: ['x', { $secret: 'TOKEN' }] }, 'parameters.data'],
  [[{ deep: { $secret: 'OTHER' } }], 'parameters.data.0.deep'],
])('fails a task whose data is written like a reference: %j', (data, place) => {
  const parameters = { data: '${inputs.data}', t: '${secrets.TOKEN}' };
  const run = new PureRun(flow({ parameters }), { input: { data } });
  expect(run.last('task.failed')).toMatchObject({
    error: { code: 'secret.forged', message: expect.stringContaining(place), retryable: false },
  });
});

it('leaves such data alone where the task has no secrets, for nothing is filled in there', () => {
  const data = { $secret: 'TOKEN' };
  const run = new PureRun(flow({ parameters: { data: '${inputs.data}' } }), { input: { data } });
  expect(run.last('task.started').parameters).toEqual({ data });
  expect(run.run.plan.byId('a')?.secrets).toBeUndefined();
});

it('lets `secrets` be another name where a file declares none', () => {
  const run = new PureRun({
    name: 'w',
    inputs: { secrets: { type: 'object', default: { x: 'old' } } },
    tasks: [{ id: 'a', agent: 'echo', parameters: { v: '${secrets.x}' } }],
  });
  expect(run.last('task.started').parameters).toEqual({ v: 'old' });
});
