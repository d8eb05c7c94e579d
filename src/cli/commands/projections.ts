/** `troupe projections`: the read models, and how to make them again from the log. */
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { withReader } from '../reader.ts';
import { table } from '../render/format.ts';
import { openSession } from '../session.ts';

const listCommand: Command = {
  summary: 'List the projections and how far each is',
  words: [],
  options: { ...jsonOption, ...settingOptions },
  examples: [['troupe projections list', 'Names and positions']],
  run: list,
};

async function list(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  return withReader(context, async (reader) => {
    const { projections } = await import('../../projections/registry.ts');
    const found: { name: string; version: number; position: number; indexes: string[] }[] = [];
    for (const { name, version, indexes } of projections) {
      const { position } = await reader.query(name, { limit: 1 });
      found.push({ name, version, position, indexes: Object.keys(indexes) });
    }
    if (given.flag('json')) terminal.printJson({ projections: found });
    else {
      const rows = found.map(({ name, version, position, indexes }) => [
        name,
        String(version),
        String(position),
        indexes.join(', '),
      ]);
      for (const line of table([['projection', 'version', 'position', 'indexes'], ...rows]))
        terminal.print(line);
    }
    return exitCodes.done;
  });
}

const rebuildCommand: Command = {
  summary: 'Fold the log again into fresh documents: one projection, or all',
  words: ['[projection]'],
  options: { ...jsonOption, ...settingOptions },
  notes: ['Needs the data directory for itself: end the orchestrator first.'],
  examples: [['troupe projections rebuild runs', 'Make one projection again']],
  run: rebuild,
};

async function rebuild(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const session = await openSession(context);
  const [{ openExistingLog }, { Projector }] = await Promise.all([
    import('../open-log.ts'),
    import('../../actors/services/projector.ts'),
  ]);
  const log = await openExistingLog(session.settings);
  const projector = new Projector({ log });
  try {
    await projector.open();
    projector.start();
    await projector.rebuild(given.words[0]);
    const status = projector.status();
    const [wanted] = given.words;
    const rebuilt = status.filter(({ name }) => wanted === undefined || name === wanted);
    if (given.flag('json')) terminal.printJson({ projections: status });
    else
      for (const { name, position } of rebuilt) terminal.print(`${name}: at position ${position}`);
    return exitCodes.done;
  } finally {
    await projector.close();
    await log.close();
  }
}

export const projectionsGroup: CommandGroup = {
  summary: 'List and rebuild the read models',
  commands: { list: listCommand, rebuild: rebuildCommand },
};
