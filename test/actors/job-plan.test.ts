/** The definition behind a job: what its agent gets is what its client sent. */
import { describe, expect, it } from 'vitest';
import { literal, planJob } from '../../src/actors/services/job-plan.ts';
import { type EnqueueMessage, jobSchema } from '../../src/messages/job.ts';
import { PureRun } from '../machines/pure-run.ts';
import fc from '../support/property.ts';
import { arbitraryValue } from '../support/values.ts';

const asked = (more: object): EnqueueMessage =>
  jobSchema.parse({ type: 'enqueue', agent: 'echo', ...more }) as EnqueueMessage;

describe('the plan of a job', () => {
  it('is one task, with the retries that were asked for after ever longer delays', () => {
    const [task, ...others] = planJob(asked({ maxRetries: 2, timeout: '5s' })).definition.tasks;
    expect(others).toEqual([]);
    expect(task).toMatchObject({
      agent: 'echo',
      timeoutMs: 5_000,
      retry: { maxAttempts: 3, backoff: 'exponential', delayMs: 1_000, maxDelayMs: 300_000 },
    });
  });

  it('has no retry policy where none are wanted', () => {
    expect(planJob(asked({ maxRetries: 0 })).definition.tasks[0]?.retry).toBeUndefined();
  });

  it('takes no parameter for an expression', () => {
    const texts = ['${x}', '$${x}', '$$${', 'a ${', '${${', '$', '}'];
    const run = new PureRun({
      name: 'w',
      tasks: [{ id: 'job', agent: 'echo', parameters: { texts: literal(texts) } }],
    });
    expect(run.last('task.started').parameters).toEqual({ texts });
  });

  it('gives the agent any value as it came', () => {
    fc.assert(
      fc.property(arbitraryValue(), (value) => {
        const { definition } = planJob(asked({ parameters: { value } }));
        const [task] = definition.tasks;
        const run = new PureRun({
          name: 'w',
          tasks: [{ id: 'job', agent: 'echo', parameters: task?.parameters ?? {} }],
        });
        expect(run.last('task.started').parameters).toEqual({ value });
      }),
      { numRuns: 100 },
    );
  });
});
