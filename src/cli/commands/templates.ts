/** `troupe templates`: the workflows that can be run by name, where each one is, and what one of them is. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { type WorkflowFile, type WorkflowPlace, workflowFiles } from '../named-workflows.ts';
import { table } from '../render/format.ts';
import { readText } from '../run-input.ts';
import { showTemplate } from './templates-show.ts';

export const templatesCommand: Command = {
  summary: 'List the workflows that can be run by name, or show one',
  words: ['[template]'],
  options: {
    source: { type: 'boolean', description: 'Print the text of its file, to begin with' },
    ...jsonOption,
  },
  notes: [
    'Looks into workflows/, then .claude/workflows/, then among those that come with Troupe. The first one of a name is run.',
  ],
  examples: [
    ['troupe templates', 'What `troupe run <name>` knows here'],
    ['troupe templates bug-fix', 'Its inputs, and the agents that somebody has to offer'],
    [
      'troupe templates bug-fix --source > workflows/our-bug-fix.yaml',
      'Begin with one that comes with Troupe',
    ],
  ],
  run: (context) =>
    context.arguments.words.length === 0 ? listTemplates(context) : showTemplate(context),
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
  if (given.flag('source'))
    throw new UsageError('--source without a name', 'Write `troupe templates <name> --source`.');
  const { checkWithChildren } = await import('../child-files.ts');
  const first = new Map<string, string>();
  const templates: Listed[] = [];
  for (const found of workflowFiles(workingDirectory)) {
    const asked = { file: found.file, source: readText(found.file) };
    const listed = listedAs(found, (await checkWithChildren(asked, { workingDirectory })).root);
    const hiddenBy = first.get(listed.name);
    if (hiddenBy === undefined) first.set(listed.name, found.file);
    templates.push(hiddenBy === undefined ? listed : { ...listed, hiddenBy });
  }
  if (given.flag('json')) terminal.printJson({ templates });
  else if (templates.length === 0) terminal.tell('no workflow is here');
  else
    for (const line of table([['name', 'from', 'inputs', 'description'], ...templates.map(row)]))
      terminal.print(line);
  return exitCodes.done;
}

type Checked = import('../child-files.ts').CheckedFile;

function listedAs({ stem, file, place }: WorkflowFile, { definition }: Checked): Listed {
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
  const hidden = hiddenBy === undefined ? '' : `${file}, hidden by ${hiddenBy}. `;
  return [name, place, inputs.join(', ') || '-', hidden + note];
}
