/**
 * A job in TypeScript, against a running orchestrator (`bin/troupe up`):
 *
 *     node_modules/.bin/node examples/typed-job.ts [nats://127.0.0.1:4222]
 */
import { connectClient } from '../src/client/index.ts';

const url = process.argv[2] ?? 'nats://127.0.0.1:4222';
const client = await connectClient({ url });
await client.jobs.enqueue({ agent: 'echo', jobId: 'report-9', parameters: { n: 9 } });
const job = await client.jobs.wait('report-9', { timeoutMs: 60_000 });
process.stdout.write(`${job.state} ${JSON.stringify(job.output)}\n`);
await client.close();
