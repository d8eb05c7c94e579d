/** `troupe validate`: every problem of workflow files, with its place. */
import { resolve } from 'node:path';
import type { WorkflowAnalysis } from '../../workflow/analysis/analyze.ts';
import type { Soundness } from '../../workflow/analysis/soundness.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import type { Problem } from '../../workflow/problems.ts';
import type { ValidationOptions } from '../../workflow/validate.ts';
import { type CheckedFile, checkWithChildren } from '../child-files.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { knownAgents } from '../known-agents.ts';
import { packageVersion } from '../package-version.ts';
import { counted } from '../render/format.ts';
import { problemText, SourceLines, visible } from '../render/problem-text.ts';
import { readWorkflowFiles, type WorkflowFile } from '../workflow-files.ts';

export const validateCommand: Command = {
  summary: 'Check workflow files and report every problem in them',
  words: ['file or name...'],
  options: {
    ...jsonOption,
    analyze: {
      type: 'boolean',
      description: 'Show critical path, width, needless dependencies, conflicts, proposals',
    },
    sarif: { type: 'boolean', description: 'Print SARIF 2.1.0, for code hosts and editors' },
    strict: { type: 'boolean', description: 'Exit with 2 for warnings too' },
    agent: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      description: 'An agent that will be there at the run',
    },
    ...settingOptions,
  },
  notes: [
    'A folder stands for the workflow files in it and below it, - for stdin; a name is looked for in workflows/,',
    '.claude/workflows/ and among the workflows that come with Troupe.',
    'Agents are looked up where an orchestrator runs. Elsewhere an unknown agent is a warning, unless it',
    'looks like a known one with a typing error.',
    'Exit code 0 when all can run (warnings are shown), 2 when one cannot.',
  ],
  examples: [
    ['troupe validate workflows/analyze-repository.yaml', 'Check one file'],
    ['troupe validate workflows examples', 'Check all files of two folders and below them'],
    ['troupe validate flow.yaml --strict', 'A warning is a failure too, as in CI'],
    ['troupe validate workflows/analyze-repository.yaml --analyze', 'See what the run waits for'],
    ['troupe validate - --json < workflow.yaml', 'Check what another program writes'],
    ['troupe validate workflows --sarif > troupe.sarif', 'For the code scanning of a code host'],
  ],
  run: validate,
};

/** Loaded only where it is asked for: it is as large as all that checks. */
type Analyze = typeof import('../../workflow/analysis/analyze.ts').analyzeWorkflow;

/** What is known of one file afterwards. */
interface Checked {
  readonly file: string;
  readonly valid: boolean;
  /** Of a valid file. */
  readonly name?: string;
  readonly tasks?: number;
  /** Of a valid file, where it was asked for. */
  readonly analysis?: WorkflowAnalysis;
  readonly problems: readonly Problem[];
  readonly lines: SourceLines | undefined;
}

async function validate(context: CommandContext): Promise<number> {
  const { arguments: given, terminal, workingDirectory } = context;
  if (given.flag('json') && given.flag('sarif'))
    throw new UsageError('--json and --sarif exclude each other', 'Choose one of them.');
  const { files, passedOver } = await readWorkflowFiles(given.words, {
    stdin: process.stdin,
    workingDirectory,
  });
  if (passedOver > 0) terminal.tell(`${counted(passedOver, 'file')} without tasks passed over`);
  if (files.length === 0)
    throw new UsageError(
      `there is no workflow file in ${given.words.join(', ')}`,
      'Workflow files end in .yaml, .yml or .json and have `tasks`.',
    );
  const known = await knownAgents(context, { agents: given.list('agent') });
  const analyze = given.flag('analyze')
    ? (await import('../../workflow/analysis/analyze.ts')).analyzeWorkflow
    : undefined;
  const checked = await checkAll(files, { workingDirectory, analyze, ...known });
  if (given.flag('json')) terminal.printJson(document(checked, files.length === 1));
  else if (given.flag('sarif')) {
    const { sarifLog } = await import('../render/sarif.ts');
    const log = sarifLog({ version: packageVersion(), workingDirectory, files: checked });
    terminal.print(JSON.stringify(log, null, 2));
  } else await printText(checked, context);
  const isGood = checked.every(
    ({ valid, problems }) => valid && !(given.flag('strict') && problems.length > 0),
  );
  return isGood ? exitCodes.done : exitCodes.usage;
}

