/** `troupe rehearse`: what a new version of a workflow would do to the runs that are there. */
import type { Rehearsed } from '../../machines/run/rehearse.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { UsageError, WorkflowNotFoundError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { withReader } from '../reader.ts';
import { rehearseRun, runsOf, type Wanted } from '../rehearse-runs.ts';
import { counted, table } from '../render/format.ts';
import { plainText } from '../render/painted.ts';
import { type RunTarget, readTarget } from '../run-input.ts';
import { openSession } from '../session.ts';

const DEFAULT_RECENT = 100;

export const rehearseCommand: Command = {
  summary: 'Try a new version of a workflow on the runs that are there, without touching them',
  words: ['file or name'],
  options: {
    runs: {
      type: 'string',
      value: 'WHICH',
      multiple: true,
      description: 'live, recent, or the id of a run; default: live and recent',
    },
    limit: {
      type: 'string',
      value: 'N',
      description: `How many recent runs; default ${DEFAULT_RECENT}`,
    },
    keep: { type: 'boolean', description: 'Tasks that have begun stay as they are in their run' },
    apply: { type: 'boolean', description: 'Move the live runs that would not break' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: [
    'A live run breaks where the new version changes or removes what has begun in it, one that has ended where its history',
    'does not fit. Where keeping what has begun is enough, the tasks are named, and --keep does it.',
    'Exit code 1 when a run breaks.',
  ],
  examples: [
    [
      'troupe rehearse flow.yaml',
      'All live runs of this workflow, and the last hundred that ended',
    ],
    ['troupe rehearse flow.yaml --runs live --keep --apply', 'Move the live runs to it'],
    ['troupe rehearse flow.yaml --runs run_01j9zq --json', 'One run, as a document'],
  ],
  run: rehearse,
};

type Row = Rehearsed & { applied?: boolean };

async function rehearse(context: CommandContext): Promise<number> {
  const { arguments: given, terminal, workingDirectory } = context;
  const word = given.word(0, 'the file or name');
  const wanted = wantedOf(given);
  const target = await readTarget(word, workingDirectory);
  if (target.kind !== 'workflow')
    throw new WorkflowNotFoundError(word, 'Name the file of the new version.');
  const { definition } = target;
  const keep = given.flag('keep');
  const rows: Row[] = [];
  await withReader(context, async (reader) => {
    for await (const runId of runsOf(reader, definition.name, wanted)) {
      const found = await rehearseRun(reader, runId, { definition, keep });
      if (found !== undefined) rows.push(found);
    }
  });
  const applied = given.flag('apply') ? await apply(context, target, rows) : rows;
  if (given.flag('json')) terminal.printJson(documentOf(definition.name, applied));
  else print(definition.name, applied, context);
  return applied.some(({ verdict }) => verdict === 'breaks') ? exitCodes.failed : exitCodes.done;
}

function wantedOf(given: Arguments): Wanted {
  const words = given.list('runs');
  const recent = given.whole('limit', 1) ?? DEFAULT_RECENT;
  const ids = words.filter((word) => word !== 'live' && word !== 'recent');
  const wrong = ids.find((id) => !id.startsWith('run_'));
  if (wrong !== undefined)
    throw new UsageError(
      `--runs is live, recent or the id of a run, not "${wrong}"`,
      'Write --runs=live.',
    );
  const isAll = words.length === 0;
  return {
    live: isAll || words.includes('live'),
    recent: isAll || words.includes('recent') ? recent : 0,
    ids: [...new Set(ids)],
  };
}

/** Moves those that would not break. What has happened since is decided by the run: then it is refused, and breaks. */
async function apply(
  context: CommandContext,
  target: Extract<RunTarget, { kind: 'workflow' }>,
  rows: readonly Row[],
): Promise<Row[]> {
  if (!rows.some(({ verdict }) => verdict === 'moves')) return [...rows];
  const session = await openSession(context);
  const tell = (line: string) => context.terminal.tell(line);
  const connection = await orchestratorOfRuns(session, { kind: 'command', worker: false, tell });
  const keep = context.arguments.flag('keep');
  try {
    const applied: Row[] = [];
    for (const row of rows) {
      if (row.verdict !== 'moves') {
        applied.push(row);
        continue;
      }
      const command = { type: 'adapt' as const, workflow: target.workflow, keep };
      try {
        const { adaptation } = await connection.client.command(row.runId, command);
        applied.push({ ...row, applied: adaptation?.applied === true });
      } catch (error) {
        applied.push(refused(row, error));
      }
    }
    return applied;
  } finally {
    await connection.close();
  }
}

/** Other errors than a refusal end the command. */
function refused(row: Row, error: unknown): Row {
  const isRefusal =
    error instanceof TroupeError &&
    (error.code.startsWith('adapt.') || error.code === 'run.conflict');
  if (!isRefusal) throw error;
  const { code, message, hint } = error;
  const problem = { code, severity: 'error' as const, path: '', message, hint };
  return { ...row, verdict: 'breaks', problems: [problem], applied: false };
}

function documentOf(name: string, runs: readonly Row[]): object {
  const of = (verdict: Row['verdict']) => runs.filter((row) => row.verdict === verdict).length;
  return {
    workflow: name,
    runs,
    totals: {
      runs: runs.length,
      moves: of('moves'),
      same: of('same'),
      folds: of('folds'),
      breaks: of('breaks'),
      applied: runs.filter(({ applied }) => applied === true).length,
    },
  };
}

function print(name: string, rows: readonly Row[], { terminal }: CommandContext): void {
  if (rows.length === 0) {
    terminal.tell(`there are no such runs of ${plainText(name)}`);
    return;
  }
  const heads = ['run', 'status', 'verdict', 'version', 'task', 'why'];
  for (const line of table([heads, ...rows.map(rowOf)])) terminal.print(line);
  const broken = rows.filter(({ verdict }) => verdict === 'breaks');
  const keeping = broken.filter(({ keeps }) => keeps !== undefined);
  terminal.tell(`${counted(rows.length, 'run')}, ${broken.length} would break`);
  if (keeping.length > 0)
    terminal.tell(
      `  hint: ${counted(keeping.length, 'of them goes', 'of them go')} on with --keep: what has begun stays as it is.`,
    );
}

function rowOf(row: Row): string[] {
  const { runId, status, verdict, at, problems, keeps, applied } = row;
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const kept = keeps === undefined ? '' : `; keep ${keeps.join(', ')}`;
  const why = first === undefined ? '' : `${first.message}${more}${kept}`;
  return [
    runId,
    status,
    applied === true ? 'moved' : verdict,
    at === undefined ? '' : String(at.streamVersion),
    at?.task ?? first?.task ?? '',
    why,
  ];
}
