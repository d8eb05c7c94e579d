/** What a person sees of a run that goes on: folded from its events, drawn as lines, without a terminal. */
import { describe, expect, it } from 'vitest';
import { liveTree, type TreeOptions } from '../../src/cli/render/live-tree.ts';
import { paint, plainText, widthOf } from '../../src/cli/render/painted.ts';
import { RunView } from '../../src/cli/render/run-view.ts';

const START = 1_000_000;
const options: TreeOptions = {
  runId: 'run_1',
  now: START + 2_500,
  columns: 200,
  rows: 24,
  hasColor: false,
  hasUnicode: true,
};

type Told = readonly [type: string, data: object, at?: number];

/** A run of the tasks, with these events after its start. */
function viewOf(tasks: object[], events: readonly Told[]): RunView {
  const view = new RunView();
  const definition = { name: 'demo', tasks: tasks.map((task) => ({ dependencies: [], ...task })) };
  const all: Told[] = [
    ['run.created', { name: 'demo', definition }],
    ['run.started', {}],
    ...events,
  ];
  for (const [type, data, at = 0] of all) view.take({ type, data, at: START + at });
  return view;
}

const drawn = (view: RunView, changed: Partial<TreeOptions> = {}): string[] =>
  liveTree(view, { ...options, ...changed });
const lineOf = (view: RunView, id: string, changed: Partial<TreeOptions> = {}): string =>
  drawn(view, changed).find((line) => line.includes(` ${id} `)) ?? '';

it('shows what is undone, and what is not', () => {
  const events: Told[] = [
    ['task.succeeded', { taskId: 'a' }, 100],
    ['task.compensating', { taskId: 'a' }, 200],
  ];
  expect(lineOf(viewOf([{ id: 'a' }], events), 'a')).toContain('being undone');
  const after = (type: string): string =>
    lineOf(viewOf([{ id: 'a' }], [...events, [type, { taskId: 'a' }, 300]]), 'a');
  expect(after('task.compensated')).toMatch(/succeeded .* undone/);
  expect(after('task.compensated')).not.toContain('being');
  const failed = lineOf(
    viewOf(
      [{ id: 'a' }],
      [
        ...events,
        ['task.compensationFailed', { taskId: 'a', error: { code: 'x', message: 'y' } }, 300],
      ],
    ),
    'a',
  );
  expect(failed).toContain('could not be undone');
});

it('tells how to answer as long as somebody can', () => {
  const inbox = 'troupe inbox';
  const asked: Told = ['task.waiting', { taskId: 'a', kind: 'approval', dueAt: START + 9_000 }];
  const line = 'another terminal can answer: troupe inbox';
  expect(drawn(viewOf([{ id: 'a' }], [asked]), { inbox }).at(-1)).toBe(line);
  expect(drawn(viewOf([{ id: 'a' }], [asked]), { inbox, rows: 3 })).not.toContain(line);
  const answered = viewOf([{ id: 'a' }], [asked, ['task.succeeded', { taskId: 'a' }, 100]]);
  expect(drawn(answered, { inbox })).not.toContain(line);
});

