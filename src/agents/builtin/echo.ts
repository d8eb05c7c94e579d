import { functionAgent } from '../adapters/function-agent.ts';
import type { Agent } from '../agent.ts';

/** `echo`: its output is its parameters. */
export const echo: Agent = functionAgent({
  name: 'echo',
  description: 'Returns its parameters.',
  capabilities: ['test'],
  run: (parameters) => parameters,
});
