/** The rules for machines of style.md, M1 to M6, checked on the structure of every machine. */
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { agentMachine } from '../../src/machines/agent/machine.ts';
import { type FoldEvent, foldedCells } from '../../src/machines/cell.ts';
import { runMachine } from '../../src/machines/run/machine.ts';
import { scheduleMachine } from '../../src/machines/schedule/machine.ts';
import { taskMachine } from '../../src/machines/task/machine.ts';
import { sampleEvents } from './sample-events.ts';
import { stateNodesOf } from './state-nodes.ts';

const machines = [
  ['run', runMachine],
  ['task', taskMachine],
  ['agent', agentMachine],
  ['schedule', scheduleMachine],
] as unknown as [string, AnyStateMachine][];

/** Kinds of effects that exist; `meta.effects` names no other. */
const effectKinds = ['admit', 'prepare', 'dispatch', 'cancel', 'timer', 'child', 'run'];

describe.each(machines)('the machine of a %s', (_name, machine) => {
  it('M1 has no invoke, no delayed or eventless transition, no entry or exit action', () => {
    for (const node of stateNodesOf(machine)) {
      expect(node.invoke, node.id).toEqual([]);
      expect(node.after, node.id).toEqual([]);
      expect(node.always ?? [], node.id).toEqual([]);
      expect([...node.entry, ...node.exit], node.id).toEqual([]);
    }
  });

  it('M1 has no action but assign', () => {
    for (const node of stateNodesOf(machine)) {
      for (const transition of [...node.transitions.values()].flat()) {
        for (const action of transition.actions) {
          expect((action as { type?: string }).type, `${node.id} ${transition.eventType}`).toBe(
            'xstate.assign',
          );
        }
      }
    }
  });

  it('M2 has no guard, and one target for an event in a state', () => {
    for (const node of stateNodesOf(machine)) {
      for (const [type, transitions] of node.transitions) {
        expect(transitions, `${node.id} ${type}`).toHaveLength(1);
        expect(transitions[0]?.guard, `${node.id} ${type}`).toBeUndefined();
        expect(transitions[0]?.target?.length ?? 0).toBeLessThanOrEqual(1);
      }
    }
  });

  it('M3 has no final state; ended states carry a tag', () => {
    for (const node of stateNodesOf(machine)) expect(node.type, node.id).not.toBe('final');
  });

  it('M4 names every event that it takes, without wildcards', () => {
    for (const node of stateNodesOf(machine)) {
      for (const type of node.transitions.keys()) expect(type).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
    }
  });

  it('M6 keeps scalars in its context, and lists of scalars at most', () => {
    const isScalar = (value: unknown) => value === null || typeof value !== 'object';
    const cell = foldedCells.create(machine);
    const events = sampleEvents(
      ...['task.', 'run.', 'agent.', 'breaker.', 'escalation.', 'schedule.'],
    );
    for (let round = 0; round < 3; round += 1) {
      for (const event of events) if (cell.snapshot.can(event as FoldEvent)) cell.take(event);
      for (const [field, value] of Object.entries(cell.snapshot.context as object)) {
        const isFlat = isScalar(value) || (Array.isArray(value) && value.every(isScalar));
        expect(isFlat, field).toBe(true);
      }
    }
  });

  it('says in `meta.effects` what open states owe, in the words of the effects', () => {
    for (const node of stateNodesOf(machine)) {
      const effects = (node.meta as { effects?: string[] } | undefined)?.effects;
      const isOpen = node.tags.includes('open');
      if (isOpen) expect(effects, node.id).toBeDefined();
      for (const kind of effects ?? []) expect(effectKinds, `${node.id}: ${kind}`).toContain(kind);
      if (node.tags.includes('ended')) expect(effects, node.id).toBeUndefined();
    }
  });
});
