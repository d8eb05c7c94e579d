/** Jobs in threads: that they end when they are canceled, however early. */
import { expect, it } from 'vitest';
import { inThread } from '../../../src/agents/builtin/syntax/threads.ts';

it('ends a job that is canceled before its thread has it', async () => {
  const controller = new AbortController();
  const asked = inThread({ type: 'relations', files: [] }, controller);
  controller.abort(new Error('no more'));
  await expect(asked).rejects.toThrow('no more');
});

it('has a thread for the next job', async () => {
  expect(await inThread({ type: 'relations', files: [] }, new AbortController())).toMatchObject({
    calls: expect.anything(),
  });
});
