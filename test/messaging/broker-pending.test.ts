import { expect, it } from 'vitest';
import { PendingTotal } from '../../src/messaging/broker-pending.ts';

class Client {
  isCutOff = false;
  destroy(): void {
    this.isCutOff = true;
  }
}

it('P1 cuts off who has the most until the sum is within the bound', () => {
  const total = new PendingTotal(100);
  const [small, large, larger] = [new Client(), new Client(), new Client()];
  total.set(small, 10);
  total.set(large, 40);
  total.set(larger, 50);
  expect([total.bytes, total.usedShare]).toEqual([100, 1]);
  total.set(small, 20);
  expect([small, large, larger].map(({ isCutOff }) => isCutOff)).toEqual([false, false, true]);
  expect(total.bytes).toBe(60);
  total.set(small, 120);
  expect([small, large].map(({ isCutOff }) => isCutOff)).toEqual([true, false]);
  total.forget(small);
  total.set(large, 0);
  expect(total.bytes).toBe(0);
});
