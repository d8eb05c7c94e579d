/** `troupe templates`: the workflows that can be run by name, and where each one is. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { type WorkflowFile, type WorkflowPlace, workflowFiles } from '../named-workflows.ts';
import { table } from '../render/format.ts';
import { readText } from '../run-input.ts';

export const templatesCommand: Command = {
  summary: 'List the workflows that can be run by name',
  words: [],
  options: jsonOption,
  notes: [
    'Looks into workflows/, then .claude/workflows/, then among those that come with Troupe. The first one of a name is run.',
  ],
  examples: [['troupe templates', 'What `troupe run <name>` knows here']],
  run: listTemplates,
};

/** One line of the list; `--json` prints it as it is. */
interface Listed {
  name: string;
  file: string;
  place: WorkflowPlace;
  valid: boolean;
  description?: string;
  inputs: string[];
  /** The file that is run under this name instead. */
  hiddenBy?: string;
}

async function listTemplates(context: CommandContext): Promise<number> {
  const { arguments: given, terminal, workingDirectory } = context;
  const { checkWithChildren } = await import('../child-files.ts');
  const first = new Map<string, string>();
  const templates: Listed[] = [];
  for (const found of workflowFiles(workingDirectory)) {
    const given = { file: found.file, source: readText(found.file) };
    const listed = describe(found, (await checkWithChildren(given, { workingDirectory })).root);
    const hiddenBy = first.get(listed.name);
    if (hiddenBy === undefined) first.set(listed.name, found.file);
    templates.push(hiddenBy === undefined ? listed : { ...listed, hiddenBy });
  }
  if (given.flag('json')) terminal.printJson({ templates });
  else if (templates.length === 0) terminal.tell('no workflow is here');
  else
    for (const line of table([
      ['name', 'from', 'file', 'inputs', 'description'],
      ...templates.map(row),
    ]))
      terminal.print(line);
  return exitCodes.done;
}

type Parsed = import('../child-files.ts').CheckedFile;

function describe({ stem, file, place }: WorkflowFile, { definition }: Parsed): Listed {
  if (definition === undefined) return { name: stem, file, place, valid: false, inputs: [] };
  return {
    name: stem,
    file,
    place,
    valid: true,
    ...(definition.description !== undefined && { description: definition.description }),
    inputs: Object.keys(definition.inputs),
  };
}

function row(listed: Listed): string[] {
  const { name, place, file, inputs, description = '', valid, hiddenBy } = listed;
  const note = valid ? description : `not valid: troupe validate ${file}`;
  const hidden = hiddenBy === undefined ? '' : `hidden by ${hiddenBy}. `;
  return [name, place, file, inputs.join(', ') || '-', hidden + note];
}
