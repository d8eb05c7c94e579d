/** The report of a run says what was asked, how it went and what to do, and stays a few pages for any run. */
import { describe, expect, it } from 'vitest';
import { criticalPath } from '../../../src/cli/render/critical-path.ts';
import { block, code, markdownTable, plain } from '../../../src/cli/render/markdown.ts';
import { type RunStory, storyOf } from '../../../src/cli/render/run-story.ts';
import { storyMarkdown } from '../../../src/cli/render/run-story-markdown.ts';
import { tallyOf } from '../../../src/cli/render/run-tally.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { PureRun } from '../../machines/pure-run.ts';
import { historyOf } from '../history.ts';

async function storyFrom(pure: PureRun): Promise<RunStory> {
  const { envelopes } = await historyOf(pure);
  const { definition } = pure.run.plan;
  return storyOf({ definition, report: pure.report(), envelopes }, pure.now);
}

const release: JsonObject = {
  name: 'release',
  description: 'Build and ship.',
  inputs: { target: { type: 'string', default: 'prod' } },
  tasks: [
    { id: 'build', agent: 'builder', retry: { max_attempts: 2, delay: 1 } },
    { id: 'lint', agent: 'linter' },
    { id: 'ship', agent: 'shipper', dependencies: ['build', 'lint'] },
  ],
};

/** Build fails once, then ship fails for good. */
function failedRelease(): PureRun {
  const pure = new PureRun(release);
  pure.now += 100;
  pure.succeed('lint', 'clean');
  pure.now += 400;
  pure.fail('build', { code: 'compiler.crash', message: 'a | b\n`c`' });
  pure.fire('build');
  pure.now += 500;
  pure.succeed('build', { size: 3 });
  pure.now += 1_000;
  pure.fail('ship', { code: 'ship.sunk', message: 'it sank', retryable: false });
  return pure;
}

/** `hold` is undone after `pay` failed on its second attempt. */
function undone(): PureRun {
  const pure = new PureRun({
    name: 'trip',
    settings: { on_failure: 'compensate' },
    tasks: [
      { id: 'hold', agent: 'desk', compensate: { agent: 'desk' } },
      { id: 'pay', agent: 'bank', dependencies: ['hold'], retry: { max_attempts: 2, delay: 1 } },
    ],
  });
  pure.succeed('hold');
  pure.fail('pay', { code: 'bank.busy', message: 'later' });
  pure.fire('pay');
  pure.fail('pay', { code: 'bank.busy', message: 'later' });
  pure.succeed('hold!undo');
  return pure;
}

describe('storyOf', () => {
  it('says what was undone, and of the end the same as of the attempts', async () => {
    const story = await storyFrom(undone());
    expect(story.advice).toBe(story.failures[0]?.advice);
    expect(story.advice).toContain('raise `max_attempts`');
    const page = storyMarkdown(story);
    expect(page).toContain('1 task had succeeded, and of these `hold` was undone.');
    expect(page).toContain('| `hold` | ✓ succeeded, undone |');
  });

  it('takes the rounds of a task for work, not for waiting', async () => {
    const pure = new PureRun({
      name: 'again',
      tasks: [{ id: 'poll', agent: 'desk', repeat: { max: 2, on_max: 'accept' } }],
    });
    pure.now += 100;
    pure.succeed('poll');
    pure.now += 50;
    pure.succeed('poll@2');
    const story = await storyFrom(pure);
    expect(story.criticalPath).toMatchObject({ waitMs: 0, workMs: 150 });
    expect(storyMarkdown(story)).toContain('| `poll` | ✓ succeeded, 2 rounds |');
  });

  it('keeps every failed attempt with its evidence, what followed, and what to do', async () => {
    const story = await storyFrom(failedRelease());
    expect(story).toMatchObject({ status: 'failed', retries: 1, durationMs: 3_000 });
    expect(story.asked).toMatchObject({
      description: 'Build and ship.',
      inputs: { target: 'prod' },
    });
    const failures = story.failures.map(({ code: name, count, advice, records }) => ({
      name,
      count,
      advice,
      followed: records.map(({ taskId, attempt, followedBy }) => [taskId, attempt, followedBy]),
    }));
    expect(failures).toEqual([
      {
        name: 'compiler.crash',
        count: 1,
        advice: expect.stringContaining('raise `max_attempts`'),
        followed: [['build', 1, 'another attempt after 1000 ms']],
      },
      {
        name: 'ship.sunk',
        count: 1,
        advice: expect.stringContaining('another attempt would fail as well'),
        followed: [['ship', 1, 'the task failed']],
      },
    ]);
  });

  it('finds the chain that the end waited for, with retries and their delays as work', async () => {
    const { criticalPath: path } = await storyFrom(failedRelease());
    expect(path.steps.map(({ taskId, workMs }) => [taskId, workMs])).toEqual([
      ['build', 2_000],
      ['ship', 1_000],
    ]);
    expect([path.workMs, path.waitMs]).toEqual([3_000, 0]);
  });

  it('sums attempts and times for each agent', async () => {
    const { agents } = await storyFrom(failedRelease());
    const shown = agents.map(({ agent, attempts, succeeded, failed, totalMs }) => ({
      agent,
      counts: [attempts, succeeded, failed],
      totalMs,
    }));
    expect(shown).toEqual([
      { agent: 'builder', counts: [2, 1, 1], totalMs: 1_000 },
      { agent: 'shipper', counts: [1, 0, 1], totalMs: 1_000 },
      { agent: 'linter', counts: [1, 1, 0], totalMs: 100 },
    ]);
  });

  it('goes on to now for a run that has not ended', async () => {
    const pure = new PureRun(release);
    pure.now += 700;
    const story = await storyFrom(pure);
    expect(story).toMatchObject({ status: 'running', counts: { running: 2, pending: 1 } });
    expect(story.endedAt).toBeUndefined();
    expect(story.criticalPath.workMs).toBe(700);
    expect(storyMarkdown(story)).toContain('| So far | 700 ms |');
  });
});

