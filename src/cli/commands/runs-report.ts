/** `troupe runs report`: a run told to people who were not there. */
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { withReader } from '../reader.ts';

export const reportCommand: Command = {
  summary: 'Tell a run as a report in Markdown',
  words: ['run'],
  options: {
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'What was asked, how it went, what failed and what to do, times, critical path, outputs.',
  ],
  examples: [
    ['troupe runs report run_01j9zq > report.md', 'A page to keep or to send'],
    ['troupe runs report run_01j9zq --json', 'The same as data'],
  ],
  run: report,
};

async function report(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const [{ readRunFacts }, { storyOf }, { storyMarkdown }] = await Promise.all([
    import('../run-facts.ts'),
    import('../render/run-story.ts'),
    import('../render/run-story-markdown.ts'),
  ]);
  return withReader(context, async (reader) => {
    const story = storyOf(await readRunFacts(reader, runId, { withEvents: true }), now());
    if (given.flag('json')) terminal.printJson(story);
    else terminal.print(storyMarkdown(story).trimEnd());
    return exitCodes.done;
  });
}