describe('a task in the tree', () => {
  it('that has not begun names what it waits for', () => {
    const view = viewOf([{ id: 'a' }, { id: 'b', dependencies: ['a'] }], []);
    expect(lineOf(view, 'b')).toContain('pending');
    expect(lineOf(view, 'b')).toContain('waits for a');
  });

  it('that is ready waits for a slot, or for an agent that nobody offers', () => {
    const view = viewOf(
      [{ id: 'a', agent: 'echo' }],
      [['task.scheduled', { taskId: 'a', attempt: 1 }]],
    );
    expect(lineOf(view, 'a')).toContain('waits for a slot of echo');
    view.offline = new Set(['echo']);
    expect(lineOf(view, 'a')).toContain('waits for agent echo: nobody offers it now');
  });

  it('that runs shows time, attempt, agent and progress', () => {
    const view = viewOf(
      [{ id: 'a' }],
      [
        ['task.started', { taskId: 'a', attempt: 2, agent: 'echo' }, 500],
        [
          'task.progressed',
          { taskId: 'a', attempt: 2, percent: 42.4, message: 'half\n\u001b[2Jway' },
        ],
      ],
    );
    expect(lineOf(view, 'a')).toMatch(
      /● a {5}running {4}2\.0 s .*attempt 2 {2}\(echo\) ████░{6} 42 % half way$/,
    );
  });

  it('that failed and is tried again counts down', () => {
    const error = { code: 'odd', message: 'no luck', retryable: true };
    const view = viewOf(
      [{ id: 'a' }],
      [
        ['task.started', { taskId: 'a', attempt: 1, agent: 'echo' }],
        ['task.attemptFailed', { taskId: 'a', attempt: 1, error, agent: 'echo' }],
        ['task.retryScheduled', { taskId: 'a', attempt: 1, rule: 'r', dueAt: START + 5_000 }],
      ],
    );
    expect(lineOf(view, 'a')).toContain('again in 3.0 s: odd: no luck');
    expect(lineOf(view, 'a', { now: START + 4_710 })).toContain('again in 300 ms: odd');
    expect(lineOf(view, 'a', { now: START + 6_000 })).toContain('again now');
    expect(view).toMatchObject({ attempts: 1, retries: 1 });
  });

  it('that waits says for what, and until when', () => {
    const view = viewOf(
      [{ id: 'a' }],
      [['task.waiting', { taskId: 'a', kind: 'timer', dueAt: START + 62_500 }]],
    );
    expect(lineOf(view, 'a')).toMatch(/for timer, due \d\d:\d\d:\d\d \(in 1 min 00 s\)/);
  });

  it('that ended says how long it took, and why it failed or was skipped', () => {
    const error = { code: 'odd', message: 'no luck', retryable: false };
    const view = viewOf(
      [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
      [
        ['task.started', { taskId: 'a', attempt: 1, agent: 'x' }, 100],
        ['task.succeeded', { taskId: 'a', agent: 'x' }, 400],
        ['task.failed', { taskId: 'b', error }],
        ['task.skipped', { taskId: 'c', reason: 'condition' }],
      ],
    );
    expect(lineOf(view, 'a')).toMatch(/✓ a .*300 ms/);
    expect(lineOf(view, 'b')).toMatch(/✗ b .*odd: no luck/);
    expect(lineOf(view, 'c')).toMatch(/– c .*condition/);
  });

  it('with foreach is one line with counts, however many instances', () => {
    const events: Told[] = [['task.expanded', { taskId: 'each', count: 50_000 }]];
    for (let n = 0; n < 1_000; n += 1) {
      const taskId = `each~${n}`;
      events.push(['task.scheduled', { taskId, attempt: 1 }]);
      events.push(['task.started', { taskId, attempt: 1, agent: 'echo' }]);
      if (n < 600) events.push(['task.succeeded', { taskId }]);
      else if (n < 610)
        events.push(['task.failed', { taskId, error: { code: 'x', message: 'y' } }]);
    }
    const view = viewOf([{ id: 'each' }], events);
    expect(drawn(view)).toHaveLength(2);
    expect(lineOf(view, 'each')).toContain('610 of 50000, 390 running, 10 failed');
  });

  it('counts an instance that is tried again in its new state alone', () => {
    const view = viewOf(
      [{ id: 'each' }],
      [
        ['task.expanded', { taskId: 'each', count: 2 }],
        ['task.failed', { taskId: 'each~0', error: { code: 'x', message: 'y' } }],
        ['task.reset', { taskId: 'each~0', reason: 'retried' }],
        ['task.started', { taskId: 'each~0', attempt: 2, agent: 'echo' }],
      ],
    );
    expect(lineOf(view, 'each')).toMatch(/0 of 2, 1 running$/);
  });
});

describe('the tree', () => {
  const many = Array.from({ length: 100 }, (_, n) => ({ id: `task-${n}` }));

  it('begins with the run, its state, time and count of tasks', () => {
    const view = viewOf([{ id: 'a' }, { id: 'b' }], [['task.succeeded', { taskId: 'a' }]]);
    expect(drawn(view)[0]).toBe('demo running 2.5 s, 1 of 2 tasks run_1');
    view.take({ type: 'run.quarantined', data: {}, at: START });
    expect(drawn(view, { note: 'lost' })[0]).toBe(
      'demo quarantined 2.5 s, 1 of 2 tasks run_1 lost',
    );
  });

  it('never has more lines than the terminal, and keeps what runs', () => {
    const view = viewOf(many, [['task.started', { taskId: 'task-90', attempt: 1, agent: 'x' }]]);
    const lines = drawn(view, { rows: 10 });
    expect(lines).toHaveLength(10);
    expect(lines.some((line) => line.includes('task-90'))).toBe(true);
    expect(lines.at(-1)).toContain('and 92 pending');
    expect(drawn(view, { rows: 2 }).length).toBeLessThanOrEqual(2);
  });

  it('never has a line wider than the terminal, with colours or without', () => {
    const message = '進捗 '.repeat(100);
    const view = viewOf(
      [{ id: 'a'.repeat(90) }],
      [
        ['task.progressed', { taskId: 'a'.repeat(90), percent: 50, message }],
        ['task.started', { taskId: 'a'.repeat(90), attempt: 1, agent: 'x' }],
        ['task.progressed', { taskId: 'a'.repeat(90), percent: 50, message }],
      ],
    );
    for (const columns of [1, 2, 20, 41, 79]) {
      for (const line of drawn(view, { columns }))
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
      for (const line of drawn(view, { columns, hasColor: true }))
        expect(widthOf(plainText(line))).toBeLessThanOrEqual(columns);
    }
  });

  it('does without letters beyond ASCII, and has no escapes without colour', () => {
    const view = viewOf(
      [{ id: 'a' }],
      [
        ['task.started', { taskId: 'a', attempt: 1, agent: 'x' }],
        ['task.progressed', { taskId: 'a', percent: 50 }],
      ],
    );
    expect(drawn(view, { hasUnicode: false }).join('')).toMatch(/^[ -~]*$/);
    expect(drawn(view).join('')).not.toContain('\u001b');
    expect(drawn(view, { hasColor: true }).join('')).toContain('\u001b[36m');
  });
});

describe('text for terminals', () => {
  it('is cut by columns, not by letters', () => {
    const cut = (text: string, columns: number): string =>
      paint([{ text }], { columns, hasColor: false });
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('日本語', 5)).toBe('日本…');
    expect(cut('日本語', 6)).toBe('日本語');
    expect(widthOf('e\u0301')).toBe(1);
  });

  it('cannot forge lines or move the cursor', () => {
    expect(plainText('a\nb\u001b[2Jc\u0007\u202ed')).toBe('a bc d');
  });
});
