/** `effectsOf` against `meta.effects`: nothing else is owed, and what a state owes it owes in every such state. */
import { describe, expect, it } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { foldedCells } from '../../src/machines/cell.ts';
import type { Activation } from '../../src/machines/run/aggregate.ts';
import { effectsOf, effectsOfActivation, effectsOfRun } from '../../src/machines/run/effects.ts';
import { type RunState, runMachine } from '../../src/machines/run/machine.ts';
import { type TaskState, taskMachine } from '../../src/machines/task/machine.ts';
import { PureRun } from './pure-run.ts';
import { sampleEvent } from './sample-events.ts';

/** Events that lead from the beginning into each state that owes something. */
const roads: Partial<Record<TaskState, string[]>> = {
  scheduled: ['task.scheduled'],
  preparing: ['task.scheduled', 'task.preparing'],
  running: ['task.scheduled', 'task.started'],
  expanded: ['task.scheduled', 'task.expanded'],
  waiting: ['task.scheduled', 'task.waiting'],
  backoff: ['task.scheduled', 'task.started', 'task.attemptFailed', 'task.retryScheduled'],
  escalated: ['task.scheduled', 'task.started', 'escalation.requested'],
  canceling: ['task.scheduled', 'task.started', 'task.cancelRequested'],
};
const states = Object.keys((taskMachine.config as { states: object }).states) as TaskState[];

function declared(node: AnyStateNode | undefined): string[] {
  return [...((node?.meta as { effects?: string[] } | undefined)?.effects ?? [])].sort();
}

function activationIn(types: readonly string[], more: Partial<Activation> = {}): Activation {
  const run = new PureRun({ name: 'w', tasks: [{ id: 'a', agent: 'echo' }] });
  const template = run.run.activations.get('a') as Activation;
  const cell = foldedCells.create(taskMachine);
  for (const type of types) cell.take(sampleEvent(type));
  const { value, context } = cell.snapshot;
  return { ...template, cell, state: value as TaskState, context, ...more };
}

const kinds = (owed: ReadonlyMap<string, { kind: string }>) =>
  [...new Set([...owed.values()].map(({ kind }) => kind))].sort();

describe('what an activation owes', () => {
  it.each(states)('%s: exactly the kinds of its meta', (state) => {
    const road = roads[state];
    const owed = declared(taskMachine.states[state] as unknown as AnyStateNode);
    if (road === undefined) expect(owed).toEqual([]);
    else {
      const children: Partial<Record<TaskState, Partial<Activation>>> = {
        waiting: { child: 'run_child' },
        backoff: { leaving: 'run_child' },
      };
      const ways = [activationIn(road, children[state]), activationIn(road)];
      const all = ways.flatMap((activation) => kinds(effectsOfActivation(activation, 'running')));
      expect([...new Set(all)].sort()).toEqual(owed);
    }
  });

  it.each(['succeeded', 'failed', 'canceled'] as const)('nothing once the run is %s', (state) => {
    for (const road of Object.values(roads)) {
      expect(effectsOfActivation(activationIn(road), state).size).toBe(0);
    }
  });

  it('a wait for a child run goes on while the run is paused', () => {
    const waiting = activationIn(roads.waiting ?? [], { child: 'run_child' });
    expect(kinds(effectsOfActivation(waiting, 'paused'))).toEqual(['child', 'timer']);
  });

  it.each(['paused', 'pending'] as const)('no slot and no delay while the run is %s', (state) => {
    for (const name of ['scheduled', 'waiting', 'backoff'] as const) {
      expect(effectsOfActivation(activationIn(roads[name] ?? []), state).size, name).toBe(0);
    }
    expect(kinds(effectsOfActivation(activationIn(roads.running ?? []), state))).toEqual([
      'dispatch',
      'timer',
    ]);
  });

  it('keys name the instance: another attempt or due time is another effect', () => {
    const first = effectsOfActivation(activationIn(roads.running ?? []), 'running');
    expect([...first.keys()]).toEqual(['dispatch:a:1', 'timer:running:a:1:9000']);
  });
});

describe('what a run owes', () => {
  const roadsOfRun: [RunState, string[]][] = [
    ['pending', []],
    ['running', ['run.started']],
    ['paused', ['run.started', 'run.paused']],
    ['stopping', ['run.started', 'run.stopping']],
    ['canceling', ['run.started', 'run.cancelRequested']],
    ['compensating', ['run.started', 'run.stopping', 'run.compensationStarted']],
    ['finishing', ['run.started', 'run.finishing']],
    ['succeeded', ['run.started', 'run.succeeded']],
    ['failed', ['run.started', 'run.failed']],
    ['canceled', ['run.started', 'run.canceled']],
  ];
  it.each(roadsOfRun)('%s: exactly the kinds of its meta', (state, road) => {
    const { run } = new PureRun(
      { name: 'w', tasks: [{ id: 'a', agent: 'echo' }] },
      { startAt: 5_000 },
    );
    for (const type of road) run.cell.take(sampleEvent(type));
    expect(run.cell.snapshot.value).toBe(state);
    expect(kinds(effectsOfRun(run))).toEqual(
      declared(runMachine.states[state] as unknown as AnyStateNode),
    );
  });

  it('everything together: its own and those of its open activations', () => {
    const run = new PureRun({
      name: 'w',
      tasks: [
        { id: 'a', agent: 'echo' },
        { id: 't', wait: { timer: 1 } },
      ],
    });
    expect(kinds(effectsOf(run.run))).toEqual(['dispatch', 'timer']);
    run.command({ type: 'terminate' });
    expect(effectsOf(run.run).size).toBe(0);
  });
});
