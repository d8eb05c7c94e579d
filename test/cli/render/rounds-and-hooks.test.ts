/** What people see of tasks with several rounds, of loops that their bound ended, and of hooks: nothing is left out or counted twice. */
import { describe, expect, it } from 'vitest';
import { liveTree } from '../../../src/cli/render/live-tree.ts';
import { ProgressTracker } from '../../../src/cli/render/progress.ts';
import { type RunStory, storyOf } from '../../../src/cli/render/run-story.ts';
import { storyMarkdown } from '../../../src/cli/render/run-story-markdown.ts';
import { tasksText } from '../../../src/cli/render/run-summary.ts';
import { RunView } from '../../../src/cli/render/run-view.ts';
import { summary, taskTable } from '../../../src/cli/render/timeline.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { PureRun } from '../../machines/pure-run.ts';
import { historyOf } from '../history.ts';

async function storyFrom(pure: PureRun): Promise<RunStory> {
  const { envelopes } = await historyOf(pure);
  const { definition } = pure.run.plan;
  return storyOf({ definition, report: pure.report(), envelopes }, pure.now);
}

/** `write` and `review` take turns until the bound of the edge, 100 ms and 200 ms each. */
function turns(): PureRun {
  const workflow: JsonObject = {
    name: 'turns',
    tasks: [
      { id: 'write', agent: 'echo' },
      { id: 'review', agent: 'echo', dependencies: ['write'] },
    ],
    edges: [{ from: 'review', to: 'write', condition: 'true', loop: { max: 2 } }],
  };
  const run = new PureRun(workflow);
  for (const round of ['', '@2', '@3']) {
    run.now += 100;
    run.succeed(`write${round}`);
    run.now += 200;
    run.succeed(`review${round}`);
  }
  return run;
}

function treeOf(run: PureRun): string[] {
  const view = new RunView();
  for (const { event, at } of run.history) view.take({ ...event, at });
  const options = { columns: 200, rows: 20, hasColor: false, hasUnicode: false };
  return liveTree(view, { runId: 'run_1', now: run.now, ...options });
}

describe('a task with several rounds', () => {
  it('took as long as all of them together, in every view', async () => {
    const run = turns();
    expect(run.state).toBe('succeeded');
    const story = await storyFrom(run);
    const [write, review] = story.tasks;
    expect(write).toMatchObject({ rounds: 3, tookMs: 300, startedAt: 1_000, endedAt: 1_700 });
    expect(review).toMatchObject({ rounds: 3, tookMs: 600, startedAt: 1_100, endedAt: 1_900 });
    expect(taskTable(run.report()).find((line) => line.startsWith('write'))).toMatch(/300 ms/);
    expect(treeOf(run).find((line) => line.includes('write'))).toMatch(/300 ms +round 3/);
  });

  it('has a bar with a piece for each round', async () => {
    const markdown = storyMarkdown(await storyFrom(turns()));
    const bar = markdown.split('\n').find((line) => line.startsWith('write '));
    expect(bar).toMatch(/^write +\|=+ +=+ +=+ +\| 300 ms in 3 rounds$/);
  });

  it('is on the critical path round by round', async () => {
    const { criticalPath } = await storyFrom(turns());
    expect(criticalPath.steps.map(({ taskId, workMs }) => [taskId, workMs])).toEqual([
      ['write', 100],
      ['review', 200],
      ['write@2', 100],
      ['review@2', 200],
      ['write@3', 100],
      ['review@3', 200],
    ]);
    expect(criticalPath).toMatchObject({ workMs: 900, waitMs: 0 });
  });

  it('is not on the path with a delay before its round, and such a delay is no retry', async () => {
    const run = new PureRun({
      name: 'poll',
      tasks: [{ id: 'ask', agent: 'echo', repeat: { max: 2, delay: 5 } }],
    });
    run.now += 100;
    run.succeed('ask');
    run.fire('ask@2');
    run.now += 100;
    run.succeed('ask@2');
    const { criticalPath, tasks } = await storyFrom(run);
    expect(criticalPath).toMatchObject({ workMs: 200, waitMs: 5_000 });
    expect(tasks[0]).toMatchObject({ tookMs: 200, rounds: 2 });
    const tracker = new ProgressTracker();
    const lines = run.history.flatMap(({ event, at }) => tracker.take({ ...event, at }) ?? []);
    expect(tracker.view.retries).toBe(0);
    expect(lines.filter((line) => line.includes('retry'))).toEqual([]);
  });
});

describe('a loop that its bound ended', () => {
  it('is told as it happens, in the table, in the timeline and in the report', async () => {
    const run = turns();
    const tracker = new ProgressTracker();
    const lines = run.history.flatMap(({ event, at }) => tracker.take({ ...event, at }) ?? []);
    expect(lines.at(-1)).toBe(
      '  succeeded  review@3 in 200 ms; the bound of the loop to write is used up',
    );
    expect(taskTable(run.report()).find((line) => line.startsWith('review'))).toContain(
      'succeeded, 3 rounds, bound reached',
    );
    expect(storyMarkdown(await storyFrom(run))).toContain('the bound of the loop to `write` ended');
  });
});

/** A hook before, a task, and a hook after, 10 ms, 100 ms and 40 ms. */
function guarded(): PureRun {
  const run = new PureRun({
    name: 'guarded',
    tasks: [{ id: 'work', agent: 'echo' }],
    hooks: {
      on_start: [{ id: 'lock', agent: 'echo' }],
      on_success: [{ id: 'cheer', agent: 'echo' }],
      on_complete: [{ id: 'unlock', agent: 'echo', dependencies: [] }],
    },
  });
  const took = { lock: 10, work: 100, cheer: 5, unlock: 40 };
  for (const [id, ms] of Object.entries(took)) {
    run.now += ms;
    run.succeed(id);
  }
  return run;
}

describe('hooks', () => {
  it('are counted beside the tasks', async () => {
    const run = guarded();
    const report = run.report();
    expect(tasksText(report, { attempts: 4, retries: 0 })).toBe(
      '1 task: 1 succeeded; 3 hooks: 3 succeeded; 4 attempts, 0 retries',
    );
    expect(summary(report, 9)[0]).toMatch(/9 events, tasks: 1 succeeded, hooks: 3 succeeded$/);
    const story = await storyFrom(run);
    expect(story).toMatchObject({ counts: { success: 1 }, hooks: { success: 3 } });
    expect(storyMarkdown(story)).toContain('| Hooks | 3 succeeded |');
    expect(treeOf(run)[0]).toContain('1 of 1 tasks, 3 hooks');
  });

  it('say of which hook they are', async () => {
    const run = guarded();
    expect(taskTable(run.report()).find((line) => line.startsWith('lock'))).toContain(
      'succeeded, on_start',
    );
    expect(treeOf(run).find((line) => line.includes('unlock'))).toContain('on_complete');
    expect(storyMarkdown(await storyFrom(run))).toContain('hook on_success');
  });

  it('are on the critical path: the run waits for them', async () => {
    const { criticalPath, durationMs } = await storyFrom(guarded());
    expect(criticalPath.steps.map(({ taskId, workMs }) => [taskId, workMs])).toEqual([
      ['lock', 10],
      ['work', 100],
      ['cheer', 5],
      ['unlock', 40],
    ]);
    expect(criticalPath.workMs).toBe(durationMs);
  });
});
