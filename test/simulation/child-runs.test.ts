/** Runs that start other runs end the same with a crash of the orchestrator after any commit, and leave none behind. */
import { describe, expect, it } from 'vitest';
import { childScenarios } from './child-scenarios.ts';
import { play } from './crash-points.ts';
import { familyScenarios } from './family-scenarios.ts';

const family = 'a-child-compensates-and-then-its-parent';
const c = (task: object): object => ({ tasks: { c: task } });
const expected: Record<string, { runs: number; report: object; undone?: string[] }> = {
  child: { runs: 2, report: { status: 'succeeded', output: { b: 42 } } },
  'children of a foreach': {
    runs: 4,
    report: { output: { all: [{ square: 1 }, { square: 4 }, { square: 9 }] } },
  },
  recursion: { runs: 4, report: { output: { f: 24 } } },
  'child that fails and is tried again': {
    runs: 3,
    report: c({ status: 'failed', attempts: 2, error: { code: 'agent.failed' } }),
  },
  'child over its time that is tried again': {
    runs: 3,
    report: { status: 'failed', error: { code: 'task.timeout' }, tasks: { c: { attempts: 2 } } },
  },
  'child over its time': {
    runs: 2,
    report: c({ status: 'failed', error: { code: 'task.timeout' } }),
  },
  'parent is canceled': { runs: 2, report: c({ status: 'canceled', reason: 'enough' }) },
  'a child compensates and then its parent': {
    runs: 5,
    report: {
      status: 'failed',
      error: { code: 'card.refused' },
      tasks: {
        charge: { compensated: true },
        greet: { compensated: true },
        book: { status: 'failed', error: { code: 'card.refused' } },
        report: { status: 'success', hook: 'on_failure', output: { said: 'hello' } },
        end: { hook: 'on_complete', output: 'card.refused' },
      },
    },
    undone: ['trip/room', 'trip/seat', `${family}/greet`, `${family}/charge`],
  },
  'parent is canceled while its child compensates': {
    runs: 2,
    report: { status: 'canceled', tasks: { book: { status: 'canceled' } } },
    undone: ['slow/seat'],
  },
  'a compensation by a workflow that fails at first': {
    runs: 2,
    report: { status: 'failed', tasks: { charge: { compensated: true } } },
    undone: ['a-compensation-by-a-workflow-that-fails-at-first/charge'],
  },
};

describe.each([...childScenarios, ...familyScenarios])('$name', (scenario) => {
  it('ends the same after a crash and recovery at every commit, with as many runs, all ended', async () => {
    const undisturbed = await play(scenario);
    expect(undisturbed.report).toMatchObject(expected[scenario.name]?.report ?? {});
    expect(undisturbed.runs).toBe(expected[scenario.name]?.runs);
    expect(undisturbed.undone).toEqual(expected[scenario.name]?.undone ?? []);
    for (let crashAt = 1; crashAt < undisturbed.positions; crashAt += 1) {
      for (const keepInFlight of [false, true]) {
        const where = `crash at position ${crashAt}, ${keepInFlight ? 'kept' : 'lost'}`;
        const crashed = await play(scenario, { crashAt, keepInFlight }).catch((error: unknown) => {
          throw new Error(where, { cause: error });
        });
        expect(crashed.report, where).toEqual(undisturbed.report);
        expect(crashed.children, where).toEqual(undisturbed.children);
        expect(crashed.undone, where).toEqual(undisturbed.undone);
        expect(crashed.runs, where).toBe(undisturbed.runs);
        for (const [key, count] of crashed.executions) expect(count, `${where}: ${key}`).toBe(1);
      }
    }
  });
});
