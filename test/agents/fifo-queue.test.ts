import { expect, test } from 'vitest';
import { FifoQueue } from '../../src/agents/fifo-queue.ts';
import fc from '../support/property.ts';

test('items come out in the order in which they went in, whatever is in between', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 }), (steps) => {
      const queue = new FifoQueue<{ n: number }>();
      const expected: number[] = [];
      let pushed = 0;
      for (const [index, count] of steps.entries()) {
        for (let each = 0; each < count; each += 1) {
          if (index % 2 === 1) expect(queue.take()?.n).toBe(expected.shift());
          else {
            queue.push({ n: pushed });
            expected.push(pushed);
            pushed += 1;
          }
        }
      }
      while (expected.length > 0) expect(queue.take()?.n).toBe(expected.shift());
      expect(queue.take()).toBeUndefined();
      expect(queue.slots).toBe(0);
    }),
  );
});

test('F2 a queue that is never empty does not grow with what passes through it', () => {
  const queue = new FifoQueue<{ n: number }>();
  const waiting = 1_500;
  for (let n = 0; n < waiting; n += 1) queue.push({ n });
  let most = 0;
  for (let n = 0; n < 50_000; n += 1) {
    queue.push({ n: waiting + n });
    expect(queue.take()?.n).toBe(n);
    most = Math.max(most, queue.slots);
  }
  expect(most).toBeLessThanOrEqual(2 * (waiting + 1) + 64);
});
