/** `settings.quarantine`: what crashes too often is isolated, and owed again once it is released. */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const flow = (settings: JsonObject, task: JsonObject = {}): JsonObject => ({
  name: 'flow',
  settings: { max_parallel: 10, ...settings },
  tasks: [{ id: 'a', agent: 'echo', ...task }],
});
const defect = { code: 'agent.error', message: 'x is not a function', retryable: true };
const isolated = (run: PureRun) => run.run.quarantine?.code;

async function expectFoldToAgree({ history, run }: PureRun): Promise<void> {
  expect(digestOf(foldRecorded(history, foldedCells))).toEqual(digestOf(run));
  await expectSnapshotsToAgree(history);
}

describe('a task that crashes its worker', () => {
  it('isolates the run after as many crashes as the settings say, with evidence', async () => {
    const run = new PureRun(flow({ quarantine: { after: 3 } }));
    run.lose('a');
    run.lose('a');
    expect(isolated(run)).toBeUndefined();
    expect(run.lose('a')).toEqual([
      'task.attemptFailed a',
      'task.retryScheduled a',
      'task.scheduled a',
      'run.quarantined',
    ]);
    expect(run.last('run.quarantined')).toMatchObject({
      error: { code: 'task.crashed' },
      message: { taskId: 'a', crashes: 3, attempt: 3, agent: 'echo', startedVersion: 4 },
    });
    expect(run.history[3]?.event.type).toBe('task.started');
    await expectFoldToAgree(run);
  });

  it('is tried again when the run is released, and counted anew', async () => {
    const run = new PureRun(flow({ quarantine: { after: 2 } }));
    run.lose('a');
    run.lose('a');
    expect(run.release()).toEqual(['run.released', 'task.started a']);
    expect(run.attempt('a')).toBe(3);
    run.lose('a');
    expect(isolated(run)).toBeUndefined();
    run.lose('a');
    expect(isolated(run)).toBe('task.crashed');
    run.release();
    run.succeed('a', 'at last');
    expect(run.state).toBe('succeeded');
    await expectFoldToAgree(run);
  });

  it('may be tolerated more often than without the setting', () => {
    const run = new PureRun(flow({ quarantine: { after: 5 } }));
    for (let crash = 0; crash < 4; crash += 1) run.lose('a');
    expect([run.state, isolated(run)]).toEqual(['running', undefined]);
    run.lose('a');
    expect(isolated(run)).toBe('task.crashed');
  });

  it('fails as ever where the settings say nothing', () => {
    const run = new PureRun(flow({}));
    for (let crash = 0; crash < 3; crash += 1) run.lose('a');
    expect([run.state, run.run.crashes.size]).toEqual(['failed', 0]);
  });
});

describe('a task that fails with a defect', () => {
  it('isolates the run before its retries are used up', async () => {
    const run = new PureRun(
      flow({ quarantine: { after: 2 } }, { retry: { max_attempts: 5, delay: 0 } }),
    );
    run.fail('a', defect);
    expect(run.fail('a', defect)).toContain('run.quarantined');
    expect(run.last('run.quarantined').error.message).toBe(
      '"a" crashed 2 times: x is not a function',
    );
    await expectFoldToAgree(run);
  });

  it('is counted over the instances of the task', async () => {
    const run = new PureRun(
      flow(
        { quarantine: { after: 3 } },
        { foreach: [1, 2, 3], retry: { max_attempts: 2, delay: 0 } },
      ),
    );
    run.fail('a~0', defect);
    run.fail('a~1', defect);
    expect(isolated(run)).toBeUndefined();
    run.fail('a~2', defect);
    expect(isolated(run)).toBe('task.crashed');
    await expectFoldToAgree(run);
  });

  it('fails as ever with what its agent foresaw', () => {
    const run = new PureRun(flow({ quarantine: { after: 1 } }));
    run.fail('a', { code: 'shell.exit', message: 'exit 1', retryable: false });
    expect(run.state).toBe('failed');
  });
});
