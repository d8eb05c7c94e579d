import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/errors.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { commitsOf } from '../../src/cli/history-commits.ts';
import { main } from '../../src/cli/main.ts';
import { brief, duration, outputText, table } from '../../src/cli/render/format.ts';
import { ProgressTracker } from '../../src/cli/render/progress.ts';
import { summary, taskTable } from '../../src/cli/render/timeline.ts';
import { failureText, statusText, wordsOf } from '../../src/cli/render/words.ts';
import { problemLines, reportError } from '../../src/cli/report-error.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { envelopesOf } from '../../src/events/envelope.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { memoryTerminal } from './memory-terminal.ts';

const at = 1_000;
const taken = (tracker: ProgressTracker, type: string, data: object) =>
  tracker.take({ type, data, at });

it('knows that a quarantined run waits for a person', () => {
  const tracker = new ProgressTracker();
  taken(tracker, 'run.quarantined', { streamVersion: 3, error: { code: 'x', message: 'y' } });
  expect(tracker.view.isQuarantined).toBe(true);
  taken(tracker, 'run.released', { reason: 'mended' });
  expect(tracker.view.isQuarantined).toBe(false);
});

it('tells of the compensation of an instance, which has no line otherwise', () => {
  const tracker = new ProgressTracker();
  taken(tracker, 'task.expanded', { taskId: 'charge', count: 2 });
  expect(taken(tracker, 'task.started', { taskId: 'charge~1', agent: 'echo' })).toBeUndefined();
  expect(taken(tracker, 'task.started', { taskId: 'charge~1!undo', agent: 'echo' })).toBe(
    '  started    charge~1!undo (echo)',
  );
  expect(taken(tracker, 'task.succeeded', { taskId: 'charge~1!undo', startedAt: at })).toBe(
    '  succeeded  charge~1!undo in 0 ms',
  );
});

