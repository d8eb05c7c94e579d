import { shellAgent } from '../adapters/shell-agent.ts';
import type { Agent } from '../agent.ts';

/** `shell`: runs the command in its parameters; see `shellAgent` for parameters, output and failures. */
export const shell: Agent = shellAgent({
  name: 'shell',
  description: 'Runs a command as an argument vector, with limits on time and output.',
  capabilities: ['execute:command'],
});
