/** `troupe schema`: the JSON Schema of workflow files. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';

export const schemaCommand: Command = {
  summary: 'Print the JSON Schema of workflow files',
  words: [],
  options: { yaml: { type: 'boolean', description: 'As YAML' }, ...jsonOption },
  examples: [['troupe schema > workflow.schema.json', 'For editors that complete from a schema']],
  run: printSchema,
};

async function printSchema({ arguments: given, terminal }: CommandContext): Promise<number> {
  if (given.flag('yaml')) {
    const { workflowSchemaYaml } = await import('../../workflow/schema-text.ts');
    terminal.print(workflowSchemaYaml().trimEnd());
  } else {
    const { workflowJsonSchema } = await import('../../workflow/schema.ts');
    terminal.print(JSON.stringify(workflowJsonSchema(), null, 2));
  }
  return exitCodes.done;
}
