/** The table of transitions against XState itself, for every state and every event of the catalogue. */

import { describe, expect, it } from 'vitest';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  initialTransition,
  transition,
} from 'xstate';
import { runMachine } from '../../src/machines/run/machine.ts';
import { stepperOf } from '../../src/machines/stepper.ts';
import { taskMachine } from '../../src/machines/task/machine.ts';
import { sampleEvent, sampleEvents } from './sample-events.ts';

const types = sampleEvents(
  'run.',
  'task.',
  'timer.',
  'escalation.',
  'budget.',
  'permission.',
  'agent.',
).map(({ type }) => type);

/** Every reachable snapshot, one a state. */
function snapshotsOf(machine: AnyStateMachine): AnyMachineSnapshot[] {
  const [first] = initialTransition(machine);
  const found = new Map<string, AnyMachineSnapshot>([[String(first.value), first]]);
  for (const snapshot of found.values()) {
    for (const type of types) {
      const event = sampleEvent(type, 7);
      if (!snapshot.can(event)) continue;
      const [next] = transition(machine, snapshot, event);
      if (!found.has(String(next.value))) found.set(String(next.value), next);
    }
  }
  return [...found.values()];
}

describe.each([
  ['run', runMachine as unknown as AnyStateMachine, 10],
  ['task', taskMachine as unknown as AnyStateMachine, 16],
])('the table of the %s machine', (_name, machine, states) => {
  it('gives what XState gives for every state and event', () => {
    const snapshots = snapshotsOf(machine);
    expect(snapshots).toHaveLength(states);
    for (const snapshot of snapshots) {
      for (const type of types) {
        const event = sampleEvent(type, 9);
        const next = stepperOf(machine).next(snapshot, event);
        expect(next !== undefined, `${String(snapshot.value)} takes ${type}`).toBe(
          snapshot.can(event),
        );
        if (next === undefined) continue;
        const [expected] = transition(machine, snapshot, event);
        expect(next.value).toBe(expected.value);
        expect(next.context).toEqual(expected.context);
        expect([...next.tags]).toEqual([...expected.tags]);
        expect(next.can(event)).toBe(expected.can(event));
      }
    }
  });
});
