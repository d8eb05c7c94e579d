/** `troupe agents`: the agents that the log knows and whether somebody offers them now. */
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { agentDocuments } from '../known-agents.ts';
import { withReader } from '../reader.ts';
import { table } from '../render/format.ts';

export const agentsCommand: Command = {
  summary: 'List the agents that the orchestrator knows',
  words: [],
  options: { ...jsonOption, ...jsonlOption, ...settingOptions },
  examples: [['troupe agents', 'Who is there, and in which state']],
  run: listAgents,
};

async function listAgents(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  return withReader(context, async (reader) => {
    const agents = await agentDocuments(reader);
    if (given.flag('json')) terminal.printJson({ agents });
    else if (given.flag('jsonl')) for (const agent of agents) terminal.printJson(agent);
    else if (agents.length === 0) terminal.tell('no agent has registered yet');
    else {
      const rows = agents.map((agent) =>
        [
          agent['agent'],
          agent['state'],
          agent['version'],
          agent['attempts'],
          listText(agent['capabilities']),
        ].map(cell),
      );
      for (const line of table([
        ['agent', 'state', 'version', 'attempts', 'capabilities'],
        ...rows,
      ]))
        terminal.print(line);
    }
    return exitCodes.done;
  });
}

function listText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}

function cell(value: unknown): string {
  return value === undefined || value === null ? '-' : String(value);
}