describe('what people read', () => {
  it('has words for what undoes and closes a run', () => {
    const said = (type: string, data: object) => wordsOf({ type, data, at });
    const error = { code: 'shell.exit', message: 'it exited with 1' };
    expect(said('run.finishing', { outcome: 'failed' })).toBe(
      'the closing hooks begin; the run will be failed',
    );
    expect(said('task.compensating', { taskId: 'a' })).toBe('is being undone');
    expect(said('task.compensated', { taskId: 'a' })).toBe('undone');
    expect(said('task.compensationFailed', { taskId: 'a', error })).toBe(
      'could not be undone: shell.exit: it exited with 1',
    );
    expect(said('run.quarantined', { error })).toBe('quarantined: shell.exit: it exited with 1');
  });

  it('says of a task that it was undone, and how many rounds it had', () => {
    expect(statusText({ status: 'success' })).toBe('succeeded');
    expect(statusText({ status: 'success', rounds: 1 })).toBe('succeeded');
    expect(statusText({ status: 'success', compensated: true, rounds: 3 })).toBe(
      'succeeded, undone, 3 rounds',
    );
  });

  it('says of tasks and runs that they succeeded, in one word', () => {
    const report: RunReport = {
      runId: 'run_1',
      name: 'w',
      status: 'succeeded',
      output: null,
      durationMs: 9,
      tasks: {
        a: { status: 'success', attempts: 1 },
        b: { status: 'skipped', attempts: 0, reason: 'canceled' },
      },
    };
    expect(summary(report, 5)).toEqual([
      'run_1 "w" succeeded after 9 ms: 5 events, tasks: 1 succeeded, 1 skipped',
    ]);
    expect(taskTable(report)[1]).toMatch(/^a +succeeded +1/);
    expect(taskTable(report)[2]).toMatch(/it was canceled before it began$/);
  });

  it('prints a Markdown output as the text it is', () => {
    expect(outputText({ report: '# Title\n\ntext\n' })).toBe('# Title\n\ntext');
    expect(outputText('plain')).toBe('plain');
    expect(outputText(null)).toBe('');
    expect(outputText({ n: 1, s: 'x' })).toBe('n: 1\ns: x');
  });

  it('says durations in the unit that fits', () => {
    expect([5, 2_400, 185_000, 7_800_000].map(duration)).toEqual([
      '5 ms',
      '2.4 s',
      '3 min 05 s',
      '2 h 10 min',
    ]);
  });

  it('shows no escape sequence that an agent wrote', () => {
    const sunk = 'red\u001b]0;title\u0007 \u001b[2Jtext\u202e';
    expect(brief(sunk)).toBe('red text');
    expect(failureText({ code: sunk, message: sunk })).toBe('red text: red text');
    const data = { taskId: 'a', reason: sunk };
    expect(wordsOf({ type: 'task.skipped', data, at })).toBe('skipped: red text');
    expect(table([[sunk, 'x']])).toEqual(['red text  x']);
  });

  it('aligns the columns of a table by what a terminal shows', () => {
    expect(
      table([
        ['日本', 'x'],
        ['a', 'y'],
      ]),
    ).toEqual(['日本  x', 'a     y']);
  });

  it('shortens long values', () => {
    expect(brief('x'.repeat(500))).toHaveLength(100);
  });

  it('tells starts, ends and retries, and keeps quiet about the rest', () => {
    const tracker = new ProgressTracker();
    expect(taken(tracker, 'task.scheduled', { taskId: 'a', attempt: 1 })).toBeUndefined();
    expect(taken(tracker, 'task.started', { taskId: 'a', attempt: 2, agent: 'echo' })).toBe(
      '  started    a (echo), attempt 2',
    );
    expect(taken(tracker, 'task.succeeded', { taskId: 'a', startedAt: 400 })).toBe(
      '  succeeded  a in 600 ms',
    );
  });

  it('knows when nothing but people without a timeout is waited for', () => {
    const tracker = new ProgressTracker();
    taken(tracker, 'task.waiting', { taskId: 'ask', kind: 'approval' });
    expect(tracker.view.isWaitingForPerson).toBe(true);
    taken(tracker, 'task.started', { taskId: 'work' });
    expect(tracker.view.isWaitingForPerson).toBe(false);
    taken(tracker, 'task.succeeded', { taskId: 'work' });
    expect(tracker.view.isWaitingForPerson).toBe(true);
    taken(tracker, 'task.waiting', { taskId: 'other', kind: 'approval', dueAt: 9 });
    expect(tracker.view.isWaitingForPerson).toBe(false);
  });

  it('knows which tasks may wait for the mutex of one that waits for a person', () => {
    const tracker = new ProgressTracker();
    const locked = { id: 'next', agent: 'echo', dependencies: [], mutex: ['door'] };
    const free = { id: 'free', agent: 'echo', dependencies: [] };
    taken(tracker, 'run.created', { name: 'x', definition: { name: 'x', tasks: [locked, free] } });
    taken(tracker, 'task.waiting', { taskId: 'ask', kind: 'approval' });
    taken(tracker, 'task.scheduled', { taskId: 'next', attempt: 1 });
    expect([...tracker.view.lockable]).toEqual(['next']);
    expect(tracker.view.isWaitingForPerson).toBe(true);
    taken(tracker, 'task.scheduled', { taskId: 'free', attempt: 1 });
    expect(tracker.view.isWaitingForPerson).toBe(false);
    taken(tracker, 'task.succeeded', { taskId: 'free' });
    taken(tracker, 'task.started', { taskId: 'next' });
    expect([...tracker.view.lockable]).toEqual([]);
    expect(tracker.view.isWaitingForPerson).toBe(false);
  });
});

