/** What the commands of `replay --step` print, and what they refuse. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseBreakpoint } from '../../../src/cli/commands/replay-step-breakpoints.ts';
import { type KeyInput, keyCommands } from '../../../src/cli/commands/replay-step-keys.ts';
import { StepSession } from '../../../src/cli/commands/replay-step-session.ts';
import { HistoryWalker } from '../../../src/cli/history-walker.ts';
import { PureRun } from '../../machines/pure-run.ts';
import { historyOf } from '../history.ts';
import { memoryTerminal } from '../memory-terminal.ts';

async function session(...breakpoints: string[]) {
  const pure = new PureRun({
    name: 'build',
    tasks: [
      { id: 'build', agent: 'x', retry: { max_attempts: 2, delay: 1 } },
      { id: 'ship', agent: 'x', dependencies: ['build'] },
    ],
  });
  pure.now += 500;
  pure.fail('build');
  pure.fire('build');
  pure.succeed('build', { size: 3 });
  pure.succeed('ship', 'done');
  const walker = await HistoryWalker.open(await historyOf(pure), 'run_1');
  const memory = memoryTerminal();
  const taskIds = ['build', 'ship'];
  const points = breakpoints.map((text) => parseBreakpoint(text, taskIds));
  const step = new StepSession({ walker, terminal: memory.terminal, taskIds, breakpoints: points });
  let seen = 0;
  /** What a command printed. */
  const shown = async (line: string): Promise<string[]> => {
    await step.take(line);
    await memory.terminal.flush();
    const text = memory.stdout().slice(seen);
    seen = memory.stdout().length;
    return text.trimEnd().split('\n');
  };
  return { walker, step, shown, stderr: memory.stderr };
}

describe('a walk', () => {
  it('shows each event with the difference it makes, and takes it away again', async () => {
    const { shown, walker } = await session();
    await shown('g 4');
    expect(walker.envelope.type).toBe('task.started');
    expect(await shown('b')).toEqual([
      'undone 4',
      '  run.slots: 1 -> 0',
      '  tasks.build.status: running -> scheduled',
      '  tasks.build.agent: x -> (none)',
      '  tasks.build.rule: named -> (none)',
      '  tasks.build.startedAt: +0.000s -> (none)',
      expect.stringMatching(/^3\/\d+ {2}\+0\.000s {2}task\.scheduled {2}build {2}ready$/),
      '  run.openTasks: 0 -> 1',
      '  tasks.build.status: pending -> scheduled',
      '  tasks.build.attempt: (none) -> 1',
    ]);
    expect((await shown(''))[2]).toBe('  tasks.build.status: scheduled -> running');
  });

  it('stops at event types and tasks in both directions', async () => {
    const { shown, walker, stderr } = await session('task.attemptFailed');
    expect((await shown('c'))[0]).toContain('task.attemptFailed  build');
    await shown('B task:ship');
    await shown('c');
    expect(walker.envelope).toMatchObject({ type: 'task.scheduled', data: { taskId: 'ship' } });
    await shown('r');
    expect(walker.envelope.type).toBe('task.attemptFailed');
    expect(await shown('U')).toEqual(['breakpoints: none']);
    await shown('c');
    expect(walker.version).toBe(walker.last);
    expect(stderr()).toContain('no breakpoint on the way');
  });

  it('goes to versions and times, searches, and shows state and event', async () => {
    const { shown, walker } = await session();
    await shown('g last');
    expect(walker.envelope.type).toBe('run.succeeded');
    await shown('g -1');
    expect(walker.envelope.type).toBe('task.succeeded');
    await shown('g 1970-01-01T00:00:01.500Z');
    expect(walker.envelope.type).toBe('task.retryScheduled');
    await shown('g first');
    await shown('/SIZE');
    expect(walker.envelope).toMatchObject({ type: 'task.succeeded', data: { taskId: 'build' } });
    expect(JSON.parse((await shown('s tasks.build')).join('\n'))).toMatchObject({
      tasks: { build: { status: 'succeeded', attempt: 2, output: { size: 3 } } },
    });
    expect(JSON.parse((await shown('e')).join('\n'))).toEqual(walker.envelope);
    await shown('n 2');
    expect(await shown('?')).toContain(
      'c                         on to a breakpoint    r              back to a breakpoint',
    );
  });

  it('ends with q and refuses what it does not know, with a hint', async () => {
    const { step } = await session();
    expect(await step.take('q')).toBe(false);
    await expect(step.take('contineu')).rejects.toMatchObject({
      code: 'cli.usage',
      hint: 'Did you mean `continue`?',
    });
    await expect(step.take('g 999')).rejects.toMatchObject({ code: 'cli.usage' });
    await expect(step.take('n x')).rejects.toMatchObject({ code: 'cli.usage' });
    await expect(step.take('s tasks.bild')).rejects.toMatchObject({
      hint: 'Did you mean `tasks.build`?',
    });
    await expect(step.take('U task.failed')).rejects.toMatchObject({ code: 'cli.usage' });
  });
});

