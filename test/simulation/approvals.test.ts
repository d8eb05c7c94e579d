/** Reminders and answers that are handed on: a crash after any commit loses none, doubles none, and ends the same. */
import { expect, it } from 'vitest';
import { type Played, play } from './crash-points.ts';
import type { Scenario } from './scenarios.ts';

const scenario: Scenario = {
  name: 'an approval that reminds, is handed on and escalates',
  workflow: {
    settings: { groups: { leads: ['ann', 'bob'], directors: ['dora', 'hal'] } },
    tasks: [
      {
        id: 'sign',
        wait: {
          approval: {
            ...{ group: 'leads', quorum: 2, remind: { every: 5, max: 3 } },
            ...{ timeout: 25, on_timeout: 'escalate', escalate_to: 'directors' },
          },
        },
      },
      {
        id: 'late',
        wait: { approval: { timeout: 8, on_timeout: 'fail', remind: 3 } },
        on_failure: 'skip',
      },
    ],
    outputs: { by: '${sign.output}', late: '${late.error.code}' },
  },
  commands: [
    {
      after: 'task.waiting sign',
      command: { type: 'delegate', task: 'sign', by: 'ann', to: 'eve' },
    },
    {
      ...{ after: 'run.signalReceived sign', afterMs: 100 },
      command: { type: 'delegate', task: 'sign', by: 'eve', to: 'fay' },
    },
    {
      ...{ after: 'run.signalReceived sign', afterMs: 200 },
      command: { type: 'approve', task: 'sign', by: 'fay' },
    },
    {
      ...{ after: 'task.attemptFailed sign', afterMs: 1_000 },
      command: { type: 'delegate', task: 'sign', by: 'dora', to: 'gil' },
    },
    {
      ...{ after: 'task.attemptFailed sign', afterMs: 12_000 },
      command: { type: 'approve', task: 'sign', by: 'gil' },
    },
    {
      ...{ after: 'task.attemptFailed sign', afterMs: 12_500 },
      command: { type: 'approve', task: 'sign', by: 'hal' },
    },
  ],
};

/** `task count` of each reminder, in order. */
function remindersOf({ histories }: Played): string[] {
  return (histories[0] ?? [])
    .filter(({ type }) => type === 'timer.fired')
    .map(({ data }) => {
      const { taskId, count } = data as { taskId: string; count: number };
      return `${taskId} ${count}`;
    });
}

it('ends the same after a crash and recovery at every commit, with every reminder once', async () => {
  const undisturbed = await play(scenario);
  const reminders = remindersOf(undisturbed);
  expect(reminders).toEqual(['late 1', 'sign 1', 'late 2', 'sign 2', 'sign 3', 'sign 1', 'sign 2']);
  expect(undisturbed.report).toMatchObject({
    output: { by: { by: ['gil', 'hal'], for: { gil: 'dora' } }, late: 'approval.timeout' },
  });
  for (let crashAt = 1; crashAt < undisturbed.positions; crashAt += 1) {
    for (const keepInFlight of [false, true]) {
      const where = `crash at position ${crashAt}, ${keepInFlight ? 'kept' : 'lost'}`;
      const crashed = await play(scenario, { crashAt, keepInFlight }).catch((error: unknown) => {
        throw new Error(where, { cause: error });
      });
      expect(remindersOf(crashed), where).toEqual(reminders);
      expect(crashed.report, where).toEqual(undisturbed.report);
    }
  }
});
