/** `troupe graph`: a workflow before it runs, or a run as it is, as a picture. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { didYouMean } from '../../workflow/suggest.ts';
import type { Arguments } from '../arguments.ts';
import { now } from '../clock.ts';
import type { Command, CommandContext } from '../command.ts';
import { settingOptions } from '../common-options.ts';
import { FileUnreadableError, FileUnwritableError, UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { GraphView } from '../render/graph-view.ts';
import type { Terminal } from '../terminal.ts';

const FORMATS = ['mermaid', 'svg', 'json'] as const;
type Format = (typeof FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, Format>> = {
  '.svg': 'svg',
  '.json': 'json',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
};

export const graphCommand: Command = {
  summary: 'Draw a workflow, or a run with the state of its tasks',
  words: ['[file or name]'],
  options: {
    run: { type: 'string', value: 'RUN', description: 'Draw this run as it is now' },
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: FORMATS,
      description: `${FORMATS.join(', ')}; default by the ending of --output, else mermaid`,
    },
    output: { type: 'string', short: 'o', value: 'FILE', description: 'Write to this file' },
    json: { type: 'boolean', description: 'The same as --format=json' },
    ...settingOptions,
  },
  notes: [
    'The file may also be the name of a template in workflows/ or .claude/workflows/.',
    'Tasks that stand in the same place of the graph (eight or more) are drawn as one group.',
  ],
  examples: [
    ['troupe graph workflows/analyze-repository.yaml', 'Mermaid text, for Markdown pages'],
    ['troupe graph workflows/analyze-repository.yaml -o graph.svg', 'A picture in a file'],
    ['troupe graph --run run_01j9zq -o run.svg', 'What ran, with states, times and attempts'],
  ],
  run: graph,
};

async function graph(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const format = formatOf(given);
  const runId = given.text('run');
  const [word] = given.words;
  if ((runId === undefined) === (word === undefined))
    throw new UsageError(
      runId === undefined ? 'a file, or --run, is missing' : 'a file and --run are two pictures',
      'Write `troupe graph FILE` or `troupe graph --run RUN`.',
    );
  const view =
    word === undefined ? await runView(context, runId ?? '') : await fileView(context, word);
  const document = await documentOf(view, format, terminal);
  const output = given.text('output');
  if (output === undefined) terminal.print(document.trimEnd());
  else {
    try {
      writeFileSync(output, document);
    } catch (cause) {
      throw new FileUnwritableError(output, cause);
    }
    terminal.tell(`${output}: ${view.nodes.length} tasks, ${view.edges.length} dependencies`);
  }
  return exitCodes.done;
}

function formatOf(given: Arguments): Format {
  const text = given.flag('json') ? 'json' : given.text('format');
  if (text === undefined) return EXTENSIONS[extname(given.text('output') ?? '')] ?? 'mermaid';
  const format = FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw new UsageError(
    `there is no format "${text}"`,
    didYouMean(text, FORMATS, `Known are ${FORMATS.join(', ')}.`),
  );
}

/** Throws `workflow.invalid` with every problem, `cli.file-unreadable`. */
async function fileView(context: CommandContext, word: string): Promise<GraphView> {
  const [{ readTarget }, { graphView }, { problemText }] = await Promise.all([
    import('../run-input.ts'),
    import('../render/graph-view.ts'),
    import('../render/problem-text.ts'),
  ]);
  const { terminal, workingDirectory } = context;
  const target = await readTarget(word, workingDirectory);
  if (target.kind === 'text')
    throw new FileUnreadableError(word, new Error('no such file or template'));
  for (const warning of target.warnings)
    terminal.tell(problemText(warning, undefined, { hasColor: terminal.hasColor }));
  return graphView(target.definition);
}

/** Throws `run.not-found`. */
async function runView(context: CommandContext, runId: string): Promise<GraphView> {
  const [{ withReader }, { readRunFacts }, { graphView }] = await Promise.all([
    import('../reader.ts'),
    import('../run-facts.ts'),
    import('../render/graph-view.ts'),
  ]);
  return withReader(context, async (reader) => {
    const { definition, report } = await readRunFacts(reader, runId, { withEvents: false });
    return graphView(definition, { report, now: now() });
  });
}

async function documentOf(view: GraphView, format: Format, terminal: Terminal): Promise<string> {
  if (format === 'json') return `${JSON.stringify(view)}\n`;
  if (format === 'svg') return (await import('../render/graph-svg.ts')).graphSvg(view);
  const { graphMermaid, mermaidLimit } = await import('../render/graph-mermaid.ts');
  const text = graphMermaid(view);
  const limit = mermaidLimit(text);
  if (limit !== undefined)
    terminal.tell(`${limit}; many viewers refuse it: draw it with --format=svg`);
  return `${text}\n`;
}
