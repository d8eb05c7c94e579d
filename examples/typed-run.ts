/**
 * A workflow and an agent in TypeScript, against a running orchestrator (`bin/troupe up`):
 *
 *     node_modules/.bin/node examples/typed-run.ts [nats://127.0.0.1:4222]
 */
import {
  connectBus,
  createClient,
  createSubjects,
  defineWorkflow,
  functionAgent,
  startWorker,
} from '../src/index.ts';

const square = functionAgent<{ n: number }>({
  name: 'square',
  description: 'The square of a number.',
  run: ({ n }) => ({ square: n * n }),
});

const workflow = defineWorkflow({
  name: 'sum-of-squares',
  inputs: { numbers: { type: 'array', default: [1, 2, 3] } },
  tasks: [
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
    {
      id: 'each',
      agent: 'square',
      foreach: '${inputs.numbers}',
      as: 'n',
      parameters: { n: '${n}' },
      retry: { max_attempts: 3, delay: 0.2 },
    },
    {
      id: 'collect',
      agent: 'echo',
      dependencies: ['each'], // An id that is not in this workflow does not compile.
      parameters: { squares: '${each.output.map(e, e.square)}' },
    },
  ],
  outputs: { squares: '${collect.output.squares}' },
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
});

const url = process.argv[2] ?? 'nats://127.0.0.1:4222';
const bus = await connectBus({ url, name: 'typed-run' }).catch((error: Error) => {
  process.stderr.write(`${error.message}\n  hint: start an orchestrator with \`bin/troupe up\`\n`);
  process.exit(1);
});
const worker = await startWorker({ bus, subjects: createSubjects(), agents: [square] });
const outcome = await createClient({ bus }).runWorkflow({ workflow, input: { numbers: [3, 4] } });
process.stdout.write(`${JSON.stringify(outcome)}\n`);
await worker.drain();
await worker.close();
await bus.close();
process.exitCode = outcome.success ? 0 : 1;
