/** `troupe log collect`: blobs that no event names are removed. */
import type { BlobCollection, CollectOptions } from '../../log/collect-blobs.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { durationOption } from '../duration-option.ts';
import { exitCodes } from '../exit-codes.ts';
import { withLog } from '../log-access.ts';
import { byteCount, counted } from '../render/format.ts';
import { openSession } from '../session.ts';

export const collectCommand: Command = {
  summary: 'Remove blobs that no event names',
  words: [],
  options: {
    'older-than': {
      type: 'string',
      value: 'TIME',
      description: 'Younger blobs stay; default 24h, such as 90m or 7d',
    },
    'dry-run': { type: 'boolean', description: 'Only say what would be removed' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'A running orchestrator does the same by itself, once a day, at a low rate.',
    'Less than 24 hours may remove what a client has stored and not named yet.',
  ],
  examples: [['troupe log collect --dry-run', 'How much nobody needs']],
  run: collect,
};

async function collect(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const olderThanMs = durationOption(given, 'older-than');
  const options: CollectOptions = {
    ...(olderThanMs === undefined ? {} : { olderThanMs }),
    dryRun: given.flag('dry-run'),
  };
  const { result } = await withLog(session, {
    remote: (client) => client.log('collect', { ...options } as Record<string, never>),
    local: async (log) => {
      const { collectBlobs } = await import('../../log/collect-blobs.ts');
      return collectBlobs(log, options);
    },
  });
  const { blobs, bytes, removed, removedBytes, dryRun } = result as BlobCollection;
  if (given.flag('json')) terminal.printJson(result);
  else
    terminal.print(
      `${counted(removed, 'blob')} of ${blobs} ${dryRun ? 'would be removed' : 'removed'}: ${byteCount(removedBytes)} of ${byteCount(bytes)}`,
    );
  return exitCodes.done;
}
