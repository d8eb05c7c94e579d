/** `troupe import`: workflows of other formats become workflow files. */
import { writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { parseDuration } from '../../workflow/durations.ts';
import type {
  ImportFigures,
  ImportOptions,
  Scale,
} from '../../workflow/import/imported-workflow.ts';
import type { RecordedWorkflow } from '../../workflow/import/recorded.ts';
import { MAX_TASKS } from '../../workflow/limits.ts';
import type { Problem } from '../../workflow/problems.ts';
import type { WorkflowSource } from '../../workflow/schema.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext, CommandGroup } from '../command.ts';
import { jsonOption } from '../common-options.ts';
import { FileUnwritableError, ImportInvalidError, UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { counted, duration } from '../render/format.ts';
import { problemText, SourceLines } from '../render/problem-text.ts';
import { readText } from '../run-input.ts';
import type { Terminal } from '../terminal.ts';

/** Attempts at a time of a worker that is told nothing. */
const USUAL_CONCURRENCY = 16;

export const wfformatCommand: Command = {
  summary: 'Turn a recorded run in WfFormat into a workflow whose tasks sleep their recorded time',
  words: ['file'],
  options: {
    scale: {
      type: 'string',
      value: 'SCALE',
      description:
        'A factor for every time (0.01), or how long the shortest run takes (10s); default 1',
    },
    'max-parallel': {
      type: 'string',
      value: 'N',
      description: 'settings.max_parallel; default as many as can run at the same time',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      description: 'Write to this file; `-` is stdout',
    },
    ...jsonOption,
  },
  notes: [
    'WfFormat (wfcommons.org) 1.0 to 1.6. YAML on stdout; a file that ends in .json is JSON.',
    'Tasks stand in the order of their longest path to the end, so that a bounded run works on its critical path.',
  ],
  examples: [
    ['troupe import wfformat montage.json -o montage.yaml', 'With the recorded times'],
    ['troupe import wfformat montage.json --scale 10s', 'The shortest run takes ten seconds'],
    [
      'troupe import wfformat montage.json --scale 0.01 --max-parallel 4',
      'A hundredth, four at a time',
    ],
  ],
  run: importWfFormat,
};

export const importGroup: CommandGroup = {
  summary: 'Turn workflows of other formats into workflow files',
  commands: { wfformat: wfformatCommand },
};

/** Throws `cli.usage`, `cli.file-unreadable`, `cli.file-unwritable`, `import.invalid`, `import.too-long`. */
async function importWfFormat(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const options = optionsOf(given);
  const [file = ''] = given.words;
  const { importedWorkflow, importedYaml } = await import(
    '../../workflow/import/imported-workflow.ts'
  );
  const { recorded, warnings } = await readRecord(file, terminal);
  const { workflow, figures } = importedWorkflow(recorded, options);
  const notes = notesOf(figures, file);
  const asYaml = () => importedYaml(workflow, notes);
  const named = given.text('output');
  const output = named === '-' ? undefined : named;
  if (output !== undefined) write(output, workflow, asYaml);
  const made = output === undefined ? { workflow } : { file: output };
  if (given.flag('json')) terminal.printJson({ ...made, ...figures, warnings });
  else if (output === undefined) terminal.print(asYaml().trimEnd());
  else for (const line of [`wrote ${output}`, ...notes.slice(1)]) terminal.tell(line);
  const { maxParallel } = figures;
  if (maxParallel > USUAL_CONCURRENCY)
    terminal.tell(
      `up to ${maxParallel} tasks run at a time: run it with --concurrency ${maxParallel}`,
    );
  return exitCodes.done;
}

/** The record in a file; warnings are told at once. Throws `cli.file-unreadable`, `import.invalid`. */
async function readRecord(
  file: string,
  terminal: Terminal,
): Promise<{ recorded: RecordedWorkflow; warnings: Problem[] }> {
  const { readWfFormat } = await import('../../workflow/import/wfformat.ts');
  const source = readText(file);
  const { recorded, problems: warnings } = readWfFormat(source, file);
  if (recorded === undefined) throw new ImportInvalidError(file, warnings);
  const lines = new SourceLines(source);
  for (const warning of warnings)
    terminal.tell(problemText(warning, lines, { hasColor: terminal.hasColor }));
  return { recorded, warnings };
}

function optionsOf(given: Arguments): ImportOptions {
  const scale = scaleOf(given);
  const maxParallel = given.whole('max-parallel', 1);
  if (maxParallel !== undefined && maxParallel > MAX_TASKS)
    throw new UsageError(
      `--max-parallel is at most ${MAX_TASKS}, not ${maxParallel}`,
      `Write --max-parallel=${MAX_TASKS}.`,
    );
  return {
    ...(scale !== undefined && { scale }),
    ...(maxParallel !== undefined && { maxParallel }),
  };
}

function write(output: string, workflow: WorkflowSource, asYaml: () => string): void {
  const isJson = extname(output).toLowerCase() === '.json';
  try {
    writeFileSync(output, isJson ? `${JSON.stringify(workflow, null, 2)}\n` : asYaml());
  } catch (cause) {
    throw new FileUnwritableError(output, cause);
  }
}

/** A plain number is a factor, a number with a unit the time of the shortest run. */
function scaleOf(given: Arguments): Scale | undefined {
  const text = given.text('scale');
  if (text === undefined) return undefined;
  const factor = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(factor) && factor >= 0) return { factor };
  const shortestMs = Number.isNaN(factor) ? parseDuration(text) : undefined;
  if (shortestMs !== undefined) return { shortestMs };
  throw new UsageError(
    `--scale needs a factor of at least 0, or a time with a unit, not "${text}"`,
    'Write --scale=0.01, or --scale=10s for a shortest run of ten seconds.',
  );
}

function notesOf(figures: ImportFigures, file: string): string[] {
  const { tasks, dependencies, maxParallel, factor, workMs, criticalPathMs, lowerBoundMs } =
    figures;
  const times = factor === 1 ? 'as recorded' : `times ${Number(factor.toPrecision(4))}`;
  return [
    `Made by \`troupe import wfformat\` from ${basename(file)}, ${times}.`,
    `${counted(tasks, 'task')}, ${counted(dependencies, 'dependency', 'dependencies')}, ${maxParallel} at a time.`,
    `In sequence ${duration(workMs)}, critical path ${duration(criticalPathMs)}, at least ${duration(lowerBoundMs)}.`,
  ];
}
