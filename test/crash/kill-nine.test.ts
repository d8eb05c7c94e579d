import { describe, test } from 'vitest';
import type { BrokerKind } from './cluster.ts';
import { seed, weather } from './weather.ts';

describe.each<BrokerKind>(['embedded', 'nats-server'])('on the %s broker', (kind) => {
  test('50 kills over 200 runs: every answered run completes, no result is recorded twice, only what was in flight in a killed worker runs again', async () => {
    await weather(kind, { seed, kills: 50, runs: 200 });
  });
});
