/** `troupe templates <name>`: what one workflow is for, what it takes, and who has to be there; or its text. */
import type { InputDefinition } from '../../workflow/definition.ts';
import { asList, asObject, asText } from '../../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { CommandContext } from '../command.ts';
import { WorkflowFileInvalidError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { locateWorkflow } from '../named-workflows.ts';
import { brief, table } from '../render/format.ts';
import { readText } from '../run-input.ts';

const MAX_DEFAULT = 40;

/** Throws `workflow.not-found`, `cli.file-unreadable`, and `workflow.invalid` with all problems. */
export async function showTemplate(context: CommandContext): Promise<number> {
  const { arguments: given, terminal, workingDirectory } = context;
  const name = given.word(0, 'the name');
  const file = (await locateWorkflow(name, workingDirectory)) ?? name;
  const source = readText(file);
  if (given.flag('source')) {
    terminal.print(source.trimEnd());
    return exitCodes.done;
  }
  const { checkWithChildren } = await import('../child-files.ts');
  const { root, children } = await checkWithChildren({ file, source }, { workingDirectory });
  const { definition } = root;
  if (definition === undefined) throw new WorkflowFileInvalidError([root, ...children]);
  const { description, inputs } = definition;
  const agents = await agentsToOffer(definition as unknown as JsonObject);
  if (given.flag('json')) {
    const said = description === undefined ? {} : { description };
    terminal.printJson({ name: definition.name, file, ...said, inputs, agents });
    return exitCodes.done;
  }
  terminal.print(`${definition.name}, ${file}`);
  if (description !== undefined) terminal.print(description);
  terminal.print(`agents to offer: ${agents.join(', ') || 'none'}`);
  const rows = Object.entries(inputs).map(inputRow);
  if (rows.length > 0) terminal.print('');
  for (const line of rows.length > 0 ? table([HEAD, ...rows]) : []) terminal.print(line);
  return exitCodes.done;
}

const HEAD = ['input', 'type', 'default', 'meaning'];

function inputRow([name, input]: [string, InputDefinition]): string[] {
  const { type, required, description = '', enum: choices } = input;
  const value = input.default === undefined ? '-' : JSON.stringify(input.default);
  const kind = choices === undefined ? type : choices.map((one) => brief(one)).join(' or ');
  return [name, kind, required ? 'required' : brief(value, MAX_DEFAULT), description];
}

/** Agents that no worker has by itself, those of children included, in the order of the file. */
async function agentsToOffer(definition: JsonObject): Promise<string[]> {
  const { builtinAgents } = await import('../../agents/builtin/index.ts');
  const always = new Set(builtinAgents().map(({ name }) => name));
  const children = Object.values(asObject(definition.workflows));
  const named = [definition, ...children].flatMap(agentsOf);
  return [...new Set(named)].filter((name) => !always.has(name));
}

function agentsOf(workflow: JsonValue): string[] {
  const { tasks, hooks } = asObject(workflow);
  const all = [...asList(tasks), ...Object.values(asObject(hooks)).flatMap(asList)].map(asObject);
  return all.flatMap((task) => {
    const named = [task.agent, ...asList(task.fallback), asObject(task.compensate).agent];
    return named.flatMap((name) => asText(name) ?? []);
  });
}
