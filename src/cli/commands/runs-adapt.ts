/** `troupe runs adapt`: changes what has not started of a live run. */
import type { CommandInput } from '../../client/client.ts';
import type { AdaptationReply } from '../../messages/request.ts';
import { sourceValue } from '../../workflow/link.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { UsageError, WorkflowNotFoundError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { differenceLines } from '../render/difference.ts';
import { problemLines } from '../report-error.ts';
import { readTarget, readText } from '../run-input.ts';
import type { Terminal } from '../terminal.ts';
import { readTextStream } from '../text-file.ts';
import { send } from './runs-send.ts';

const STDIN = '-';

export const adaptCommand: Command = {
  summary: 'Change the tasks of a live run that have not started',
  words: ['run', '[patch file]'],
  options: {
    to: {
      type: 'string',
      value: 'FILE',
      description: 'Move the run to this version of its workflow',
    },
    keep: {
      type: 'boolean',
      description: 'With --to: tasks that have begun stay as they are in this run',
    },
    undo: { type: 'boolean', description: 'Take the last patch back' },
    'dry-run': { type: 'boolean', description: 'Show what would change and what is in the way' },
    'expected-version': {
      type: 'string',
      value: 'N',
      description: 'Only where the run is at this version',
    },
    id: { type: 'string', value: 'ID', description: 'The same id never changes it twice' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'A patch is a YAML or JSON file with the fields that change, tasks by their ids: {"tasks": {"publish": {"timeout": 60},',
    '"lint": null}, "settings": {"max_parallel": 5}}. null removes; a new id adds a task. - reads it from stdin.',
    'It is applied whole, as one event, or not at all. What has begun stays as it is.',
    'Exit code 2 for a patch that makes no valid workflow, 4 where the run is too far, 1 of a dry run that finds either.',
  ],
  examples: [
    ['troupe runs adapt run_01j9zq patch.yaml --dry-run', 'See what a patch would change'],
    ['troupe runs adapt run_01j9zq patch.yaml', 'Apply it'],
    ['troupe runs adapt run_01j9zq --undo', 'Take it back, where nothing of it has begun'],
    ['troupe runs adapt run_01j9zq --to flow.yaml --keep', 'Go on with a new version of the file'],
  ],
  run: adapt,
};

async function adapt(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const isDryRun = given.flag('dry-run');
  let hasProblems = false;
  const code = await send(context, () => {
    checkWords(given);
    const expectedVersion = given.whole('expected-version', 1);
    const id = given.text('id');
    return async (client, runId) => {
      // That there is no such run is said before a file is looked for.
      await client.history(runId, { limit: 1 });
      const reply = await client.command(runId, {
        type: 'adapt',
        ...(await changeOf(context)),
        ...(isDryRun ? { dryRun: true } : {}),
        ...(expectedVersion === undefined ? {} : { expectedVersion }),
        ...(id === undefined ? {} : { id }),
      });
      const { adaptation } = reply;
      if (adaptation === undefined) return reply;
      hasProblems = adaptation.problems.some(({ severity }) => severity === 'error');
      if (!given.flag('json')) print(adaptation, terminal);
      return reply;
    };
  });
  return isDryRun && hasProblems ? exitCodes.failed : code;
}

/** Exactly one of a patch, a new definition, and the wish to take the last one back. */
function checkWords(given: Arguments): void {
  const to = given.text('to');
  const named = [given.words[1] !== undefined, to !== undefined, given.flag('undo')];
  const count = named.filter(Boolean).length;
  if (count !== 1)
    throw new UsageError(
      count === 0 ? 'nothing says what changes' : 'a patch, --to and --undo exclude each other',
      'Name a patch file (- for stdin), or write --to=FILE or --undo.',
    );
  if (given.flag('keep') && to === undefined)
    throw new UsageError('--keep has a meaning only with --to', 'Leave it out.');
}

async function changeOf({
  arguments: given,
  workingDirectory,
}: CommandContext): Promise<
  Pick<Extract<CommandInput, { type: 'adapt' }>, 'patch' | 'workflow' | 'undo' | 'keep'>
> {
  const [, patch] = given.words;
  const to = given.text('to');
  if (patch !== undefined) return { patch: await readPatch(patch) };
  if (to === undefined) return { undo: true };
  return { workflow: await readVersion(to, workingDirectory), keep: given.flag('keep') };
}

async function readPatch(file: string): Promise<JsonObject> {
  const text = file === STDIN ? await readTextStream(process.stdin) : readText(file);
  const value = sourceValue(text);
  if (value === undefined)
    throw new UsageError(
      `${file === STDIN ? 'what came from stdin' : file} is no patch`,
      'Write an object in YAML or JSON: {"tasks": {"id": {...}}}.',
    );
  return value;
}

/** A workflow file with all that it runs, as a request carries it. */
async function readVersion(word: string, workingDirectory: string): Promise<string | JsonObject> {
  const target = await readTarget(word, workingDirectory);
  if (target.kind === 'workflow') return target.workflow;
  throw new WorkflowNotFoundError(word, 'Name the file of the new version.');
}

function print({ applied, difference, problems }: AdaptationReply, terminal: Terminal): void {
  for (const line of differenceLines(difference)) terminal.print(line);
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const line of problemLines(problems.filter(({ severity }) => severity === 'warning')))
    terminal.tell(`warning:${line.slice(3)}`);
  for (const line of problemLines(errors)) terminal.tell(`error:${line.slice(3)}`);
  if (!applied) terminal.tell(errors.length === 0 ? 'nothing was changed' : 'it would be refused');
}
