/** `troupe log stats`: who uses the space of the log. */
import type { LogUsage, SpaceUse } from '../../log/usage.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { withLog } from '../log-access.ts';
import { byteCount, counted, table } from '../render/format.ts';
import { openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export const statsCommand: Command = {
  summary: 'Show who uses the space of the log',
  words: [],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Bytes of records are those before the disk compresses them; bytes on disk are those of files.',
    'Works while an orchestrator runs too.',
  ],
  examples: [['troupe log stats --json', 'Figures for a program']],
  run: stats,
};

async function stats(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const found = await withLog(session, {
    remote: (client) => client.log('stats'),
    local: async (log) => {
      const { measureUsage } = await import('../../log/usage.ts');
      return (await measureUsage(log)) as unknown as object;
    },
  });
  const usage = found.result as LogUsage;
  if (given.flag('json')) {
    const totals = { commits: usage.records.count, diskBytes: usage.disk.total };
    terminal.printJson({ where: found.where, ...totals, ...usage });
  } else show(terminal, { where: found.where, usage });
  return exitCodes.done;
}

function show(terminal: Terminal, { where, usage }: { where: string; usage: LogUsage }): void {
  terminal.print(`${where}: ${usage.logId} at position ${usage.position}`);
  const { disk } = usage;
  terminal.print(
    `on disk ${byteCount(disk.total)}: log ${byteCount(disk.log)}, derived ${byteCount(disk.derived)}, blobs ${byteCount(disk.blobs)}`,
  );
  const records = counted(usage.events, 'event');
  terminal.print(`records: ${records}, ${byteCount(usage.records.bytes)}`);
  section(terminal, [
    ['streams of', 'streams', 'events', 'bytes'],
    ...usage.categories.map(({ category, ...use }) => row(category, use.streams, use)),
  ]);
  section(terminal, [
    ['workflow', 'runs', 'events', 'bytes'],
    ...usage.workflows.map(({ workflow, ...use }) => row(workflow, use.runs, use)),
  ]);
  section(terminal, [
    ['largest runs', 'workflow', 'events', 'bytes'],
    ...usage.largestRuns.map(({ runId, workflow, events, bytes }) => [
      runId,
      workflow,
      String(events),
      byteCount(bytes),
    ]),
  ]);
  section(terminal, [['beside the records', 'entries', 'bytes'], ...besides(usage)]);
}

function row(name: string, count: number, use: { events: number; bytes: number }): string[] {
  return [name, String(count), String(use.events), byteCount(use.bytes)];
}

function besides({ indexes, blobs, snapshots, projections }: LogUsage): string[][] {
  const line = (name: string, { count, bytes }: SpaceUse): string[] => [
    name,
    String(count),
    byteCount(bytes),
  ];
  return [
    line('blobs', blobs),
    line('snapshots', snapshots),
    line('index of streams', indexes.streams),
    line('heads of streams', indexes.heads),
    line('unique keys', indexes.uniqueKeys),
    line('index of times', indexes.times),
    ...projections.flatMap(({ projection, documents, indexes: entries }) => [
      line(`projection ${projection}`, documents),
      line(`indexes of ${projection}`, entries),
    ]),
  ].filter(([, count]) => count !== '0');
}

function section(terminal: Terminal, rows: string[][]): void {
  if (rows.length < 2) return;
  terminal.print('');
  for (const line of table(rows)) terminal.print(line);
}
