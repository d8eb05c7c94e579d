/** The two promises of the outbox: order, and nothing left behind when the event loop waits. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Outbox, type Outgoing } from '../../src/messaging/outbox.ts';

function message(subject: string): Outgoing {
  return { subject, bytes: new Uint8Array(), headers: undefined, replyTo: undefined };
}

it('sends what promises of one turn add together, in their order (O1, O2)', async () => {
  const sent: string[] = [];
  const outbox = new Outbox(
    ({ subject }) => sent.push(subject),
    () => sent.push('|'),
  );
  outbox.add(message('first'));
  await Promise.resolve();
  outbox.add(message('second'));
  expect(sent).toEqual([]);
  await nextTurn();
  expect(sent).toEqual(['first', 'second', '|']);
});

it('sends at once when told to, and once', async () => {
  const sent: string[] = [];
  const outbox = new Outbox(
    ({ subject }) => sent.push(subject),
    () => sent.push('|'),
  );
  outbox.add(message('first'));
  outbox.flush();
  expect(sent).toEqual(['first', '|']);
  outbox.add(message('second'));
  await nextTurn();
  expect(sent).toEqual(['first', '|', 'second', '|']);
});

it('keeps what is added while it sends for the next time', async () => {
  const sent: string[] = [];
  const outbox: Outbox = new Outbox(
    ({ subject }) => {
      sent.push(subject);
      if (subject === 'first') outbox.add(message('answer'));
    },
    () => sent.push('|'),
  );
  outbox.add(message('first'));
  outbox.flush();
  expect(sent).toEqual(['first', '|']);
  await nextTurn();
  expect(sent).toEqual(['first', '|', 'answer', '|']);
});
