import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../src/workflow/definition.ts';
import {
  decideTrigger,
  type TriggerAnswer,
  type TriggerCounters,
} from '../../src/workflow/triggers.ts';
import fc from '../support/property.ts';

type Outcome = 'succeeded' | 'failed' | 'skipped' | 'notActivated' | 'canceled';
type State = Outcome | 'open';
const outcomes: Outcome[] = ['succeeded', 'failed', 'skipped', 'notActivated', 'canceled'];

/** The table of the language, said naively over a list of states. */
function holds(trigger: Trigger, states: readonly State[]): boolean {
  const every = (...allowed: State[]) => states.every((state) => allowed.includes(state));
  const successes = states.filter((state) => state === 'succeeded').length;
  if (typeof trigger === 'object') return successes >= ('count' in trigger ? trigger.count : 1);
  switch (trigger) {
    case 'all_success':
      return every('succeeded');
    case 'none_failed':
      return every('succeeded', 'skipped', 'notActivated');
    case 'all_done':
      return every(...outcomes);
    case 'activated':
      return every('succeeded', 'notActivated');
    case 'one_success':
      return states.includes('succeeded');
    case 'one_failed':
      return states.includes('failed');
    case 'any':
      return states.some((state) => state !== 'open');
    case 'each':
      return successes > 0;
    case 'reachable':
      return successes > 0 && !states.includes('open');
  }
}

function futures(states: readonly State[]): State[][] {
  const open = states.indexOf('open');
  if (open === -1) return [[...states]];
  return outcomes.flatMap((outcome) => futures(states.with(open, outcome)));
}

function naive(trigger: Trigger, states: readonly State[]): TriggerAnswer {
  const later = futures(states).map((future) => holds(trigger, future));
  if (!later.includes(true)) return 'skip';
  return holds(trigger, states) && !later.includes(false) ? 'run' : 'undecided';
}

function count(states: readonly State[]): TriggerCounters {
  const of = (...wanted: State[]) => states.filter((state) => wanted.includes(state)).length;
  return {
    total: states.length,
    succeeded: of('succeeded'),
    failed: of('failed'),
    skipped: of('skipped', 'notActivated'),
    canceled: of('canceled'),
    notActivated: of('notActivated'),
  };
}

const triggers: Trigger[] = [
  'all_success',
  'none_failed',
  'all_done',
  'one_success',
  'one_failed',
  'activated',
  'any',
  { count: 1 },
  { count: 2 },
  { count: 3 },
];

describe('decideTrigger', () => {
  it('answers as the table of the language does, as soon as the answer is certain', () => {
    const state = fc.constantFrom<State>(...outcomes, 'open');
    fc.assert(
      fc.property(
        fc.constantFrom(...triggers),
        fc.array(state, { maxLength: 5 }),
        (trigger, states) => {
          expect(decideTrigger(trigger, count(states))).toBe(naive(trigger, states));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('lets a task without dependencies run by default', () => {
    expect(decideTrigger('all_success', count([]))).toBe('run');
  });

  it('skips at once a count above the number of dependencies', () => {
    expect(decideTrigger({ count: 3 }, count(['open', 'open']))).toBe('skip');
  });

  it('does not count a dependency whose own condition was false for `activated`', () => {
    expect(decideTrigger('activated', count(['succeeded', 'notActivated']))).toBe('run');
    expect(decideTrigger('activated', count(['succeeded', 'skipped']))).toBe('skip');
  });
});