describe('parseBreakpoint', () => {
  const event = (type: string, taskId?: string) => ({ type, data: { taskId } });

  it('meets event types, groups of them, tasks and single instances', () => {
    const tasks = ['each', 'eaches'];
    expect(parseBreakpoint('task.*', tasks).matches(event('task.failed'))).toBe(true);
    expect(parseBreakpoint('task.*', tasks).matches(event('run.failed'))).toBe(false);
    const whole = parseBreakpoint('task:each', tasks);
    expect(
      ['each', 'each~3', 'each@2', 'each!undo'].every((id) => whole.matches(event('x', id))),
    ).toBe(true);
    expect(whole.matches(event('x', 'eaches'))).toBe(false);
    const one = parseBreakpoint('task:each~3', tasks);
    expect([one.matches(event('x', 'each~3')), one.matches(event('x', 'each~30'))]).toEqual([
      true,
      false,
    ]);
  });

  it('names what was meant where nothing can match', () => {
    const hintOf = (text: string): unknown => {
      try {
        return parseBreakpoint(text, ['build']);
      } catch (error) {
        return (error as { hint: string }).hint;
      }
    };
    expect(hintOf('task.fialed')).toBe('Did you mean `task.failed`?');
    expect(hintOf('taks.*')).toBe('Did you mean `task.*`?');
    expect(hintOf('task:biuld')).toBe('Did you mean `build`?');
    expect(hintOf('agent.lost')).toMatch(/Write an event type|Did you mean/);
  });
});

/** A keyboard: what is typed arrives as keypresses. */
class Keyboard extends EventEmitter {
  raw: boolean[] = [];
  setRawMode(isRaw: boolean): this {
    this.raw.push(isRaw);
    return this;
  }
  resume(): this {
    return this;
  }
  pause(): this {
    return this;
  }
  type(...keys: ({ sequence: string; name?: string; ctrl?: boolean } | string)[]): void {
    for (const key of keys)
      this.emit('keypress', key, typeof key === 'string' ? { sequence: key, name: key } : key);
  }
}

const enter = { sequence: '\r', name: 'return' };
const ctrl = (name: string) => ({ sequence: '', name, ctrl: true });

async function typed(...keys: Parameters<Keyboard['type']>): Promise<string[]> {
  const keyboard = new Keyboard();
  const lines: string[] = [];
  const commands = keyCommands(keyboard as unknown as KeyInput, () => undefined);
  const first = commands.next();
  keyboard.type(...keys, ctrl('d'));
  for (let step = await first; step.done !== true; step = await commands.next())
    lines.push(step.value);
  expect(keyboard.raw).toEqual([true, false]);
  return lines;
}

describe('keyCommands', () => {
  it('turns keys into command lines', async () => {
    const space = { sequence: ' ', name: 'space' };
    expect(await typed('n', space, enter, { sequence: '', name: 'left' }, 'x', 'c', 'q')).toEqual([
      ...['n', 'n', 'n', 'p', 'c', 'q'],
    ]);
  });

  it('reads a text after g, with corrections, and gives it up at escape', async () => {
    const giveUp = { sequence: '\u001b', name: 'escape' };
    const back = { sequence: '\u007f', name: 'backspace' };
    expect(await typed('g', '1', '3', back, '2', enter, '/', 'a', giveUp, 'n')).toEqual([
      'g 12',
      'n',
    ]);
  });

  it('gives the terminal back at Ctrl+C', async () => {
    const keyboard = new Keyboard();
    const commands = keyCommands(keyboard as unknown as KeyInput, () => undefined);
    const first = commands.next();
    keyboard.type(ctrl('c'));
    await expect(first).rejects.toMatchObject({ code: 'cli.interrupted' });
    expect(keyboard.raw).toEqual([true, false]);
  });
});
