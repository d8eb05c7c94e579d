/** Walking through a run shows the state that a fold to that point gives, from whichever side one comes. */
import { describe, expect, it } from 'vitest';
import { HistoryWalker } from '../../src/cli/history-walker.ts';
import { stateObject } from '../../src/cli/render/state-view.ts';
import { stateOf } from '../../src/cli/run-state.ts';
import { reportedStatus } from '../../src/machines/run/task-status.ts';
import type { TaskState } from '../../src/machines/task/machine.ts';
import { PureRun } from '../machines/pure-run.ts';
import { seededRandom } from '../support/seeded.ts';
import { historyOf, recordedRuns } from './history.ts';

type Shown = { run: { status: string }; tasks: Record<string, { status: string }> };

const at = (walker: HistoryWalker): string => JSON.stringify(stateObject(walker.view));

describe('HistoryWalker', () => {
  it('shows what a fold to each version reports, for every recorded run', async () => {
    const runs = await recordedRuns();
    expect(runs.length).toBeGreaterThan(3);
    for (const { runId, history } of runs) {
      const walker = await HistoryWalker.open(history, runId);
      for (let version = 1; version <= walker.last; version += 1) {
        await walker.goTo(version);
        const { report } = await stateOf(history.log, runId, {
          toVersion: version,
          useSnapshot: false,
        });
        const shown = stateObject(walker.view) as unknown as Shown;
        expect(shown.run.status, `${runId} ${version}`).toBe(report.status);
        for (const [id, task] of Object.entries(report.tasks))
          expect(reportedStatus(shown.tasks[id]?.status as TaskState)).toBe(task.status);
      }
    }
  });

  it('comes back to the same state from any side', async () => {
    const random = seededRandom(11);
    for (const { runId, history } of await recordedRuns()) {
      const straight = await HistoryWalker.open(history, runId);
      const states = [''];
      for (let version = 1; version <= straight.last; version += 1) {
        await straight.goTo(version);
        states.push(at(straight));
      }
      const walker = await HistoryWalker.open(history, runId);
      for (let jump = 0; jump < 30; jump += 1) {
        const version = 1 + Math.floor(random() * walker.last);
        await walker.goTo(version);
        expect(JSON.parse(at(walker))).toEqual(JSON.parse(states[version] ?? ''));
        expect(walker.envelope.streamVersion).toBe(version);
      }
    }
  });

  it('stays inside the history and finds events in both directions', async () => {
    const pure = new PureRun({ name: 'two', tasks: [{ id: 'a', agent: 'x' }] });
    pure.succeed('a', 1);
    const walker = await HistoryWalker.open(await historyOf(pure), 'run_1');
    await walker.goTo(1_000);
    expect(walker.envelope.type).toBe('run.succeeded');
    await walker.goTo(-5);
    expect(walker.version).toBe(1);
    const isEnd = ({ type }: { type: string }): boolean => type === 'task.succeeded';
    const found = walker.find(isEnd, 'forwards') ?? 0;
    await walker.goTo(walker.last);
    expect(walker.find(isEnd, 'backwards')).toBe(found);
    expect(walker.find(({ type }) => type === 'run.failed', 'backwards')).toBeUndefined();
  });

  it('shows what is behind an event that does not fold, without a state', async () => {
    const pure = new PureRun({ name: 'two', tasks: [{ id: 'a', agent: 'x' }] });
    pure.succeed('a', 1);
    const history = await historyOf(pure);
    const envelopes = history.envelopes.map((envelope) =>
      envelope.type === 'task.started' ? { ...envelope, type: 'task.compensated' } : envelope,
    );
    const walker = await HistoryWalker.open({ ...history, envelopes }, 'run_1');
    const broken = envelopes.findIndex(({ type }) => type === 'task.compensated') + 1;
    await walker.goTo(walker.last);
    expect(walker.broken).toMatchObject({
      version: broken,
      reason: expect.stringContaining('task'),
    });
    expect(walker.envelope.type).toBe('run.succeeded');
    expect(walker.changes).toEqual([]);
    await walker.goTo(broken - 1);
    expect(stateObject(walker.view, 'tasks.a')).toMatchObject({
      tasks: { a: { status: 'scheduled' } },
    });
  });
});
