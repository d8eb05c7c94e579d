/** One job, printed. */
import type { JobReply } from '../../messages/job.ts';
import type { CommandContext } from '../command.ts';
import { brief, localTime, outputText, table } from './format.ts';

const MAX_ERROR = 300;

/** For people, or as a document. */
export function printJob(
  { arguments: given, terminal }: Pick<CommandContext, 'arguments' | 'terminal'>,
  job: JobReply,
): void {
  if (given.flag('json')) {
    terminal.printJson(job);
    return;
  }
  const lines: [string, string | undefined][] = [
    ['job', job.id === undefined ? job.jobId : `${job.jobId} (${job.id})`],
    ['agent', job.agent],
    ['state', [job.state, ...(job.canceling ? ['canceling'] : [])].join(', ')],
    [
      'progress',
      `${Math.round(job.progress)} %${job.message === undefined ? '' : `, ${brief(job.message)}`}`,
    ],
    ['attempts', `${job.attempts} of ${job.maxRetries + 1}`],
    ['priority', job.priority],
    ['run', job.runId],
    ['runs at', job.runAt === undefined ? undefined : localTime(job.runAt)],
    ['reason', job.reason],
    [
      'error',
      job.error === undefined
        ? undefined
        : `${job.error.code}: ${brief(job.error.message, MAX_ERROR)}`,
    ],
  ];
  const shown = lines.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
  for (const line of table(shown)) terminal.print(line);
  const output = outputText(job.output ?? null);
  if (output !== '') terminal.print(output);
}
