/** `troupe validate`: every problem of a workflow file, with its place. */
import type { Command, CommandContext } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { locateWorkflow } from '../named-workflows.ts';
import { readText } from '../run-input.ts';

export const validateCommand: Command = {
  summary: 'Check a workflow file and report every problem in it',
  words: ['file or name'],
  options: jsonOption,
  notes: ['Exit code 0 when it can run (warnings are shown), 2 when it cannot.'],
  examples: [['troupe validate workflows/analyze-repository.yaml', 'Check one file']],
  run: validate,
};

async function validate(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const word = given.word(0, 'the file');
  const file = (await locateWorkflow(word, context.workingDirectory)) ?? word;
  const source = readText(file);
  const [{ parseWorkflow }, { problemText }] = await Promise.all([
    import('../../workflow/parse.ts'),
    import('../../workflow/problems.ts'),
  ]);
  const { definition, problems } = parseWorkflow(source, { file });
  const valid = definition !== undefined;
  if (given.flag('json')) {
    terminal.printJson({
      valid,
      file,
      ...(definition && { name: definition.name, tasks: definition.tasks.length }),
      problems,
    });
  } else {
    for (const problem of problems) terminal.print(problemText(problem));
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    terminal.print(
      valid
        ? `${file}: "${definition.name}" is valid, ${definition.tasks.length} tasks`
        : `${file}: ${errors} errors`,
    );
  }
  return valid ? exitCodes.done : exitCodes.usage;
}
