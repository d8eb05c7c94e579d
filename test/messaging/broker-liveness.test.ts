import { expect, it } from 'vitest';
import { Liveness } from '../../src/messaging/broker-liveness.ts';

function intervals(says: readonly ('' | 'act' | 'pong')[]): string[] {
  const liveness = new Liveness();
  return says.map((said) => {
    if (said === 'act') liveness.active();
    if (said === 'pong') liveness.answered();
    return liveness.next();
  });
}

it('ends a silent client after two questions', () => {
  expect(intervals(['', '', ''])).toEqual(['ask', 'ask', 'end']);
});

it('asks an active client once', () => {
  expect(intervals(['act', 'act', 'act', 'act'])).toEqual(['ask', 'nothing', 'nothing', 'nothing']);
});

it('asks a client that only answers in every interval', () => {
  expect(intervals(['', 'pong', 'pong', 'pong'])).toEqual(['ask', 'ask', 'ask', 'ask']);
});

it('takes no PONG in advance, and activity for no answer', () => {
  expect(intervals(['pong', '', 'act', ''])).toEqual(['ask', 'ask', 'nothing', 'end']);
});