describe('criticalPath', () => {
  it('passes through tasks that were skipped, and splits waiting from work', () => {
    const { definition } = compileWorkflow({
      name: 'n',
      tasks: [
        { id: 'a', agent: 'x' },
        { id: 'off', agent: 'x', dependencies: ['a'], condition: 'false' },
        { id: 'z', agent: 'x', dependencies: ['off'], trigger: 'all_done' },
      ],
    });
    if (definition === undefined) throw new Error('not valid');
    const rounds = [
      {
        id: 'a',
        task: 'a',
        readyAt: 0,
        readyVersion: 3,
        startedAt: 10,
        endedAt: 40,
        endVersion: 5,
      },
      {
        id: 'z',
        task: 'z',
        readyAt: 40,
        readyVersion: 7,
        startedAt: 60,
        endedAt: 90,
        endVersion: 9,
      },
    ];
    expect(criticalPath(definition, rounds, 90)).toEqual([
      { taskId: 'a', readyAt: 0, endedAt: 40, waitMs: 10, workMs: 30 },
      { taskId: 'z', readyAt: 40, endedAt: 90, waitMs: 20, workMs: 30 },
    ]);
  });
});

describe('tallyOf', () => {
  const envelope = (type: string, data: JsonObject, streamVersion: number) => ({
    ...{
      id: '',
      stream: 'run_1',
      position: 1,
      schemaVersion: 1,
      correlationId: '',
      causationId: '',
    },
    ...{ actor: { kind: 'agent' as const }, type, data, streamVersion, at: streamVersion * 10 },
  });

  it('sums the numbers that agents report as usage', () => {
    const end = {
      taskId: 'a',
      attempt: 1,
      agent: 'x',
      startedAt: 10,
      usage: { tokens: 5, usd: 0.5, model: 'm' },
    };
    const again = { ...end, attempt: 2, usage: { tokens: 7 } };
    const error = { code: 'c', message: 'm', retryable: true };
    const tally = tallyOf([
      envelope('task.started', { taskId: 'a', attempt: 1 }, 1),
      envelope('task.attemptFailed', { ...end, error }, 2),
      envelope('task.started', { taskId: 'a', attempt: 2 }, 3),
      envelope('task.succeeded', again, 4),
    ]);
    expect(tally.usage).toEqual({ tokens: 12, usd: 0.5 });
  });
});

describe('storyMarkdown', () => {
  it('shows texts as they are, never as markup', async () => {
    const text = storyMarkdown(await storyFrom(failedRelease()));
    expect(text).toContain('a \\| b \\`c\\`');
    expect(text).toContain('| `ship` | ✗ failed | 1 | `shipper` | 1.0 s | `ship.sunk` it sank |');
    const tables = text.split('\n').filter((line) => line.startsWith('|'));
    const cells = tables.map((line) => line.match(/(?<!\\)\|/g)?.length);
    expect(cells.every((count) => count !== undefined && count >= 3)).toBe(true);
    expect(text).toContain(' at work (delays before retries included), ');
    const commands = text.split('\n').filter((line) => line.startsWith('troupe '));
    expect(new Set(commands.map((line) => line.indexOf('  #'))).has(-1)).toBe(false);
    expect(new Set(commands.map((line) => line.indexOf('# '))).size).toBe(1);
  });

  it('stays short for a run of thousands of tasks, failures first', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => ({ id: `t${index}`, agent: 'x' }));
    const pure = new PureRun({ name: 'many', tasks: many, settings: { on_failure: 'continue' } });
    for (const { id } of many) {
      if (id === 't2500') pure.fail(id, { code: 'odd', retryable: false });
      else pure.succeed(id);
    }
    const text = storyMarkdown(await storyFrom(pure));
    expect(text.split('\n').length).toBeLessThan(200);
    expect(text).toContain('50 of 3000');
    expect(text.indexOf('`t2500` | ✗ failed')).toBeGreaterThan(0);
    expect(text).toContain('| 2999 succeeded, 1 failed |'.slice(2));
  });

  it('cuts a long output and says where all of it is', async () => {
    const pure = new PureRun({
      name: 'long',
      tasks: [{ id: 'a', agent: 'x' }],
      outputs: { text: '${a.output}' },
    });
    pure.succeed('a', 'x'.repeat(10_000));
    const text = storyMarkdown(await storyFrom(pure));
    expect(text.length).toBeLessThan(9_000);
    expect(text).toContain('In full: `troupe runs show run_1 --json`');
  });
});

describe('Markdown', () => {
  it('fences code with more backticks than are in it', () => {
    expect(code('a `b` c')).toBe('``a `b` c``');
    expect(code('`a`')).toBe('`` `a` ``');
    expect(block('x\n````\ny')[0]).toBe('`````');
  });

  it('escapes markup in texts and bars in cells', () => {
    expect(plain('*a* [b](c) <d> snake_case _e_\n# f')).toBe(
      '\\*a\\* \\[b\\](c) \\<d\\> snake_case \\_e\\_ # f',
    );
    expect(markdownTable(['x'], [[code('a|b')], [plain('c|d')]]).slice(2)).toEqual([
      '| `a\\|b` |',
      '| c\\|d |',
    ]);
  });
});
