import { describe, expect, it } from 'vitest';
import { type ReadyEntry, ReadyList } from '../../src/machines/run/ready-list.ts';

const NONE: ReadonlySet<string> = new Set();
const entry = (activation: string, demand: string, index: number): ReadyEntry => ({
  activation,
  demand,
  order: [index, 1, 0],
});

describe('the ready list', () => {
  it('gives the first in file order over all demands, without those that are blocked', () => {
    const list = new ReadyList();
    list.add(entry('b', 'agent:two', 1));
    list.add(entry('a', 'agent:one', 0));
    expect(list.first(NONE)?.activation).toBe('a');
    expect(list.first(new Set(['agent:one']))?.activation).toBe('b');
    expect(list.first(new Set(['agent:one', 'agent:two']))).toBeUndefined();
  });

  it('forgets what has left', () => {
    const list = new ReadyList();
    list.add(entry('a', 'agent:one', 0));
    list.remove('a');
    expect(list.size).toBe(0);
    expect(list.first(NONE)).toBeUndefined();
  });

  it('has one that came back under its new demand alone', () => {
    const list = new ReadyList();
    list.add(entry('first', 'agent:one', 0));
    list.add(entry('a', 'agent:one', 1));
    list.remove('a');
    list.add(entry('a', 'agent:two', 1));
    list.remove('first');
    expect(list.first(NONE)).toMatchObject({ activation: 'a', demand: 'agent:two' });
    expect(list.first(new Set(['agent:two']))).toBeUndefined();
    expect(list.size).toBe(1);
  });
});
