/** Every state and every transition of the charts in `contracts.md`, and no other, is in the machines. */
import { getShortestPaths, getSimplePaths } from '@xstate/graph';
import { describe, expect, it } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, type StateValue, transition } from 'xstate';
import { agentMachine } from '../../src/machines/agent/machine.ts';
import type { FoldEvent } from '../../src/machines/cell.ts';
import { runMachine } from '../../src/machines/run/machine.ts';
import { scheduleMachine } from '../../src/machines/schedule/machine.ts';
import { taskMachine } from '../../src/machines/task/machine.ts';
import { agentChart, type Chart, runChart, scheduleChart, taskChart } from './charts.ts';
import { sampleEvents } from './sample-events.ts';
import { stateNodesOf } from './state-nodes.ts';

const taskTypes = sampleEvents('task.', 'escalation.');
const runTypes = sampleEvents('run.', 'timer.', 'permission.', 'budget.');
const agentTypes = sampleEvents('agent.', 'breaker.');
const scheduleTypes = sampleEvents('schedule.');

/** States by value alone: the context does not decide what can happen (M2). */
const byValue = (snapshot: AnyMachineSnapshot) => JSON.stringify(snapshot.value);

function walk(machine: AnyStateMachine, events: FoldEvent[]): AnyMachineSnapshot[] {
  const paths = getShortestPaths(machine, {
    events: (snapshot) => events.filter((event) => (snapshot as AnyMachineSnapshot).can(event)),
    serializeState: (snapshot) => byValue(snapshot as AnyMachineSnapshot),
  } as Parameters<typeof getShortestPaths>[1]);
  return paths.map((path) => path.state as AnyMachineSnapshot);
}

/** Every legal step out of every reached state, one line each. */
function transitionsOf(
  machine: AnyStateMachine,
  events: FoldEvent[],
  nameOf: (value: StateValue) => string,
): Set<string> {
  const found = new Set<string>();
  for (const snapshot of walk(machine, events)) {
    for (const event of events) {
      if (!snapshot.can(event)) continue;
      const next = transition(machine, snapshot, event)[0] as AnyMachineSnapshot;
      found.add(`${nameOf(snapshot.value)} --${event.type}--> ${nameOf(next.value)}`);
    }
  }
  return found;
}

const linesOf = (chart: Chart) =>
  new Set(chart.map(([from, event, to]) => `${from} --${event}--> ${to}`));
const sorted = (lines: Iterable<string>) => [...lines].sort();
const text = (value: StateValue) => String(value);

describe('the charts of contracts.md', () => {
  it('task: exactly these transitions, from reached states', () => {
    expect(sorted(transitionsOf(taskMachine, taskTypes, text))).toEqual(sorted(linesOf(taskChart)));
  });

  it('run: exactly these transitions, from reached states', () => {
    expect(sorted(transitionsOf(runMachine, runTypes, text))).toEqual(sorted(linesOf(runChart)));
  });

  it('schedule: exactly these transitions, from reached states', () => {
    expect(sorted(transitionsOf(scheduleMachine, scheduleTypes, text))).toEqual(
      sorted(linesOf(scheduleChart)),
    );
  });

  it.each(['availability', 'breaker'] as const)(
    'agent, %s: exactly these, whatever the other region does',
    (region) => {
      const own = region === 'availability' ? 'agent.' : 'breaker.';
      const nameOf = (value: StateValue) => String((value as Record<string, string>)[region]);
      const lines = sorted(transitionsOf(agentMachine, agentTypes, nameOf));
      const ours = lines.filter((line) => line.includes(`--${own}`));
      expect(ours).toEqual(sorted(linesOf(agentChart[region])));
      for (const line of lines.filter((other) => !ours.includes(other))) {
        const [from, , to] = line.split(/ --|--> /);
        expect(from, line).toBe(to);
      }
    },
  );

  it.each([
    ['task', taskMachine, taskTypes],
    ['run', runMachine, runTypes],
    ['agent', agentMachine, agentTypes],
    ['schedule', scheduleMachine, scheduleTypes],
  ] as const)('%s: every state that is declared is reached', (_name, machine, events) => {
    const reached = new Set<string>();
    for (const snapshot of walk(machine as AnyStateMachine, events)) {
      for (const node of snapshot._nodes) reached.add(node.id);
    }
    const declared = stateNodesOf(machine).map(({ id }) => id);
    expect(sorted(reached)).toEqual(sorted(declared));
  });

  it('agent: every simple path through both regions ends in a state of both', () => {
    const paths = getSimplePaths(agentMachine, {
      events: agentTypes,
      serializeState: (snapshot: AnyMachineSnapshot) => byValue(snapshot),
    } as unknown as Parameters<typeof getSimplePaths>[1]);
    const ends = new Set(paths.map((path) => byValue(path.state as AnyMachineSnapshot)));
    expect(ends.size).toBe(9);
  });
});