/** The files, each followed by those that it runs as children and nobody has named before. */
async function checkAll(
  files: readonly WorkflowFile[],
  options: ValidationOptions & { workingDirectory: string; analyze: Analyze | undefined },
): Promise<Checked[]> {
  const { workingDirectory, analyze } = options;
  const pathOf = ({ file }: { file: string }): string => resolve(workingDirectory, file);
  const known = new Set(files.map(pathOf));
  const sound = new Map<WorkflowDefinition, Soundness>();
  const onSound = (definition: WorkflowDefinition, found: Soundness): void => {
    sound.set(definition, found);
  };
  const checked: Checked[] = [];
  for (const given of files) {
    if ('failure' in given) {
      const { file } = given;
      checked.push({ file, valid: false, problems: [unreadable(given)], lines: undefined });
      continue;
    }
    const { root, children } = await checkWithChildren(given, {
      ...options,
      ...(analyze === undefined ? {} : { onSound }),
    });
    const others = children.filter((child) => !known.has(pathOf(child)));
    for (const child of others) known.add(pathOf(child));
    checked.push(...[root, ...others].map((file) => verdict(file, analyze, sound)));
    sound.clear();
  }
  return checked;
}

function verdict(
  { file, source, definition, problems }: CheckedFile,
  analyze: Analyze | undefined,
  sound: ReadonlyMap<WorkflowDefinition, Soundness>,
): Checked {
  const lines = new SourceLines(source);
  if (definition === undefined) return { file, valid: false, problems, lines };
  const { name, tasks } = definition;
  const analysis =
    analyze === undefined ? {} : { analysis: analyze(definition, sound.get(definition)) };
  return { file, valid: true, name, tasks: tasks.length, ...analysis, problems, lines };
}

function unreadable({ file, failure, hint }: Extract<WorkflowFile, { failure: string }>): Problem {
  return {
    code: 'cli.file-unreadable',
    severity: 'error',
    message: failure,
    hint,
    file,
    line: 0,
    column: 0,
    endColumn: 0,
    path: '',
    text: '',
  };
}

/** The document of `--json`: totals, one entry a file, and all problems. Of one file its entry is at the top too. */
function document(checked: readonly Checked[], isOne: boolean): object {
  const problems = checked.flatMap((file) => file.problems);
  const files = checked.map(({ lines: _lines, problems: own, ...entry }) => ({
    ...entry,
    ...totals(own),
  }));
  return {
    ...(isOne ? files[0] : {}),
    valid: checked.every(({ valid }) => valid),
    ...totals(problems),
    files,
    problems,
  };
}

function totals(problems: readonly Problem[]): { errors: number; warnings: number } {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: problems.length - errors };
}

async function printText(checked: readonly Checked[], { terminal }: CommandContext): Promise<void> {
  const hasColor = terminal.hasOutputColor;
  for (const { file, name, tasks, valid, analysis, problems, lines } of checked) {
    for (const problem of problems)
      terminal.print(`${problemText(problem, lines, { hasColor })}\n`);
    const { errors, warnings } = totals(problems);
    const counts = [
      ...(errors > 0 ? [counted(errors, 'error')] : []),
      ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    ].join(', ');
    const verdict = valid ? `"${name}" is valid, ${counted(tasks ?? 0, 'task')}` : '';
    const summary = [verdict, counts].filter((part) => part !== '').join(', ');
    terminal.print(visible(`${file}: ${summary}`));
    if (analysis === undefined) continue;
    const { analysisLines } = await import('../render/analysis-text.ts');
    for (const line of analysisLines(analysis, { hasColor })) terminal.print(line);
  }
  if (checked.length > 1) {
    const good = checked.filter(({ valid }) => valid).length;
    terminal.print(`${counted(checked.length, 'file')}, ${good} valid`);
  }
}
