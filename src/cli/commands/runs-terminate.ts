/** `troupe runs terminate`: ends one run now, or all that come from it. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { sendToMany, touchedOptions, touchedRuns } from './runs-many.ts';
import { reasonOption, send, withReason } from './runs-send.ts';

export const terminateCommand: Command = {
  summary: 'End the run now, without waiting for any agent',
  words: ['run'],
  options: { ...touchedOptions, ...reasonOption, ...jsonOption, ...settingOptions },
  notes: ['`runs blast-radius` shows which runs `--with-family` and `--alike` mean.'],
  examples: [
    ['troupe runs terminate run_01j9zq', 'End the run now'],
    ['troupe runs terminate run_01j9zq --with-family', 'And its children, forks and jobs'],
  ],
  run: terminate,
};

async function terminate(context: CommandContext): Promise<number> {
  const { arguments: given } = context;
  const family = given.flag('with-family');
  const alike = given.flag('alike');
  const message = { type: 'terminate' as const, ...withReason(given) };
  if (!family && !alike)
    return send(context, () => (client, runId) => client.command(runId, message));
  return sendToMany(context, {
    ...{ message, done: 'terminated' },
    choose: (client) =>
      touchedRuns(client, given.word(0, 'the run'), { family, alike, takes: 'live' }),
  });
}
