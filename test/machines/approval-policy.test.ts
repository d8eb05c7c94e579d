/** Approvals: who belongs to the group, who hands an answer on, reminders, and what the end of the time does. */
import { describe, expect, it } from 'vitest';
import { effectsOf } from '../../src/machines/run/effects.ts';
import { reminderIdOf } from '../../src/machines/run/reminders.ts';
import { MAX_CHAIN } from '../../src/machines/run/voters.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { PureRun } from './pure-run.ts';

const groups = { leads: ['ann', 'bob', 'cid'], directors: ['dora'] };

function asks(approval: JsonObject, settings: JsonObject = { groups }): PureRun {
  return new PureRun({ name: 'w', settings, tasks: [{ id: 'sign', wait: { approval } }] });
}
const yes = (by: string, rest: JsonObject = {}): JsonObject => ({
  ...{ type: 'approve', task: 'sign', by },
  ...rest,
});
const hands = (by: string, to: string): JsonObject => ({ ...yes(by), type: 'delegate', to });
const waitsFor = (run: PureRun): JsonObject => run.report().tasks['sign']?.waitsFor ?? {};

/** Fires the reminder of `sign` at a time, its own by default. */
function remind(run: PureRun, at?: number): string[] {
  const sign = run.run.activations.get('sign');
  const dueAt = sign?.wait?.reminders?.nextAt ?? 0;
  run.now = at ?? Math.max(run.now, dueAt);
  return run.send({ type: 'timer', timerId: reminderIdOf(sign as never), dueAt });
}

describe('a group that is listed', () => {
  it('is recorded with the question, and only its members answer', () => {
    const run = asks({ group: 'leads', quorum: 2 });
    expect(run.last('task.waiting').details).toMatchObject({ members: groups.leads });
    expect(run.command(yes('eve'))).toEqual([]);
    expect(run.rejection).toMatchObject({
      ...{ status: 403, code: 'permission.denied', message: 'eve is not one of leads' },
      details: { task: 'sign', by: 'eve', voters: ['ann', 'bob', 'cid'] },
    });
    expect(run.rejection?.hint).toContain('ann, bob, cid');
    run.command(yes('ann'));
    run.command({ ...yes('eve'), type: 'reject' });
    expect(run.rejection).toMatchObject({ details: { voters: ['bob', 'cid'] } });
    expect(run.command(yes('bob'))).toContain('task.succeeded sign');
  });

  it('is the next one after an escalation, with answers and delegations of its own', () => {
    const run = asks({
      group: 'leads',
      timeout: 5,
      on_timeout: 'escalate',
      escalate_to: 'directors',
    });
    run.command(hands('ann', 'eve'));
    run.fire('sign');
    expect(waitsFor(run)).toMatchObject({ group: 'directors', members: ['dora'], escalated: true });
    expect(waitsFor(run)).not.toHaveProperty('delegations');
    run.command(yes('eve'));
    expect(run.rejection?.code).toBe('permission.denied');
    expect(run.command(yes('dora'))).toContain('task.succeeded sign');
  });

  it('that is not listed takes everybody, as before', () => {
    const run = asks({ group: 'leads' }, {});
    expect(run.last('task.waiting').details).toEqual({ group: 'leads', quorum: 1 });
    expect(run.command(yes('eve'))).toContain('task.succeeded sign');
  });
});

describe('an answer that is handed on', () => {
  it('is recorded, shown, and given by the other one for the first', () => {
    const run = asks({ group: 'leads', quorum: 2 });
    expect(run.command({ ...hands('ann', 'eve'), comment: 'on holiday' })).toEqual([
      'run.signalReceived sign',
    ]);
    expect(waitsFor(run)).toMatchObject({
      delegations: [{ from: 'ann', to: 'eve', comment: 'on holiday' }],
    });
    run.command(yes('ann'));
    expect(run.rejection).toMatchObject({
      code: 'run.conflict',
      details: { voters: ['bob', 'cid', 'eve'] },
    });
    expect(run.rejection?.message).toBe('ann has handed the answer to eve');
    run.command(yes('eve'));
    expect(run.last('run.signalReceived').payload).toEqual({ by: 'eve', for: 'ann' });
    run.command(yes('bob'));
    expect(run.report().tasks['sign']?.output).toEqual({
      ...{ approved: true, by: ['eve', 'bob'] },
      for: { eve: 'ann' },
    });
  });

  it('goes on through several, and the last one answers for the first', () => {
    const run = asks({ group: 'leads' });
    run.command(hands('ann', 'p1'));
    run.command(hands('p1', 'p2'));
    run.command(yes('p1'));
    expect(run.rejection?.code).toBe('run.conflict');
    run.command(yes('p2'));
    expect(run.report().tasks['sign']?.output).toMatchObject({ by: ['p2'], for: { p2: 'ann' } });
  });

  it('goes through so many and no more, and never back', () => {
    const run = asks({ group: 'leads' });
    const people = ['ann', 'p1', 'p2', 'p3', 'p4', 'p5'];
    for (const [index, to] of people.slice(1, MAX_CHAIN).entries()) {
      run.command(hands(people[index] ?? '', to));
      expect(run.rejection).toBeUndefined();
    }
    run.command(hands('p4', 'ann'));
    expect(run.rejection?.message).toContain('ann has handed an answer to p1');
    run.command(hands('p4', 'p5'));
    expect(run.rejection?.message).toContain('through 4 persons');
    expect(run.command(yes('p4'))).toContain('task.succeeded sign');
  });

  it.each([
    ['somebody outside', hands('eve', 'fay'), 'permission.denied', /not one of leads/],
    ['to oneself', hands('ann', 'ann'), 'run.conflict', /has the answer already/],
    ['to one of the group', hands('fay', 'ann'), 'run.conflict', /ann has an answer to give/],
    ['after the vote', hands('cid', 'eve'), 'run.conflict', /cid has answered already/],
    ['to one who voted', hands('ann', 'cid'), 'run.conflict', /cid has answered already/],
    ['twice', hands('bob', 'eve'), 'run.conflict', /bob has handed the answer to fay/],
    ['to one who has got one', hands('ann', 'fay'), 'run.conflict', /has an answer to give/],
  ])('is refused: %s', (_what, command, code, says) => {
    const run = asks({ group: 'leads', quorum: 3 });
    run.command(yes('cid'));
    run.command(hands('bob', 'fay'));
    expect(run.command(command)).toEqual([]);
    expect(run.rejection).toMatchObject({ code, message: expect.stringMatching(says) });
    if (code === 'run.conflict')
      expect(run.rejection?.details?.['possible']).toEqual(expect.arrayContaining(['delegate']));
  });

  it('is said twice and recorded once', () => {
    const run = asks({ group: 'leads' });
    run.command(hands('ann', 'eve'));
    expect(run.command(hands('ann', 'eve'))).toEqual([]);
    expect(run.rejection).toBeUndefined();
  });

  it('can be forbidden by the workflow', () => {
    const run = asks({ group: 'leads', delegate: false });
    run.command(hands('ann', 'eve'));
    expect(run.rejection).toMatchObject({ code: 'run.conflict' });
    expect(run.rejection?.hint).toContain('delegate: false');
  });

  it('needs no list of the group', () => {
    const run = asks({ group: 'leads', quorum: 2 }, {});
    run.command(hands('ann', 'eve'));
    run.command(yes('ann'));
    expect(run.rejection?.code).toBe('run.conflict');
    run.command(yes('eve'));
    expect(run.command(yes('bob'))).toContain('task.succeeded sign');
  });
});

