import { describe, expect, it } from 'vitest';
import {
  isLiteralSubject,
  isValidPattern,
  SubjectIndex,
} from '../../src/messaging/subject-index.ts';
import fc from '../support/property.ts';

interface Entry {
  id: number;
  subject: string;
  queue: string;
}

const word = fc.constantFrom('a', 'b', 'c');
const subject = fc.array(word, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
  )
  .map(([tokens, isOpen]) => [...tokens, ...(isOpen ? ['>'] : [])].join('.'));
const step = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    subject: fc.oneof(pattern, subject),
    queue: fc.constantFrom('', '', 'q', 'r'),
  }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('match' as const), subject }),
);

/** The definition, as plainly as it can be said. */
function matches(patternText: string, subjectText: string): boolean {
  const [tokens, words] = [patternText.split('.'), subjectText.split('.')];
  const isOpen = tokens.at(-1) === '>';
  if (isOpen ? words.length < tokens.length : words.length !== tokens.length) return false;
  return tokens.every(
    (token, index) =>
      token === '*' || (isOpen && index === tokens.length - 1) || token === words[index],
  );
}

describe('the subject index', () => {
  it('finds what the definition says, after any adds and removes (I1, I2)', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const index = new SubjectIndex<Entry>();
        const entries: Entry[] = [];
        for (const [id, action] of steps.entries()) {
          if (action.do === 'add') {
            const entry = { id, subject: action.subject, queue: action.queue };
            entries.push(entry);
            index.add(entry);
          } else if (action.do === 'remove') {
            const [removed] =
              entries.length === 0 ? [] : entries.splice(action.which % entries.length, 1);
            if (removed !== undefined) index.remove(removed);
          } else {
            const expected = entries.filter((entry) => matches(entry.subject, action.subject));
            const found = index.match(action.subject);
            expect(ids(found.plain)).toEqual(ids(expected.filter((entry) => entry.queue === '')));
            const queues = [
              ...new Set(expected.map((entry) => entry.queue).filter((queue) => queue !== '')),
            ];
            expect(found.groups).toHaveLength(queues.length);
            for (const queue of queues) {
              const group = found.groups.find((members) => members[0]?.queue === queue) ?? [];
              expect(ids(group)).toEqual(ids(expected.filter((entry) => entry.queue === queue)));
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays right over very many subjects, and for the one that was matched last', () => {
    const index = new SubjectIndex<Entry>();
    const entry = { id: 1, subject: 'inbox.*', queue: '' };
    index.add(entry);
    for (let number = 0; number < 20_000; number += 1)
      expect(index.match(`inbox.${number}`).plain.length).toBe(1);
    index.remove(entry);
    for (let number = 0; number < 20_000; number += 7)
      expect(index.match(`inbox.${number}`).plain.length).toBe(0);
  });

  it('tells subjects that may be subscribed to and published to', () => {
    for (const good of ['a', 'a.b', '*', '>', 'a.*.>', 'a*', 'a>b'])
      expect(isValidPattern(good)).toBe(true);
    for (const bad of ['', '.', 'a.', '.a', 'a..b', '>.a', 'a.>.b'])
      expect(isValidPattern(bad)).toBe(false);
    expect(['a.b', 'a*', 'a.*', '>', ''].map(isLiteralSubject)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

function ids(entries: readonly Entry[]): number[] {
  return entries.map((entry) => entry.id).sort((a, b) => a - b);
}
