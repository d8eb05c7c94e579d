/** Signals: what is kept, who takes it, what time does (workflow-language.md, Waits; patterns P16, P23, P24). */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, foldRecorded, PureRun } from './pure-run.ts';

const waits = (id: string, signal: JsonObject | string, rest: JsonObject = {}): JsonObject => ({
  id,
  wait: { signal },
  ...rest,
});
const run = (...tasks: JsonObject[]): PureRun => new PureRun({ name: 'w', tasks });

describe('a persistent signal', () => {
  it('ends the wait with its name and payload, and the task says which signal it took', () => {
    const one = run(waits('a', 'go'));
    expect(one.last('task.waiting')).toMatchObject({ kind: 'signal', details: { signal: 'go' } });
    expect(one.command({ type: 'signal', name: 'go', payload: { n: 1 } })).toEqual([
      'run.signalReceived',
      'task.succeeded a',
      'run.succeeded',
    ]);
    expect(one.last('task.succeeded')).toMatchObject({
      output: { signal: 'go', payload: { n: 1 } },
      signal: one.history.length - 2,
    });
  });

  it('without a payload gives null', () => {
    const one = run(waits('a', 'go'));
    one.command({ type: 'signal', name: 'go' });
    expect(one.report().tasks['a']?.output).toEqual({ signal: 'go', payload: null });
  });

  it('that came before the task is found when it waits', () => {
    const one = run({ id: 'first', agent: 'x' }, waits('a', 'go', { dependencies: ['first'] }));
    expect(one.command({ type: 'signal', name: 'go', payload: 7 })).toEqual(['run.signalReceived']);
    expect(one.succeed('first')).toEqual([
      'task.succeeded first',
      'task.scheduled a',
      'task.waiting a',
      'task.succeeded a',
      'run.succeeded',
    ]);
  });

  it.each([
    ['pending', { start: false }],
    ['paused', {}],
  ] as const)('is kept while the run is %s', (state, options) => {
    const one = new PureRun(
      {
        name: 'w',
        tasks: [{ id: 'x', agent: 'x' }, waits('a', 'go', { dependencies: ['x'] })],
      },
      options,
    );
    if (state === 'paused') one.command({ type: 'pause' });
    expect(one.state).toBe(state);
    expect(one.command({ type: 'signal', name: 'go' })).toEqual(['run.signalReceived']);
    one.command({ type: state === 'pending' ? 'start' : 'resume' });
    expect(one.succeed('x')).toContain('task.succeeded a');
  });

  it('is taken once, by the task that waits longest; the oldest goes first', () => {
    const one = run(waits('a', 'go'), waits('b', 'go'));
    one.command({ type: 'signal', name: 'go', payload: 1 });
    expect(one.statuses()).toEqual({ a: 'success', b: 'waiting' });
    one.command({ type: 'signal', name: 'go', payload: 2 });
    expect(one.report().tasks['b']?.output).toEqual({ signal: 'go', payload: 2 });
  });

  it('kept ones are taken in their order', () => {
    const one = run(
      { id: 'x', agent: 'x' },
      waits('a', 'go', { dependencies: ['x'] }),
      waits('b', 'go', { dependencies: ['a'] }),
    );
    for (const payload of ['one', 'two', 'three'])
      one.command({ type: 'signal', name: 'go', payload });
    one.succeed('x');
    expect(one.report().tasks['a']?.output).toMatchObject({ payload: 'one' });
    expect(one.report().tasks['b']?.output).toMatchObject({ payload: 'two' });
    expect(one.run.signals.size).toBe(1);
  });

  it('of another name is kept and wakes nobody', () => {
    const one = run(waits('a', 'go'));
    expect(one.command({ type: 'signal', name: 'stop' })).toEqual(['run.signalReceived']);
    expect(one.statuses()).toEqual({ a: 'waiting' });
  });

  it('of a finished run is a conflict', () => {
    const one = run(waits('a', 'go'));
    one.command({ type: 'signal', name: 'go' });
    expect(one.command({ type: 'signal', name: 'go' })).toEqual([]);
    expect(one.rejection).toMatchObject({ status: 409, code: 'run.conflict' });
  });

  it('with a large payload is read back when it is taken', () => {
    const large = 'x'.repeat(10_000);
    const one = run({ id: 'x', agent: 'x' }, waits('a', 'go', { dependencies: ['x'] }));
    one.command({ type: 'signal', name: 'go', payload: { large } });
    one.run.values.clear();
    one.succeed('x');
    expect(one.report().tasks['a']?.output).toEqual({ signal: 'go', payload: { large } });
  });

  it('is refused once 10,000 are kept, and each of them costs the same', () => {
    const one = run(waits('a', 'go'));
    for (let count = 0; count < 10_000; count += 1) one.command({ type: 'signal', name: 'other' });
    one.command({ type: 'signal', name: 'other' });
    expect(one.rejection).toMatchObject({ status: 429, code: 'signal.mailbox-full' });
    expect(one.run.signals.size).toBe(10_000);
  });
});