describe('reminders', () => {
  it('come at their times, so many and no more, each with the time of the next', () => {
    const run = asks({ group: 'leads', remind: { after: 2, every: 10, max: 3 } });
    expect([...effectsOf(run.run).values()]).toContainEqual({
      ...{ kind: 'timer', timerId: 'reminder:sign:1', dueAt: 3_000 },
    });
    expect(remind(run)).toEqual(['timer.fired sign']);
    expect(run.last('timer.fired')).toEqual({
      ...{ timerId: 'reminder:sign:1', kind: 'reminder', taskId: 'sign' },
      ...{ count: 1, nextAt: 13_000 },
    });
    remind(run);
    expect(waitsFor(run)).toMatchObject({ reminders: { count: 2, nextAt: 23_000 } });
    remind(run);
    expect(waitsFor(run)['reminders']).toEqual({ count: 3 });
    expect(effectsOf(run.run).size).toBe(1);
    expect(remind(run)).toEqual([]);
  });

  it('that fell due while nothing ran become one, and the next comes a whole interval later', () => {
    const run = asks({ remind: 10 });
    expect(remind(run, 95_000)).toEqual(['timer.fired sign']);
    expect(run.last('timer.fired')).toMatchObject({ count: 1, nextAt: 105_000 });
  });

  it('are not told twice when the timer fires twice, or too early', () => {
    const run = asks({ remind: 10 });
    expect(remind(run, 10_999)).toEqual([]);
    expect(remind(run, 11_000)).toEqual(['timer.fired sign']);
    expect(run.send({ type: 'timer', timerId: 'reminder:sign:1', dueAt: 11_000 })).toEqual([]);
  });

  it('end with the answer, and before the time is over', () => {
    const run = asks({ timeout: 25, remind: 10 });
    remind(run);
    remind(run);
    expect(waitsFor(run)['reminders']).toEqual({ count: 2 });
    run.command(yes('ann'));
    expect(run.send({ type: 'timer', timerId: 'reminder:sign:1', dueAt: 31_000 })).toEqual([]);
  });

  it('begin anew for the group that is asked next', () => {
    const run = asks({
      ...{ group: 'leads', timeout: 25, on_timeout: 'escalate', escalate_to: 'directors' },
      remind: { every: 10, max: 1 },
    });
    remind(run);
    run.fire('sign');
    expect(waitsFor(run)['reminders']).toEqual({ count: 0, nextAt: 36_000 });
    expect(run.send({ type: 'timer', timerId: 'reminder:sign:1', dueAt: 21_000 })).toEqual([]);
    expect(remind(run)).toEqual(['timer.fired sign']);
  });

  it('come while the run is paused, as answers do', () => {
    const run = asks({ remind: 10 });
    run.command({ type: 'pause' });
    expect(remind(run)).toEqual(['timer.fired sign']);
  });
});

describe('when the time is over', () => {
  it('`fail` fails the task with approval.timeout', () => {
    const run = asks({ group: 'leads', timeout: 5, on_timeout: 'fail' });
    run.fire('sign');
    expect(run.report().tasks['sign']?.error).toEqual({
      ...{ code: 'approval.timeout', message: 'leads did not decide within 5 s', retryable: false },
    });
  });

  it('`reject` is `deny`', () => {
    const run = asks({ timeout: 5, on_timeout: 'reject' });
    run.fire('sign');
    expect(run.report().tasks['sign']?.error?.code).toBe('approval.denied');
  });

  it('an answer comes too late, and is told so', () => {
    const run = asks({ timeout: 5, on_timeout: 'approve' });
    run.fire('sign');
    for (const command of [yes('ann'), hands('ann', 'eve')]) {
      expect(run.command(command)).toEqual([]);
      expect(run.rejection).toMatchObject({ code: 'run.conflict', details: { possible: [] } });
    }
  });
});
