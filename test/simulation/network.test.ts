/** The simulated network keeps what every `Bus` keeps, in simulated time that passes by itself. */
import { testBus } from '../contract/bus.ts';
import { seededRandom } from '../support/seeded.ts';
import { SimBus } from './sim-bus.ts';
import { SimNetwork } from './sim-network.ts';
import { Scope, SimTime } from './sim-time.ts';

testBus('simulated network', async () => {
  const time = new SimTime();
  const scope = new Scope('test');
  const network = new SimNetwork(time, seededRandom(1));
  let isRunning = true;
  const pump = async (): Promise<void> => {
    while (isRunning)
      if (!(await time.step())) await new Promise((resolve) => setImmediate(resolve));
  };
  const pumping = pump();
  return {
    connect: (options) => Promise.resolve(new SimBus(network, scope, options?.onError)),
    stop: async () => {
      isRunning = false;
      await pumping;
    },
  };
});
