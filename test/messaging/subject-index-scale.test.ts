/** The index with 1,000 and with 100,000 subscriptions: what one operation looks at must not grow with their number. */
import { expect, it } from 'vitest';
import { SubjectIndex } from '../../src/messaging/subject-index.ts';

interface Entry {
  subject: string;
  queue: string;
}

const SMALL = 1000;
const LARGE = 100_000;
const PROBES = 1000;

/** A mix of literal subjects, patterns with `*` and `>`, and members of queue groups. */
function entries(count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    subject: [`run.${index}.events`, `run.${index}.*.result`, `run.${index}.>`][
      index % 3
    ] as string,
    queue: index % 7 === 0 ? 'q' : '',
  }));
}

let looks = 0;

/** An entry that counts how often it is looked at. */
function watched({ subject, queue }: Entry): Entry {
  return {
    get subject() {
      looks += 1;
      return subject;
    },
    get queue() {
      looks += 1;
      return queue;
    },
  };
}

/** Of maps, sets and their iterators: what looks at one of many members. */
const lookers: [object, string[]][] = [
  [Map.prototype, ['get', 'has', 'set', 'delete', 'forEach']],
  [Set.prototype, ['has', 'add', 'delete', 'forEach']],
  [Object.getPrototypeOf(new Map().values()), ['next']],
  [Object.getPrototypeOf(new Set().values()), ['next']],
];

/** How often the work looks at an entry or at a member of a map or a set: the same on every machine. */
function looksOf(work: () => void): number {
  const spies = lookers.flatMap(([prototype, names]) =>
    names.map((name) => {
      const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
      Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
        looks += 1;
        return original.apply(this, args);
      });
      return () => Reflect.set(prototype, name, original);
    }),
  );
  looks = 0;
  try {
    work();
    return looks;
  } finally {
    for (const restore of spies) restore();
  }
}

/** Adds, matches and removes while `count` others are there. */
function measure(count: number): { add: number; remove: number; match: number } {
  const index = new SubjectIndex<Entry>();
  for (const entry of entries(count)) index.add(watched(entry));
  const extra = entries(PROBES).map((entry) =>
    watched({ ...entry, subject: `more.${entry.subject}` }),
  );
  const step = count / PROBES;
  let found = 0;
  const match = looksOf(() => {
    for (let probe = 0; probe < PROBES; probe += 1)
      found += index.match(`run.${probe * step}.x.result`).plain.length;
  });
  expect(found).toBeGreaterThan(PROBES / 2);
  const add = looksOf(() => {
    for (const entry of extra) index.add(entry);
  });
  const remove = looksOf(() => {
    for (const entry of extra) index.remove(entry);
  });
  return { add, remove, match };
}

it('looks at no more with 100,000 subscriptions than with 1,000 (I3)', () => {
  const [small, large] = [measure(SMALL), measure(LARGE)];
  for (const looked of Object.values(small)) expect(looked).toBeGreaterThan(PROBES);
  expect(large).toEqual(small);
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
  const subject = `${'a.'.repeat(depth)}b`;
  let matches: number[] = [];
  const characters = charactersOf(() => {
    matches = [subject, `${subject}..b`].map((text) => index.match(text).plain.length);
  });
  expect(matches).toEqual([depth - 1, 0]);
  // Looked at for each pattern there are a thousand times as many.
  expect(characters).toBeGreaterThan(2 * subject.length);
  expect(characters).toBeLessThan(20 * subject.length);
});

/** How many characters the work looks for something in: the same on every machine. */
function charactersOf(work: () => void): number {
  const { indexOf, includes } = String.prototype;
  let characters = 0;
  const look = (text: string, part: string, from = 0): number => {
    const found = indexOf.call(text, part, from);
    characters += (found === -1 ? text.length : found + part.length) - from;
    return found;
  };
  String.prototype.indexOf = function (part, from) {
    return look(String(this), part, from);
  };
  String.prototype.includes = function (part, from) {
    return look(String(this), part, from) !== -1;
  };
  try {
    work();
    return characters;
  } finally {
    String.prototype.indexOf = indexOf;
    String.prototype.includes = includes;
  }
}
