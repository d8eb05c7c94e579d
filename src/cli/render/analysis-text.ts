/** The analysis of a workflow for people. Pure. */
import type { WorkflowAnalysis } from '../../workflow/analysis/analyze.ts';
import { shortPath } from '../../workflow/analysis/words.ts';
import { counted, duration } from './format.ts';
import { plainText, styled } from './painted.ts';

/** Names of a list that are shown. */
const MAX_SHOWN = 8;
const MAX_LINES = 10;
const LABEL_WIDTH = 15;

/** Lines below the verdict of a file, each indented. */
export function analysisLines(
  analysis: WorkflowAnalysis,
  { hasColor }: { hasColor: boolean },
): string[] {
  const { found, partial } = analysis;
  const sections: [label: string, lines: string[], count?: number][] = [
    ['critical path', pathLines(analysis)],
    ['width', widthLines(analysis)],
    [analysis.criticalPath.by === 'time' ? 'time' : 'steps', boundLines(analysis)],
    [
      'needless',
      analysis.needless.map(
        ({ task, dependency, path }) =>
          `${task} waits for ${dependency} already: ${shortPath(path)}`,
      ),
      found.needless,
    ],
    ['conflicts', analysis.conflicts.map(conflictLine), found.conflicts],
    [
      'undecided',
      analysis.undecided.length === 0
        ? []
        : [`whether these can run: ${some(analysis.undecided, found.undecided)}`],
    ],
    [
      'not all seen',
      partial.length === 0
        ? []
        : [`there may be more: ${partial.join(' and ')} were looked for up to a bound`],
    ],
  ];
  const lines = sections.flatMap(([label, own, count = own.length]) =>
    capped(own, count).map((line, at) => {
      const head = (at === 0 ? label : '').padEnd(LABEL_WIDTH);
      return `  ${styled(head, 'bold', hasColor)}${line}`;
    }),
  );
  return [...lines, ...proposalLines(analysis, hasColor)];
}

function pathLines({ criticalPath }: WorkflowAnalysis): string[] {
  const { by, steps, tasks, unknown, knownMs, longestMs } = criticalPath;
  const length = by === 'time' ? duration(knownMs) : counted(steps, 'step');
  const lines = [`${length}: ${shortPath(tasks)}`];
  const known =
    by === 'steps' && knownMs > 0
      ? [`${duration(knownMs)} of it known, ${counted(unknown, 'task')} not`]
      : [];
  const bound =
    longestMs === undefined || by === 'time' ? [] : [`at most ${duration(longestMs)} by timeouts`];
  const more = [...known, ...bound].join('; ');
  return more === '' ? lines : [...lines, more];
}

function widthLines({ width }: WorkflowAnalysis): string[] {
  if (width.size === 0) return ['no task needs an agent'];
  const least = width.exact ? '' : 'at least ';
  return [`${least}${counted(width.size, 'task')} at once: ${some(width.tasks)}`];
}

function boundLines({ bounds, criticalPath: { by } }: WorkflowAnalysis): string[] {
  const amount = (count: number): string => (by === 'time' ? duration(count) : String(count));
  const { sequential, withMaxParallel, unlimited, maxParallel } = bounds;
  return [
    `${amount(sequential)} one after another; at least ${amount(withMaxParallel)} with max_parallel ${maxParallel}, ${amount(unlimited)} without bound`,
  ];
}

function conflictLine({ kind, name, tasks }: WorkflowAnalysis['conflicts'][number]): string {
  if (kind === 'mutex') return `mutex ${name}: ${some(tasks)} run one after another`;
  if (kind === 'signal') return `signal ${name}: one of ${some(tasks)} gets each`;
  return `file ${name}: ${some(tasks)} may write it at the same time`;
}

function proposalLines({ proposals, found }: WorkflowAnalysis, hasColor: boolean): string[] {
  if (proposals.length === 0) return [`  ${styled('nothing to propose', 'dim', hasColor)}`];
  const shown = proposals
    .slice(0, MAX_LINES)
    .flatMap(({ change, effect }, at) => [
      `  ${at + 1}. ${plainText(change)}`,
      `     ${styled(plainText(effect), 'dim', hasColor)}`,
    ]);
  const left = found.proposals - MAX_LINES;
  return [
    `  ${styled('proposed changes', 'bold', hasColor)}`,
    ...shown,
    ...(left > 0 ? [`  ${more(left, proposals.length < found.proposals)}`] : []),
  ];
}

/** `count`: how many there are, also where the list holds only the first ones. */
function capped(lines: readonly string[], count: number): string[] {
  const shown = lines.slice(0, MAX_LINES).map(plainText);
  const left = count - shown.length;
  return left === 0 ? shown : [...shown, more(left, lines.length < count)];
}

function more(left: number, isCut: boolean): string {
  return `and ${left} more; --json has ${isCut ? 'more of them' : 'all'}`;
}

function some(ids: readonly string[], count = ids.length): string {
  const left = count - MAX_SHOWN;
  return left > 0 ? `${ids.slice(0, MAX_SHOWN).join(', ')} and ${left} more` : ids.join(', ');
}
