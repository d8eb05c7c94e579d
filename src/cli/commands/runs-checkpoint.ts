/** `troupe runs checkpoint`: a named point in the history of a run. */
import type { Command } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { send } from './runs-send.ts';

export const checkpointCommand: Command = {
  summary: 'Give the present state of a run a name',
  words: ['run', '[name]'],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Without a name it is called after its version: checkpoint-12. A name is given once. `troupe replay <run> --at <name>` shows the run as it was then.',
  ],
  examples: [
    ['troupe runs checkpoint run_01j9zq before-deploy', 'Name it'],
    ['troupe runs checkpoint run_01j9zq', 'Named after its version'],
  ],
  run: (context) =>
    send(context, (given) => {
      const name = given.words[1];
      const message = { type: 'checkpoint', ...(name === undefined ? {} : { name }) } as const;
      return (client, runId) => client.command(runId, message);
    }),
};
