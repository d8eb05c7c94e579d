/** Random dialogues, legal and not: the embedded broker must answer each as nats-server does. */
import { createConnection } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../support/seeded.ts';
import { startEmbedded, startReal, type TestedServer } from './tested-server.ts';

const DIALOGUES = 500;
const SEED = 4222;
const CONNECT =
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';
const SUBJECTS = ['a', 'b', 'a.b', 'a.c', 'b.c', 'a..b', 'a.', '.a', 'a.b.c'];
const PATTERNS = [...SUBJECTS, 'a.*', '*.b', 'a.>', '>', '*', '*.*', 'a.>.b', 'x*'];
const ODD_SIZES = ['x', '-1', '0', '99999999999', ''];
const INVALID = "-ERR 'Invalid Publish Subject'";
const HEADER = 'NATS/1.0\r\nA: 1\r\n\r\n';
const STATED = [
  '{}',
  'null',
  '{"x":',
  '{"verbose":true}',
  '{"verbose":false}',
  '{"pedantic":true}',
  '{"echo":false}',
  '{"headers":false}',
  '{"headers":true,"no_responders":true}',
  '{"protocol":3}',
];
const ODD_LINES = ['PONG', '+OK', '-ERR x', 'INFO {}', 'PUB', 'SUB a', 'FOO', '', 'MSG a 1 1'];

let servers: TestedServer[] = [];
beforeAll(async () => {
  servers = await Promise.all([startEmbedded(), startReal()]);
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

it(`gives the answers of nats-server to ${DIALOGUES} random dialogues, of seed ${SEED}`, async () => {
  const random = seededRandom(SEED);
  let refused = 0;
  for (let number = 0; number < DIALOGUES; number += 1) {
    const says = dialogue(random);
    const [ours, theirs] = await Promise.all(servers.map(({ port }) => play(port, says)));
    expect({ number, says, hears: comparable(ours as string) }).toEqual({
      number,
      says,
      hears: comparable(theirs as string),
    });
    if (theirs?.includes('-ERR')) refused += 1;
  }
  expect(refused).toBeGreaterThan(DIALOGUES / 10);
  expect(refused).toBeLessThan(DIALOGUES);
});

type Random = () => number;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function dialogue(random: Random): string {
  const operations = Array.from({ length: 3 + Math.floor(random() * 12) }, () => operation(random));
  return `${random() < 0.85 ? CONNECT : ''}${operations.join('')}`;
}

function operation(random: Random): string {
  const kind = random();
  const end = random() < 0.05 ? '\n' : '\r\n';
  const sid = String(1 + Math.floor(random() * 4));
  const line = (words: string[]): string =>
    words.join(pick(random, [' ', ' ', ' ', '  ', '\t', ' \t '])) + end;
  const verb = (name: string): string => (random() < 0.1 ? name.toLowerCase() : name);
  const size = (right: number): string =>
    random() < 0.95 ? String(right) : pick(random, [String(right + 1), ...ODD_SIZES]);
  const reply = random() < 0.3 ? [pick(random, ['a.b', 'zz', 'a'])] : [];
  const subject = pick(random, SUBJECTS);
  if (kind < 0.3) {
    // A group of one: which member of a larger one is chosen is left open.
    const queue = random() < 0.3 ? [`q${sid}`] : [];
    return line([verb('SUB'), pick(random, PATTERNS), ...queue, sid]);
  }
  const body = 'x'.repeat(Math.floor(random() * 5)) + String(Math.floor(random() * 1000));
  if (kind < 0.6) return `${line([verb('PUB'), subject, ...reply, size(body.length)])}${body}\r\n`;
  if (kind < 0.7) {
    const sizes = [size(HEADER.length), size(HEADER.length + body.length)];
    return `${line([verb('HPUB'), subject, ...reply, ...sizes])}${HEADER}${body}\r\n`;
  }
  if (kind < 0.85) {
    const max = random() < 0.5 ? [pick(random, ['1', '2', '3', '0', 'x', '-1'])] : [];
    return line([verb('UNSUB'), sid, ...max]);
  }
  if (kind < 0.93) return line([verb('PING')]);
  return line(kind < 0.97 ? ['CONNECT', pick(random, STATED)] : [pick(random, ODD_LINES)]);
}

/** Says everything and no more; resolves with all that is heard after INFO. */
function play(port: number, says: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = createConnection({ port, host: '127.0.0.1' }).setEncoding('latin1');
    socket.once('data', () => {
      socket.on('data', (text) => {
        heard += String(text);
      });
      socket.end(says, 'latin1');
    });
    // The server may reset what it refuses; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

/**
 * The frames, without what the protocol leaves open: the order in which overlapping subscriptions of one client get one
 * message, and which of two matching inboxes hears of no responders. nats-server repeats its complaint about a subject
 * when a payload is still incomplete; that counts once.
 */
function comparable(heard: string): string[] {
  const frames: string[] = [];
  let same: string[] = [];
  const endOfMessage = (): void => {
    frames.push(...same.sort());
    same = [];
  };
  let position = 0;
  let last = '';
  while (position < heard.length) {
    const end = heard.indexOf('\r\n', position);
    const line = heard.slice(position, end === -1 ? undefined : end);
    position += line.length + 2;
    if (!/^H?MSG /.test(line)) {
      endOfMessage();
      if (line !== INVALID || frames.at(-1) !== INVALID) frames.push(line);
      last = '';
      continue;
    }
    const size = Number(line.slice(line.lastIndexOf(' ') + 1));
    const body = heard.slice(position, position + size);
    position += size + 2;
    const [name, subject, , ...rest] = line.split(' ');
    const message = [name, subject, ...rest, body].join(' ');
    if (message !== last) endOfMessage();
    last = message;
    same.push(body.startsWith('NATS/1.0 503') ? message : `${line} ${body}`);
  }
  endOfMessage();
  return frames;
}
