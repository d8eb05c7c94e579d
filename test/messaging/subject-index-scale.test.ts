/** The index with 1,000 and with 100,000 subscriptions: what one operation costs must not grow with their number. */
import { expect, it } from 'vitest';
import { SubjectIndex } from '../../src/messaging/subject-index.ts';

interface Entry {
  subject: string;
  queue: string;
}

const SMALL = 1000;
const LARGE = 100_000;
const PROBES = 1000;
const ROUNDS = 20;
/** A hundred times the subscriptions: larger maps miss the processor's caches more often, no more than that. */
const MAX_RATIO = 15;

/** A mix of literal subjects, patterns with `*` and `>`, and members of queue groups. */
function entries(count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    subject: [`run.${index}.events`, `run.${index}.*.result`, `run.${index}.>`][
      index % 3
    ] as string,
    queue: index % 7 === 0 ? 'q' : '',
  }));
}

function filled(count: number): SubjectIndex<Entry> {
  const index = new SubjectIndex<Entry>();
  for (const entry of entries(count)) index.add(entry);
  return index;
}

/** The shortest of some rounds, ms. */
function time(round: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    round();
    return performance.now() - started;
  });
  return Math.min(...times);
}

/** Adds, matches and removes while `count` others are there. */
function measure(count: number): { change: number; match: number } {
  const index = filled(count);
  const extra = entries(PROBES).map((entry) => ({ ...entry, subject: `more.${entry.subject}` }));
  const change = time(() => {
    for (const entry of extra) index.add(entry);
    for (const entry of extra) index.remove(entry);
  });
  const step = count / PROBES;
  let found = 0;
  const match = time(() => {
    for (let probe = 0; probe < PROBES; probe += 1)
      found += index.match(`run.${probe * step}.x.result`).plain.length;
  });
  expect(found).toBeGreaterThan(PROBES);
  return { change, match };
}

it('costs no more with 100,000 subscriptions than with 1,000 (I3)', () => {
  const [small, large] = [measure(SMALL), measure(LARGE)];
  expect(large.change / small.change).toBeLessThan(MAX_RATIO);
  expect(large.match / small.match).toBeLessThan(MAX_RATIO);
});

it('finds and forgets each of 100,000 subscriptions (I4)', () => {
  const index = new SubjectIndex<Entry>();
  const all = entries(LARGE);
  for (const entry of all) index.add(entry);
  const found = (number: number): number => {
    const { plain, groups } = index.match(
      `run.${number}.${number % 3 === 0 ? 'events' : 'x.result'}`,
    );
    return plain.length + groups.flat().length;
  };
  const missing = all.filter((_, number) => found(number) !== 1);
  expect(missing).toEqual([]);
  for (const entry of all) index.remove(entry);
  const left = all.filter((_, number) => found(number) !== 0);
  expect(left).toEqual([]);
});

it('takes 100,000 subscriptions to one subject and to one queue group', () => {
  const index = new SubjectIndex<Entry>();
  const all = Array.from({ length: LARGE }, (_, number) => ({
    subject: 'same.*',
    queue: number % 2 === 0 ? '' : 'q',
  }));
  for (const entry of all) index.add(entry);
  expect(index.match('same.a').plain).toHaveLength(LARGE / 2);
  expect(index.match('same.a').groups).toEqual([all.filter(({ queue }) => queue === 'q')]);
  for (const entry of all) index.remove(entry);
  expect(index.match('same.a').plain).toEqual([]);
});

it('looks at a long subject once, however many patterns end with `>` on its way', () => {
  const index = new SubjectIndex<Entry>();
  const depth = 2_000;
  for (let tokens = 1; tokens < depth; tokens += 1)
    index.add({ subject: `${'a.'.repeat(tokens)}>`, queue: '' });
  const started = performance.now();
  for (let probe = 0; probe < 40; probe += 1) {
    const subject = `${'a.'.repeat(depth)}${probe}`;
    expect(index.match(subject).plain).toHaveLength(depth - 1);
    expect(index.match(`${subject}..b`).plain).toHaveLength(0);
  }
  // Less than a second; looked at for each pattern it takes seven.
  expect(performance.now() - started).toBeLessThan(3_000);
});
