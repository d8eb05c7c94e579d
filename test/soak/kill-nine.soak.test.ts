import { describe, test } from 'vitest';
import type { BrokerKind } from '../crash/cluster.ts';
import { seed, weather } from '../crash/weather.ts';

describe.each<BrokerKind>(['embedded', 'nats-server'])('on the %s broker', (kind) => {
  test('500 kills over 2,000 runs keep the promises of the crash suite', async () => {
    await weather(kind, { seed, kills: 500, runs: 2_000 });
  });
});
