/**
 * What waits for a person, a signal or a feed, and is canceled, locked or too late at the same time.
 * Size: each kind of steering against each kind of wait.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const task = (id: string, rest: JsonObject = {}): JsonObject => ({ id, agent: 'echo', ...rest });
const waits = (id: string, wait: JsonObject, rest: JsonObject = {}): JsonObject => ({
  id,
  wait,
  ...rest,
});
const played: PureRun[] = [];

function play(tasks: JsonObject[], rest: JsonObject = {}): PureRun {
  const run = new PureRun({ name: 'w', settings: { max_parallel: 10 }, tasks, ...rest });
  played.push(run);
  return run;
}

function signal(run: PureRun, name: string, payload?: JsonValue): string[] {
  return run.command({ type: 'signal', name, ...(payload === undefined ? {} : { payload }) });
}

function approve(run: PureRun, id: string, by = 'ann'): string[] {
  return run.command({ type: 'approve', task: id, by });
}

afterEach(async () => {
  for (const { history, run } of played.splice(0)) {
    expect(digestOf(foldRecorded(history, foldedCells))).toEqual(digestOf(run));
    await expectSnapshotsToAgree(history);
  }
});

describe('a canceled region', () => {
  it('takes its approvals and signals with it; an answer afterwards is refused, a signal is kept', () => {
    const run = play([
      waits('sign', { approval: { group: 'leads' } }, { region: 'asking' }),
      waits('arrive', { signal: 'papers' }, { region: 'asking' }),
      waits('hear', { signal: { name: 'news', transient: true } }, { region: 'asking' }),
      task('act', { region: 'asking', dependencies: ['sign', 'arrive'] }),
      task('enough', { cancel: ['asking'] }),
      task('slow'),
    ]);
    expect(run.succeed('enough')).toEqual([
      'task.succeeded enough',
      ...['sign', 'arrive', 'hear'].flatMap((id) => [
        `task.cancelRequested ${id}`,
        `task.canceled ${id}`,
      ]),
      'task.skipped act',
    ]);
    expect(run.report().tasks['sign']).toMatchObject({
      status: 'canceled',
      reason: 'canceled by task "enough"',
    });
    expect(run.report().tasks['sign']).not.toHaveProperty('waitsFor');
    approve(run, 'sign');
    expect(run.rejection).toMatchObject({
      code: 'run.conflict',
      message: '"sign" does not wait for an approval: it is canceled',
      details: { waiting: [] },
    });
    expect(signal(run, 'papers')).toEqual(['run.signalReceived']);
    expect(run.run.signals.size).toBe(1);
    expect(run.run.signals.next('papers')).toBeUndefined();
    run.succeed('slow');
    expect(run.state).toBe('succeeded');
  });

  it('leaves the votes and signals of tasks outside of it alone', () => {
    const run = play([
      waits('inside', { signal: 'go' }, { region: 'r' }),
      waits('outside', { signal: 'go' }),
      waits('sign', { approval: { quorum: 2 } }),
      task('enough', { cancel: ['r'] }),
    ]);
    approve(run, 'sign', 'ann');
    run.succeed('enough');
    expect(signal(run, 'go', 1)).toEqual(['run.signalReceived', 'task.succeeded outside']);
    expect(approve(run, 'sign', 'bob')).toContain('run.succeeded');
  });

  it('ends a deferred choice before its timer or its signal does', () => {
    const choice = {
      first: { paid: { signal: 'payment' }, late: { timer: '1h' } },
    };
    const run = play([
      waits('choose', choice, { region: 'ordering' }),
      task('ship', { region: 'ordering', dependencies: ['choose'] }),
      waits('withdrawn', { signal: 'withdraw' }, { cancel: ['ordering'] }),
      task('note', { dependencies: ['choose'], trigger: 'all_done' }),
    ]);
    expect(signal(run, 'withdraw')).toEqual([
      'run.signalReceived',
      'task.succeeded withdrawn',
      'task.cancelRequested choose',
      'task.canceled choose',
      'task.skipped ship',
      'task.scheduled note',
      'task.started note',
    ]);
    expect(() => run.fire('choose')).toThrow('has no timer');
    expect(signal(run, 'payment')).toEqual(['run.signalReceived']);
    run.succeed('note');
    expect(run.state).toBe('succeeded');
  });

  it('in one message with the signal that a member waits for: what came first counts', () => {
    const run = play([
      waits('a', { signal: 'go' }, { region: 'r' }),
      waits('b', { signal: 'go' }, { region: 'r', cancel: ['a'] }),
    ]);
    expect(signal(run, 'go')).toEqual(['run.signalReceived', 'task.succeeded a']);
    expect(signal(run, 'go')).toEqual(['run.signalReceived', 'task.succeeded b', 'run.succeeded']);
  });
});

describe('a mutex', () => {
  it('is held by a task that waits for a signal, until it came', () => {
    const run = play([
      waits('hold', { signal: 'go' }, { mutex: 'door' }),
      task('through', { mutex: 'door' }),
    ]);
    expect(run.statuses()).toEqual({ hold: 'waiting', through: 'pending' });
    expect(run.report().tasks['through']?.waitsFor).toEqual({ kind: 'mutex', mutexes: ['door'] });
    expect(signal(run, 'go')).toEqual([
      'run.signalReceived',
      'task.succeeded hold',
      'task.started through',
    ]);
    run.succeed('through');
    expect(run.state).toBe('succeeded');
  });

  it('a wait without it has not begun: it finds a signal of that time unless it is transient', () => {
    const run = play([
      task('first', { mutex: 'door' }),
      waits('kept', { signal: 'go' }, { mutex: 'door' }),
      waits('fresh', { signal: { name: 'go', transient: true } }, { mutex: 'door' }),
    ]);
    expect(run.statuses()).toMatchObject({ kept: 'pending', fresh: 'pending' });
    signal(run, 'go', 1);
    expect(run.succeed('first')).toEqual([
      'task.succeeded first',
      'task.waiting kept',
      'task.succeeded kept',
      'task.waiting fresh',
    ]);
    expect(signal(run, 'go', 2)).toContain('task.succeeded fresh');
    expect(run.state).toBe('succeeded');
  });

  it('is kept while an approval goes to the next group', () => {
    const approval = { timeout: 10, on_timeout: 'escalate', escalate_to: 'chiefs' };
    const run = play([waits('sign', { approval }, { mutex: 'm' }), task('next', { mutex: 'm' })]);
    expect(run.fire('sign')).toEqual([
      'task.attemptFailed sign',
      'task.retryScheduled sign',
      'task.scheduled sign',
      'task.waiting sign',
    ]);
    expect(run.statuses()).toEqual({ sign: 'waiting', next: 'pending' });
    expect(approve(run, 'sign')).toContain('task.started next');
    run.succeed('next');
  });

  it('goes to the next when the task that holds it is canceled by hand while it waits', () => {
    const run = play([
      waits('sign', { approval: {} }, { mutex: 'm' }),
      waits('hear', { signal: 'go' }, { mutex: 'm' }),
    ]);
    expect(run.command({ type: 'cancel', task: 'sign', reason: 'enough' })).toEqual([
      'task.cancelRequested sign',
      'task.canceled sign',
      'task.waiting hear',
    ]);
    expect(signal(run, 'go')).toContain('run.succeeded');
  });

  it('of a region is held while a person thinks, and by the instances of a detached foreach', () => {
    const run = play(
      [
        task('each', { foreach: [1], region: 'writing', detach: true }),
        waits('sign', { approval: {} }, { region: 'writing', dependencies: ['each'] }),
        task('other', { mutex: 'disk' }),
      ],
      { regions: { writing: { mutex: 'disk' } } },
    );
    expect(run.statuses()).toEqual({ each: 'running', sign: 'waiting', other: 'pending' });
    approve(run, 'sign');
    expect(run.statuses()).toMatchObject({ sign: 'success', other: 'pending' });
    expect(run.succeed('each~0')).toContain('task.started other');
    run.succeed('other');
    expect(run.state).toBe('succeeded');
  });

  it('is taken anew after the delay between two rounds of a wait, and is free meanwhile', () => {
    const repeat = { until: 'poll.output.payload == 2', max: 5, delay: 10 };
    const run = play([
      waits('poll', { signal: 'state' }, { mutex: 'm', repeat }),
      task('other', { mutex: 'm' }),
    ]);
    expect(signal(run, 'state', 1)).toEqual([
      'run.signalReceived',
      'task.succeeded poll',
      'task.scheduled poll@2',
      'task.waiting poll@2',
      'task.started other',
    ]);
    expect(run.fire('poll@2')).toEqual(['task.retryScheduled poll@2', 'task.scheduled poll@2']);
    expect(run.succeed('other')).toEqual(['task.succeeded other', 'task.waiting poll@2']);
    expect(run.last('task.waiting').details).toEqual({ signal: 'state' });
    expect(signal(run, 'state', 2)).toContain('run.succeeded');
  });
});

describe('the delay between two rounds', () => {
  it('of a foreach is followed by its instances', () => {
    const repeat = { until: 'each.output == [2]', max: 5, delay: 10 };
    const run = play([task('each', { foreach: '${[1]}', repeat })]);
    run.succeed('each~0', 1);
    expect(run.fire('each@2')).toEqual([
      'task.retryScheduled each@2',
      'task.scheduled each@2',
      'task.expanded each@2',
      'task.scheduled each@2~0',
      'task.started each@2~0',
    ]);
    run.succeed('each@2~0', 2);
    expect(run.state).toBe('succeeded');
  });
});

describe('a milestone', () => {
  it('of a wait that has begun lets it go on; one that still wants its mutex comes too late', () => {
    const until = { until: 'close' };
    const run = play([
      waits('begun', { signal: 'bid' }, { milestone: until }),
      task('busy', { mutex: 'm' }),
      waits('late', { signal: 'bid' }, { milestone: until, mutex: 'm' }),
      task('open'),
      task('close', { dependencies: ['open'] }),
    ]);
    expect(run.succeed('open')).toEqual([
      'task.succeeded open',
      'task.scheduled close',
      'task.started close',
      'task.cancelRequested late',
      'task.canceled late',
    ]);
    expect(run.statuses()).toMatchObject({ begun: 'waiting', late: 'canceled' });
    expect(signal(run, 'bid')).toEqual(['run.signalReceived', 'task.succeeded begun']);
    run.succeed('busy');
    run.succeed('close');
    expect(run.state).toBe('succeeded');
  });

  it('ends when an approval begins to ask', () => {
    const run = play([
      task('think'),
      task('edit', { dependencies: ['think'], milestone: { until: 'sign' } }),
      task('write'),
      waits('sign', { approval: {} }, { dependencies: ['write'] }),
    ]);
    expect(run.succeed('write')).toContain('task.skipped edit');
    run.succeed('think');
    expect(approve(run, 'sign')).toContain('run.succeeded');
  });
});

describe('`end: terminate`', () => {
  it('takes back what people and signals are awaited for, and succeeds', () => {
    const run = play([
      waits('sign', { approval: { quorum: 2 } }),
      waits('hear', { signal: 'go' }),
      task('grow', { foreach: { feed: 'files' } }),
      task('end', { end: 'terminate' }),
    ]);
    approve(run, 'sign');
    expect(run.succeed('end')).toEqual([
      'task.succeeded end',
      ...['sign', 'hear', 'grow'].flatMap((id) => [
        `task.cancelRequested ${id}`,
        `task.canceled ${id}`,
      ]),
      'run.succeeded',
    ]);
  });

  it('by an approval that was given', () => {
    const run = play([waits('sign', { approval: {} }, { end: 'terminate' }), task('slow')]);
    expect(approve(run, 'sign')).toEqual([
      'run.signalReceived sign',
      'task.succeeded sign',
      'task.cancelRequested slow',
    ]);
    run.fail('slow');
    expect(run.state).toBe('succeeded');
  });
});

describe('a feed', () => {
  const grow = (rest: JsonObject = {}): JsonObject =>
    task('grow', { foreach: { feed: 'files' }, ...rest });

  it('that is canceled takes nothing more, and ends after its instances', () => {
    const run = play([grow({ region: 'r' }), task('enough', { cancel: ['r'] }), task('slow')]);
    signal(run, 'files', 'a');
    expect(run.succeed('enough')).toEqual([
      'task.succeeded enough',
      'task.cancelRequested grow',
      'task.cancelRequested grow~0',
    ]);
    expect(signal(run, 'files', 'b')).toEqual(['run.signalReceived']);
    expect(run.fail('grow~0')).toEqual([
      'task.cancelAcknowledged grow~0',
      'task.canceled grow~0',
      'task.canceled grow',
    ]);
    expect(run.run.signals.size).toBe(1);
    run.succeed('slow');
    expect(run.state).toBe('succeeded');
  });

  it('without instances is canceled at once', () => {
    const run = play([grow(), task('enough', { cancel: ['grow'] })]);
    expect(run.succeed('enough')).toEqual([
      'task.succeeded enough',
      'task.cancelRequested grow',
      'task.canceled grow',
      'run.succeeded',
    ]);
  });

  it('is completed with what it has so far', () => {
    const run = play([
      grow(),
      task('sum', { dependencies: ['grow'], parameters: { got: '${grow.output}' } }),
      waits('bell', { signal: 'bell' }, { complete: ['grow'] }),
    ]);
    for (const name of ['a', 'b']) signal(run, 'files', name);
    run.succeed('grow~0', 'A');
    expect(signal(run, 'bell')).toEqual([
      'run.signalReceived',
      'task.succeeded bell',
      'task.cancelRequested grow~1',
    ]);
    expect(signal(run, 'files', 'c')).toEqual(['run.signalReceived']);
    run.fail('grow~1');
    expect(run.last('task.started').parameters).toEqual({ got: ['A'] });
    run.succeed('sum');
    expect(run.state).toBe('succeeded');
  });

  it('that is detached can be canceled; its dependents go on', () => {
    const run = play([
      grow({ detach: true }),
      task('after', { dependencies: ['grow'] }),
      task('enough', { cancel: ['grow'] }),
    ]);
    signal(run, 'files', 'a');
    expect(run.statuses()).toMatchObject({ after: 'running' });
    run.succeed('enough');
    expect(run.fail('grow~0')).toContain('task.canceled grow');
    expect(run.succeed('after')).toContain('run.succeeded');
  });
});

describe('a paused run', () => {
  it('still cancels what waits when a vote succeeds a task that says so', () => {
    const run = play([
      waits('sign', { approval: {} }, { cancel: ['hear'] }),
      waits('hear', { signal: 'go' }),
      task('slow'),
    ]);
    run.command({ type: 'pause', reason: 'look' });
    expect(approve(run, 'sign')).toEqual([
      'run.signalReceived sign',
      'task.succeeded sign',
      'task.cancelRequested hear',
      'task.canceled hear',
    ]);
    run.command({ type: 'resume' });
    run.succeed('slow');
    expect(run.state).toBe('succeeded');
  });
});
