/** `troupe queue`: what waits for a slot, a token or a worker, since when, and why. */
import { isObject } from '../../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { NoOrchestratorError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { withReader } from '../reader.ts';
import { counted, duration, table } from '../render/format.ts';
import { waitText } from '../render/wait-text.ts';

export const queueCommand: Command = {
  summary: 'List what waits for an agent, and why',
  words: [],
  options: {
    runs: { type: 'boolean', description: 'Also name the runs that wait' },
    ...jsonOption,
    ...settingOptions,
  },
  notes: ['Slots, rates and shares are set by `limits`; see the guide on queues and limits.'],
  examples: [
    ['troupe queue', 'One line for each agent that somebody waits for'],
    ['troupe queue --runs --json', 'The same with the runs, as a document'],
  ],
  run: showQueue,
};

async function showQueue(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  return withReader(context, async (reader) => {
    // What waits is the memory of a process: of a log that nobody serves nothing does.
    if (reader.client === undefined) throw new NoOrchestratorError(reader.where);
    const { documents } = await reader.query('queue', {});
    const [node, ...lines] = documents.map(({ document }) => document as JsonObject);
    if (given.flag('json')) {
      const shown = given.flag('runs') ? lines : lines.map(({ runs: _, ...line }) => line);
      terminal.printJson({ node, queue: shown });
      return exitCodes.done;
    }
    terminal.print(nodeText(node ?? {}));
    if (lines.length > 0) for (const line of table(rowsOf(lines))) terminal.print(line);
    if (given.flag('runs')) for (const line of runLines(lines)) terminal.print(line);
    return exitCodes.done;
  });
}

function nodeText(node: JsonObject): string {
  const { inHand, limit, waiting, liveRuns } = node;
  const waits = waiting === 0 ? 'nothing waits' : `${counted(Number(waiting), 'run')} wait`;
  return `${inHand} of ${limit} slots in use, ${counted(Number(liveRuns), 'live run')}, ${waits}`;
}

function rowsOf(lines: readonly JsonObject[]): string[][] {
  const at = now();
  return [
    ['for', 'runs', 'urgent/high/normal/low', 'oldest', 'because of'],
    ...lines.map((line) => [
      targetOf(line),
      String(line['waiting']),
      Object.values(line['priorities'] as JsonObject).join('/'),
      duration(Math.max(0, at - Number(line['since']))),
      reasonFor(line['waitsFor'], at),
    ]),
  ];
}

function targetOf({ by, name, limit }: JsonObject): string {
  const what = by === 'agent' ? String(name) : `any with ${String(name)}`;
  return limit === null ? what : `${what} (key ${String(limit)})`;
}

function reasonFor(waitsFor: JsonValue | undefined, at: number): string {
  if (!isObject(waitsFor ?? null)) return 'its turn';
  const { kind, dueAt } = waitsFor as JsonObject;
  const due = typeof dueAt === 'number' ? `, in ${duration(Math.max(0, dueAt - at))}` : '';
  return `${waitText(String(kind), waitsFor)}${due}`;
}

function runLines(lines: readonly JsonObject[]): string[] {
  const at = now();
  const rows = lines.flatMap((line) =>
    (line['runs'] as JsonObject[]).map(({ runId, workflow, priority, tenant, session, since }) => [
      String(runId),
      String(workflow),
      targetOf(line),
      String(priority),
      String(tenant ?? '-'),
      String(session ?? '-'),
      duration(Math.max(0, at - Number(since))),
    ]),
  );
  if (rows.length === 0) return [];
  return [
    '',
    ...table([['run', 'workflow', 'for', 'priority', 'tenant', 'session', 'waits'], ...rows]),
  ];
}
