/** Approvals: who answers, how often, and what time does (workflow-language.md, Waits). */
import { describe, expect, it } from 'vitest';
import { effectsOf } from '../../src/machines/run/effects.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const asks = (approval: JsonObject, ...rest: JsonObject[]): PureRun =>
  new PureRun({ name: 'w', tasks: [{ id: 'sign', wait: { approval } }, ...rest] });
const yes = (by: string, rest: JsonObject = {}): JsonObject => ({
  type: 'approve',
  task: 'sign',
  by,
  ...rest,
});
const no = (by: string, rest: JsonObject = {}): JsonObject => ({
  ...yes(by, rest),
  type: 'reject',
});

describe('an approval', () => {
  it('records who is asked what', () => {
    const run = new PureRun(
      {
        name: 'w',
        inputs: { what: { type: 'string' } },
        tasks: [
          {
            id: 'sign',
            wait: { approval: { group: 'leads', message: 'Publish ${inputs.what}?', quorum: 2 } },
          },
        ],
      },
      { input: { what: 'it' } },
    );
    expect(run.last('task.waiting')).toEqual({
      taskId: 'sign',
      kind: 'approval',
      details: { group: 'leads', message: 'Publish it?', quorum: 2 },
    });
    expect(run.report().tasks['sign']?.waitsFor).toEqual({
      kind: 'approval',
      group: 'leads',
      message: 'Publish it?',
      quorum: 2,
    });
  });

  it('succeeds with who gave it and the comment', () => {
    const run = asks({});
    expect(run.command(yes('ann', { comment: 'fine' }))).toEqual([
      'run.signalReceived sign',
      'task.succeeded sign',
      'run.succeeded',
    ]);
    expect(run.report().tasks['sign']?.output).toEqual({
      approved: true,
      by: ['ann'],
      comment: 'fine',
    });
  });

  it('needs as many different persons as its quorum', () => {
    const run = asks({ quorum: 2 });
    expect(run.command(yes('ann'))).toEqual(['run.signalReceived sign']);
    expect(run.command(yes('ann'))).toEqual([]);
    expect(run.rejection).toBeUndefined();
    expect(run.report().tasks['sign']?.waitsFor).toMatchObject({ by: ['ann'] });
    expect(run.command(yes('bob'))).toContain('task.succeeded sign');
    expect(run.report().tasks['sign']?.output).toEqual({ approved: true, by: ['ann', 'bob'] });
  });

  it('fails with approval.denied on one refusal', () => {
    const run = asks({ quorum: 3 });
    run.command(yes('ann'));
    expect(run.command(no('bob', { comment: 'too early' }))).toContain('task.failed sign');
    expect(run.report().tasks['sign']?.error).toEqual({
      code: 'approval.denied',
      message: 'bob rejected it: too early',
      retryable: false,
    });
  });

  it('a person who answered cannot answer otherwise', () => {
    const run = asks({ quorum: 2 });
    run.command(yes('ann'));
    expect(run.command(no('ann'))).toEqual([]);
    expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
  });

  it('that was refused takes no approval afterwards', () => {
    const run = asks({}, { id: 'other', agent: 'x' });
    run.command(no('ann'));
    run.command(yes('bob'));
    expect(run.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
  });

  it('can be answered while the run is paused', () => {
    const run = asks({}, { id: 'next', agent: 'x', dependencies: ['sign'] });
    run.command({ type: 'pause' });
    expect(run.command(yes('ann'))).toEqual([
      'run.signalReceived sign',
      'task.succeeded sign',
      'task.scheduled next',
    ]);
  });
});

describe('an answer to the wrong task says what is possible', () => {
  const run = (): PureRun =>
    asks(
      { quorum: 2 },
      { id: 'work', agent: 'x' },
      {
        id: 'later',
        wait: { approval: {} },
        dependencies: ['work'],
      },
    );

  it.each([
    ['sing', { status: 404, code: 'task.not-found' }, /Did you mean "sign"/],
    ['work', { status: 409, code: 'run.conflict' }, /no approval/],
    ['later', { status: 409, code: 'run.conflict' }, /does not wait .* pending/],
    ['sign~3', { status: 404, code: 'task.not-found' }, /no task/],
  ])('%s', (task, rejection, says) => {
    const one = run();
    expect(one.command({ ...yes('ann'), task })).toEqual([]);
    expect(one.rejection).toMatchObject({
      ...rejection,
      details: { task, waiting: ['sign'] },
    });
    expect(`${one.rejection?.message} ${one.rejection?.hint}`).toMatch(says);
    expect(one.rejection?.hint).toContain('sign');
  });
});

describe('when nobody answers in time', () => {
  it('`deny` (default) fails the task with approval.denied', () => {
    const run = asks({ timeout: 5, group: 'leads' });
    run.fire('sign');
    expect(run.report().tasks['sign']?.error).toMatchObject({
      code: 'approval.denied',
      message: 'leads did not decide within 5 s',
    });
  });

  it('`approve` goes on', () => {
    const run = asks({ timeout: 5, on_timeout: 'approve' });
    run.fire('sign');
    expect(run.report().tasks['sign']?.output).toMatchObject({ approved: true, by: [] });
  });

  it('`wait` keeps waiting; the time is told and nothing is due', () => {
    const run = asks({ timeout: 5, on_timeout: 'wait' });
    expect(run.last('task.waiting')).toMatchObject({ details: { wantedBy: run.now + 5_000 } });
    expect(run.last('task.waiting').dueAt).toBeUndefined();
    expect(() => run.fire('sign')).toThrow('no timer');
  });

  it('`escalate` asks the next group once, as another attempt, and forgets the answers', () => {
    const run = asks({
      group: 'leads',
      quorum: 2,
      timeout: 5,
      on_timeout: 'escalate',
      escalate_to: 'directors',
    });
    run.command(yes('ann'));
    expect(run.fire('sign')).toEqual([
      'task.attemptFailed sign',
      'task.retryScheduled sign',
      'task.scheduled sign',
      'task.waiting sign',
    ]);
    expect(run.report().tasks['sign']?.waitsFor).toMatchObject({
      group: 'directors',
      dueAt: run.now + 5_000,
    });
    run.command(yes('ann'));
    expect(run.statuses()['sign']).toBe('waiting');
    run.fire('sign');
    expect(run.report().tasks['sign']?.error?.code).toBe('approval.denied');
  });

  it('the time goes on while the run is paused', () => {
    const run = asks({ timeout: 5 }, { id: 'x', agent: 'x' });
    run.command({ type: 'pause' });
    run.fire('sign');
    expect(run.statuses()['sign']).toBe('failed');
  });

  it('the delay before another round does not: it moves by the pause', () => {
    const sign = { id: 'sign', wait: { approval: {} }, repeat: { max: 2, delay: 10 } };
    const run = new PureRun({ name: 'w', tasks: [sign] });
    run.command({ type: 'approve', task: 'sign', by: 'ann' });
    const dueAt = run.now + 10_000;
    const timer = { type: 'timer', timerId: 'waiting:sign@2:1', dueAt } as const;
    const owes = () => [...effectsOf(run.run).keys()].some((key) => key.includes('sign@2'));
    expect(owes()).toBe(true);
    run.command({ type: 'pause' });
    expect(owes()).toBe(false);
    run.now += 60_000;
    expect(run.send(timer)).toEqual([]);
    run.command({ type: 'resume' });
    expect(run.send(timer)).toEqual([]);
    expect(run.fire('sign@2').at(-1)).toBe('task.waiting sign@2');
    expect(run.now).toBe(dueAt + 60_000);
  });
});
