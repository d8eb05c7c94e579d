/** `troupe runs watch`: stay with a run until it ends. */
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { onInterrupt } from '../interrupt.ts';
import { openSession } from '../session.ts';

export const watchCommand: Command = {
  summary: 'Follow a run until it ends, then print its result',
  words: ['run'],
  options: { ...jsonOption, ...jsonlOption, ...settingOptions },
  notes: [
    'Ends with the exit code of the run. Where no orchestrator runs it is one itself, so a run that was left goes on.',
  ],
  examples: [['troupe runs watch run_01j9zq', 'Follow it on the terminal']],
  run: watch,
};

async function watch(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  const { followAndPrint } = await import('../follow.ts');
  const session = await openSession(context);
  const interrupt = onInterrupt();
  const tell = (line: string): void => terminal.tell(line);
  const connection = await orchestratorOfRuns(session, { kind: 'run', worker: true, tell });
  try {
    const { signal } = interrupt;
    return await followAndPrint(context, { session, connection, runId, signal });
  } finally {
    interrupt.release();
  }
}