describe('errors', () => {
  it('have one shape on stderr, and a document with --json', async () => {
    const { terminal, stdout, stderr } = memoryTerminal();
    const code = reportError(new UsageError('no', 'do this', { a: 1 }), {
      terminal,
      isDebug: false,
      isJson: true,
    });
    await terminal.flush();
    expect(code).toBe(2);
    expect(JSON.parse(stdout())).toEqual({
      error: { code: 'cli.usage', message: 'no', hint: 'do this', details: { a: 1 } },
    });
    expect(stderr()).toBe('error: no\n  hint: do this\n  code: cli.usage\n');
  });

  it('name a place in a file by line and column, else a path and its line apart', () => {
    const problem = { line: 9, column: 24, path: 'tasks[3].agent', message: 'no agent', code: 'x' };
    expect(
      problemLines([
        problem,
        { ...problem, file: 'a.yaml' },
        { path: 'to', message: 'bad', line: 0, column: 0 },
      ]),
    ).toEqual([
      '  - tasks[3].agent 9:24 no agent [x]',
      '  - a.yaml:9:24 no agent [x]',
      '  - to bad',
    ]);
  });

  it('show a stack trace only when debugging', async () => {
    const { terminal, stderr } = memoryTerminal();
    reportError(new TypeError('odd'), { terminal, isDebug: false, isJson: false });
    await terminal.flush();
    expect(stderr()).not.toContain('    at ');
    reportError(new TypeError('odd'), { terminal, isDebug: true, isJson: false });
    await terminal.flush();
    expect(stderr()).toContain('    at ');
  });

  it('become the promised exit codes', () => {
    const codes = [
      'workflow.invalid',
      'run.not-found',
      'run.conflict',
      'orchestrator.duplicate',
      'log.locked',
      'run.timeout',
      'cli.interrupted',
      'anything',
    ];
    expect(codes.map(exitCodeOf)).toEqual([2, 3, 4, 4, 4, 124, 130, 1]);
  });
});

describe('the terminal', () => {
  it('goes on in silence when the reader of stdout has gone', () => {
    const { terminal, streams, stderr } = memoryTerminal();
    streams.stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    terminal.print('more');
    expect(terminal.isClosed).toBe(true);
    expect(stderr()).toBe('');
  });

  it('lets nothing act on a terminal that people or agents wrote', () => {
    const shown = memoryTerminal({ isTTY: true });
    const evil =
      '\u001b[31mred\u001b[0m \u001b[2J\u001b]0;title\u0007 a\r\nb\rc\td \u009b2J \u202e';
    shown.terminal.print(evil);
    shown.terminal.tell(evil);
    const seen =
      '\u001b[31mred\u001b[0m \ufffd[2J\ufffd]0;title\ufffd a\r\nb\ufffdc\td \ufffd2J \ufffd\n';
    expect([shown.stdout(), shown.stderr()]).toEqual([seen, seen]);
    const piped = memoryTerminal();
    piped.terminal.print(evil);
    expect(piped.stdout()).toBe(`${evil}\n`);
  });

  it('is no success when the result could not be written', async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    });
    const stderr = new PassThrough();
    const terminal = createTerminal({ stdout, stderr, stdin: {}, environment: {} });
    const code = await main(['--version'], { terminal, environment: {}, workingDirectory: '.' });
    expect(code).toBe(1);
    expect(String(stderr.read())).toBe('cannot write to stdout: full\n');
  });

  it('has colours on a terminal alone, and not with NO_COLOR', () => {
    expect(memoryTerminal({ isTTY: true }).terminal.hasColor).toBe(true);
    expect(memoryTerminal({ isTTY: true, environment: { NO_COLOR: '1' } }).terminal.hasColor).toBe(
      false,
    );
    expect(memoryTerminal().terminal.hasColor).toBe(false);
  });
});

describe('history as commits', () => {
  it('puts events of one position back into one commit', () => {
    const commit = {
      position: 7,
      stream: 'run_1',
      firstVersion: 3,
      at: 5,
      correlationId: 'c',
      causationId: 'm',
      actor: { kind: 'system' as const },
      events: [
        { type: 'a', schemaVersion: 1, data: 1 },
        { type: 'b', schemaVersion: 1, data: 2 },
      ],
    };
    const next = { ...commit, position: 8, firstVersion: 5, trace: 't' };
    expect(commitsOf([commit, next].flatMap(envelopesOf))).toEqual([commit, next]);
  });
});
