/** A command to several runs: one that refuses it does not keep the others. */
import type { Client, CommandInput, QueryInput } from '../../client/client.ts';
import { isEnded } from '../../client/run-outcome.ts';
import type { BlastRadius, TouchedRun } from '../../messages/blast-radius.ts';
import type { ReportedRunStatus } from '../../messages/report.ts';
import { reasonOf, TroupeError } from '../../workflow/errors.ts';
import type { OptionTable } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { orchestratorOfRuns } from '../connect.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { counted } from '../render/format.ts';
import { openSession } from '../session.ts';
import { readBlastRadius } from './runs-blast-radius.ts';

/** Which runs beside the one that is named. */
export const touchedOptions: OptionTable = {
  'with-family': {
    type: 'boolean',
    description: 'And its children, forks and jobs, and what comes from those',
  },
  alike: {
    type: 'boolean',
    description: 'And other runs with the same definition that are in quarantine',
  },
};

interface Refused {
  runId: string;
  code: string;
  message: string;
}

/** Says it to all that `choose` names, and prints how each took it; `done` is the word for one that did. */
export async function sendToMany(
  context: CommandContext,
  parts: {
    message: CommandInput;
    done: string;
    choose(client: Client): Promise<Iterable<string>>;
  },
): Promise<number> {
  const { arguments: given, terminal } = context;
  const { message, done } = parts;
  const session = await openSession(context);
  const connection = await orchestratorOfRuns(session, {
    ...{ kind: 'command', worker: false },
    tell: (line) => terminal.tell(line),
  });
  const taken: string[] = [];
  const refused: Refused[] = [];
  try {
    const { client } = connection;
    const runIds = [...(await parts.choose(client))];
    const isMany = runIds.length > 1;
    for (const runId of runIds) {
      try {
        await client.command(runId, message);
        taken.push(runId);
        if (!given.flag('json')) terminal.print(`${runId} ${done}`);
      } catch (error) {
        if (!(error instanceof TroupeError)) throw error;
        if (isMany && hasEndedMeanwhile(error)) continue;
        refused.push({ runId, code: error.code, message: error.message });
        terminal.tell(`${runId}: ${reasonOf(error)}`);
      }
    }
  } finally {
    await connection.close();
  }
  if (given.flag('json')) terminal.printJson({ [done]: taken, refused } as never);
  else terminal.print(`${counted(taken.length, 'run')} ${done}`);
  return refused[0] === undefined ? exitCodes.done : exitCodeOf(refused[0].code);
}

/** The end of a run ends its children as well: they may be over before it is their turn. */
function hasEndedMeanwhile({ code, details }: TroupeError): boolean {
  const { status } = (details ?? {}) as { status?: ReportedRunStatus };
  return code === 'run.conflict' && status !== undefined && isEnded({ status });
}

/** The run that was named and those that the options add, as far as they would take it; a run before what comes from it. */
export async function touchedRuns(
  client: Client,
  runId: string,
  asked: { family: boolean; alike: boolean; takes: 'quarantined' | 'live' },
): Promise<string[]> {
  const reader = {
    where: 'the orchestrator',
    query: (name: string, query: QueryInput) => client.query(name, query),
  };
  const radius: BlastRadius = await readBlastRadius(reader, runId);
  const takes = ({ status }: TouchedRun): boolean =>
    asked.takes === 'quarantined' ? status === 'quarantined' : !isEnded({ status });
  const family = [radius, ...(asked.family ? radius.family : [])].filter(takes);
  // Those that are well are none of this.
  const alike = asked.alike ? radius.alike.filter(({ status }) => status === 'quarantined') : [];
  const runIds = [...family, ...alike].map((each) => each.runId);
  // Where none would take it, the run itself says why.
  return runIds.length === 0 ? [runId] : runIds;
}
