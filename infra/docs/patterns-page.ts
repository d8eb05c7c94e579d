/** docs/patterns.md, from examples/patterns and the tables that the tests keep them by (test/patterns). */
import { graphMermaid } from '../../src/cli/render/graph-mermaid.ts';
import { graphView } from '../../src/cli/render/graph-view.ts';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import type { Case, Outside, Pattern } from '../../test/patterns/pattern.ts';
import { patterns, textOf } from '../../test/patterns/patterns.ts';
import { always } from '../../test/patterns/rules.ts';
import { code, fence, markdownTable, page } from './markdown.ts';

export function patternsPage(): string {
  return page('The 43 control-flow patterns', [
    'The patterns of [workflowpatterns.com](http://www.workflowpatterns.com/patterns/control/) (van der Aalst, ter Hofstede, Russell and others), each as a workflow that runs as it stands: `bin/troupe run examples/patterns/p01-sequence.yaml`. The same in TypeScript is beside the files, in [control](../examples/patterns/control.ts), [choices](../examples/patterns/choices.ts), [joins](../examples/patterns/joins.ts), [instances](../examples/patterns/instances.ts) and [states](../examples/patterns/states.ts).',
    'What stands under **In every run** and **Left open** is made from the tables that tests keep: each pattern is played with the ends of its attempts, its timers and its signals in hundreds of orders, in a simulated world with a crash of the orchestrator after every commit, and once through a real broker. What is left open is seen in some of these orders.',
    'In every run of every pattern:',
    list(always.map(({ says }) => says)),
    table(),
    ...patterns.flatMap(section),
  ]);
}

function table(): string {
  return markdownTable(
    ['pattern', 'what it means'],
    patterns.map((pattern) => [
      `[${pattern.id}](#${anchorOf(pattern)}) ${pattern.title}`,
      meaningOf(pattern)[0] ?? '',
    ]),
  );
}

function headingOf({ id, title }: Pattern): string {
  return `${id} ${title}`;
}

function anchorOf(pattern: Pattern): string {
  return headingOf(pattern)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** The comment at the top of the file: what the pattern is, when to use it. */
function meaningOf(pattern: Pattern): string[] {
  const lines = textOf(pattern).split('\n');
  const comment = lines.slice(
    1,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  const [first = '', ...rest] = comment.map((line) => line.slice('# '.length));
  const what = first.slice(first.indexOf(': ') + 2);
  return [what.charAt(0).toUpperCase() + what.slice(1), ...rest];
}

function section(pattern: Pattern): string[] {
  const { definition } = parseWorkflow(textOf(pattern), { file: pattern.file });
  if (definition === undefined) throw new Error(`${pattern.file} is no workflow`);
  return [
    `## ${headingOf(pattern)}`,
    meaningOf(pattern).join(' '),
    fence('mermaid', graphMermaid(graphView(definition))),
    fence(`yaml file=examples/patterns/${pattern.file}.yaml`, textOf(pattern)),
    ...pattern.cases.flatMap(caseText),
    pattern.note ?? '',
  ];
}

function caseText(use: Case): string[] {
  const given = [
    ...(use.input === undefined ? [] : [`with ${code(JSON.stringify(use.input))}`]),
    ...(use.outside === undefined ? [] : [`with ${use.outside.map(outsideText).join(', ')}`]),
  ].join(', and ');
  const free = use.free ?? [];
  return [
    `**In every run**${given === '' ? '' : ` ${given}`}:`,
    list(use.always.map(({ says }) => says)),
    ...(free.length === 0 ? [] : ['**Left open**:', list(free.map(({ says }) => says))]),
  ];
}

function outsideText({ signal, payload, after }: Outside): string {
  const value = payload === undefined ? '' : ` ${code(JSON.stringify(payload))}`;
  return `signal ${code(signal)}${value} ${after === undefined ? 'at any time' : `after ${code(after)}`}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
