import { expect, it } from 'vitest';
import { BusClosedError, DisconnectedError } from '../../src/messaging/errors.ts';
import { throughOutages } from '../../src/messaging/through-outages.ts';

/** A connection that is down until `comeBack`. */
function outage() {
  const listeners = new Set<() => void>();
  const bus = {
    isConnected: false,
    onReconnect: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const comeBack = () => {
    bus.isConnected = true;
    for (const listener of [...listeners]) listener();
  };
  return { bus, comeBack, listeners };
}

it('takes a step again once the connection is back, as often as it is lost', async () => {
  const { bus, comeBack, listeners } = outage();
  let taken = 0;
  const done = throughOutages(bus, () => {
    taken += 1;
    return taken < 3 ? Promise.reject(new DisconnectedError('nats://x')) : Promise.resolve('ok');
  });
  await Promise.resolve();
  expect(taken).toBe(1);
  comeBack();
  await expect(done).resolves.toBe('ok');
  expect(taken).toBe(3);
  expect(listeners.size).toBe(0);
});

it('throws what is no outage', async () => {
  const { bus } = outage();
  const closed = throughOutages(bus, () => Promise.reject(new BusClosedError('nats://x')));
  await expect(closed).rejects.toMatchObject({ code: 'bus.closed' });
  const broken = throughOutages(bus, () => {
    throw new TypeError('a defect');
  });
  await expect(broken).rejects.toThrow('a defect');
});