describe('a transient wait', () => {
  it('counts signals that arrive while it waits, and no older ones', () => {
    const one = run(
      { id: 'x', agent: 'x' },
      waits('a', { name: 'go', transient: true }, { dependencies: ['x'] }),
    );
    one.command({ type: 'signal', name: 'go', payload: 'early' });
    one.succeed('x');
    expect(one.statuses()['a']).toBe('waiting');
    one.command({ type: 'signal', name: 'go', payload: 'in time' });
    expect(one.report().tasks['a']?.output).toEqual({ signal: 'go', payload: 'in time' });
  });

  it('leaves the older signal to a task that takes it', () => {
    const one = run(
      { id: 'x', agent: 'x' },
      waits('late', { name: 'go', transient: true }, { dependencies: ['x'] }),
      waits('kept', 'go', { dependencies: ['late'] }),
    );
    one.command({ type: 'signal', name: 'go', payload: 'old' });
    one.succeed('x');
    one.command({ type: 'signal', name: 'go', payload: 'new' });
    expect(one.report().tasks['late']?.output).toMatchObject({ payload: 'new' });
    expect(one.report().tasks['kept']?.output).toMatchObject({ payload: 'old' });
  });
});

describe('the time of a signal', () => {
  it('over, the task fails with signal.timeout', () => {
    const one = run(waits('a', { name: 'go', timeout: 5 }));
    one.fire('a');
    expect(one.report().tasks['a']?.error).toMatchObject({ code: 'signal.timeout' });
    expect(one.state).toBe('failed');
  });

  it('over with `on_timeout: continue`, the task succeeds without a payload', () => {
    const one = run(waits('a', { name: 'go', timeout: 5, on_timeout: 'continue' }));
    one.fire('a');
    expect(one.report().tasks['a']?.output).toEqual({ signal: 'go', payload: null });
  });

  it('stands still while the run is paused', () => {
    const one = run(waits('a', { name: 'go', timeout: 5 }));
    one.now += 1_000;
    one.command({ type: 'pause' });
    one.now += 60_000;
    one.command({ type: 'resume' });
    expect(one.statuses()['a']).toBe('waiting');
    expect(one.report().tasks['a']?.waitsFor).toMatchObject({ kind: 'signal', dueAt: 66_000 });
    expect(one.command({ type: 'signal', name: 'go' })).toContain('task.succeeded a');
  });
});

describe('the first of several events', () => {
  const choice = {
    id: 'a',
    wait: { first: { paid: { signal: 'payment' }, late: { timer: 10 }, off: { signal: 'stop' } } },
  };

  it('is the signal that comes', () => {
    const one = run(choice);
    expect(one.last('task.waiting')).toMatchObject({ kind: 'first', dueAt: one.now + 10_000 });
    one.command({ type: 'signal', name: 'stop', payload: 'no' });
    expect(one.report().tasks['a']?.output).toEqual({ event: 'off', payload: 'no' });
  });

  it('is the timer when nothing comes', () => {
    const one = run(choice);
    one.fire('a');
    expect(one.report().tasks['a']?.output).toEqual({ event: 'late', payload: null });
  });

  it('leaves the signals of the others alone', () => {
    const one = run(choice, waits('b', 'payment', { dependencies: ['a'] }));
    one.command({ type: 'signal', name: 'stop' });
    expect(one.statuses()).toEqual({ a: 'success', b: 'waiting' });
    expect(one.command({ type: 'signal', name: 'payment' })).toContain('task.succeeded b');
  });

  it('is the oldest of two that are kept', () => {
    const one = run({ id: 'x', agent: 'x' }, { ...choice, dependencies: ['x'] });
    one.command({ type: 'signal', name: 'payment', payload: 1 });
    one.command({ type: 'signal', name: 'stop', payload: 2 });
    one.succeed('x');
    expect(one.report().tasks['a']?.output).toEqual({ event: 'paid', payload: 1 });
    expect(one.run.signals.size).toBe(1);
  });

  it('fails with the signal whose own time is over first', () => {
    const one = run({
      id: 'a',
      wait: { first: { x: { signal: { name: 's', timeout: 1 } }, y: { timer: 2 } } },
    });
    one.fire('a');
    expect(one.report().tasks['a']?.error).toMatchObject({ code: 'signal.timeout' });
  });

  it('takes durations from expressions', () => {
    const one = run(
      { id: 'x', agent: 'x' },
      { id: 'a', dependencies: ['x'], wait: { first: { t: { timer: '${x.output}' } } } },
    );
    one.succeed('x', '3s');
    expect(one.last('task.waiting').dueAt).toBe(one.now + 3_000);
  });
});

it('every fold of a history with kept and taken signals is the same', () => {
  const one = run(
    { id: 'x', agent: 'x' },
    waits('a', 'go', { dependencies: ['x'] }),
    waits('b', { name: 'go', transient: true }),
  );
  for (const name of ['go', 'other', 'go']) one.command({ type: 'signal', name, payload: name });
  one.succeed('x');
  const folded = foldRecorded(one.history, foldedCells);
  expect(digestOf(folded)).toEqual(digestOf(one.run));
  expect(folded.signals.kept()).toEqual(one.run.signals.kept());
  expect([...folded.signals.due]).toEqual([...one.run.signals.due]);
});
