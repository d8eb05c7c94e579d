/** The Markdown: an overview in a sentence and a table, then what a reader would act on first. */
import type { JsonValue } from '../../../workflow/value.ts';
import type { AnalysisFailure, FileAnalysis } from '../codebase-analyzer/analysis.ts';
import { FUNCTION_LIMITS } from '../codebase-analyzer/hot-spots.ts';
import { type Dependencies, dependenciesOf, folderOf } from './dependencies.ts';
import type { ReportParameters } from './index.ts';
import { flatten, type Summary, summarise } from './summary.ts';

/** Rows of a table, at most; what is left out is counted. */
const MAX_ROWS = 10;
const MAX_FOLDERS = 30;
const MAX_FAILURES = 50;

/** See `reportWriter`. Pure: the same analyses in any order give the same text. */
export function writeReport(parameters: ReportParameters): JsonValue {
  const { files, failed: failedInLists } = flatten(parameters.analyses);
  const given = parameters.failed;
  const failures = sortFailures(
    typeof given === 'number' ? failedInLists : [...failedInLists, ...given],
  );
  const failed = typeof given === 'number' ? Math.max(given, failures.length) : failures.length;
  const summary = summarise(files, failed);
  const sections = [
    heading(parameters, summary),
    languages(summary),
    hotSpots(summary),
    largestFiles(files),
    dependencies(dependenciesOf(files)),
    exportsByFolder(files),
    problems(files, { failures, failed }),
  ];
  const markdown = `${sections.filter((section) => section !== '').join('\n\n')}\n`;
  return { markdown, summary };
}

function heading({ title, root }: ReportParameters, summary: Summary): string {
  const where = root === undefined ? '' : ` in ${code(root)}`;
  const notAnalysed =
    summary.failed === 0 ? '' : ` ${count(summary.failed, 'file')} could not be analysed.`;
  if (summary.files === 0)
    return `# ${title}\n\nNo source file was analysed${where}.${notAnalysed}`;
  const size = `${count(summary.files, 'file')}${where}: ${count(summary.lines, 'line')}, of them ${number(summary.codeLines)} code and ${number(summary.commentLines)} comment.`;
  const functions = `${count(summary.functions, 'function')} and ${count(summary.classes, 'class', 'classes')}; complexity is ${summary.medianComplexity} in the middle and ${summary.maxComplexity} at most.`;
  const over =
    summary.functionsOverLimits === 0
      ? 'No function is over a limit.'
      : `Over a limit: ${count(summary.functionsOverLimits, 'function')}.`;
  const later =
    summary.laterMarks === 0
      ? ''
      : ` ${count(summary.laterMarks, 'comment')} leave work for later.`;
  return `# ${title}\n\n${size}\n${functions} ${over}${later}${notAnalysed}`;
}

function languages({ languages: found }: Summary): string {
  const rows = Object.entries(found).map(([language, sum]) => [
    language,
    number(sum.files),
    number(sum.lines),
    number(sum.codeLines),
    number(sum.functions),
  ]);
  return section('Languages', table(['Language', 'Files', 'Lines', 'Code', 'Functions'], rows));
}

function hotSpots({ hotSpots: ranked }: Summary): string {
  const rows = ranked.map(({ name, file, line, reason, score }) => [
    code(name),
    code(`${file}:${line}`),
    reason,
    score.toFixed(2),
  ]);
  const { complexity, lines, nesting, parameters } = FUNCTION_LIMITS;
  const note = `Ranked by complexity, length, nesting and parameters, each against its limit (${complexity}, ${lines}, ${nesting}, ${parameters}).`;
  return section(
    'Hot spots',
    rows.length === 0 ? '' : `${note}\n\n${table(['Function', 'Where', 'Why', 'Score'], rows)}`,
  );
}

function largestFiles(files: readonly FileAnalysis[]): string {
  const rows = files
    .toSorted((a, b) => b.codeLines - a.codeLines)
    .slice(0, MAX_ROWS)
    .map((one) => [
      code(one.file),
      number(one.codeLines),
      number(one.functions.length),
      number(
        Math.max(one.topLevelComplexity ?? 0, ...one.functions.map(({ complexity }) => complexity)),
      ),
    ]);
  return section(
    'Largest files',
    table(['File', 'Code lines', 'Functions', 'Highest complexity'], rows),
  );
}

function dependencies({ modules, fans, unresolved }: Dependencies): string {
  const moduleRows = modules
    .slice(0, MAX_ROWS)
    .map(({ module, files }) => [code(module), number(files)]);
  const fanIn = fans.slice(0, MAX_ROWS).filter((fan) => fan.fanIn > 0);
  const fanOut = fans.toSorted((a, b) => b.fanOut - a.fanOut || (a.file < b.file ? -1 : 1));
  const fanRows = (rows: Dependencies['fans']): string[][] =>
    rows.map((fan) => [code(fan.file), number(fan.fanIn), number(fan.fanOut)]);
  const columns = ['File', 'Imported by', 'Imports'];
  const widest = fanOut.slice(0, MAX_ROWS).filter((fan) => fan.fanOut > 0);
  const note =
    unresolved === 0
      ? ''
      : `${count(unresolved, 'relative import')} lead to files outside of this report.`;
  return [
    section('Most imported modules', table(['Module', 'Files'], moduleRows)),
    section('Files others depend on', table(columns, fanRows(fanIn))),
    section(
      'Files that depend on most',
      [table(columns, fanRows(widest)), note].filter(Boolean).join('\n\n'),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function exportsByFolder(files: readonly FileAnalysis[]): string {
  const folders = new Map<string, { files: number; exports: number }>();
  for (const { file, exports } of files) {
    const folder = folderOf(file) || '.';
    const sum = folders.get(folder) ?? { files: 0, exports: 0 };
    folders.set(folder, { files: sum.files + 1, exports: sum.exports + exports.length });
  }
  const sorted = [...folders].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = sorted
    .slice(0, MAX_FOLDERS)
    .map(([folder, sum]) => [code(folder), number(sum.files), number(sum.exports)]);
  const rest = sorted.length - rows.length;
  const more = rest > 0 ? `\n\nAnd ${count(rest, 'folder')} more.` : '';
  return section(
    'Exports by folder',
    rows.length === 0 ? '' : table(['Folder', 'Files', 'Exports'], rows) + more,
  );
}

function problems(
  files: readonly FileAnalysis[],
  { failures, failed }: { failures: readonly AnalysisFailure[]; failed: number },
): string {
  const named = failures
    .slice(0, MAX_FAILURES)
    .map(({ file, code: reason, message }) => `- ${code(file)}: ${reason}. ${message}`.trimEnd());
  const rest = failed - named.length;
  if (rest > 0) named.push(`- ${count(rest, named.length === 0 ? 'file' : 'more file')}.`);
  const broken = files
    .filter(({ parseErrors }) => parseErrors !== undefined)
    .slice(0, MAX_FAILURES)
    .map(
      ({ file, parseErrors = 0 }) =>
        `- ${code(file)}: ${count(parseErrors, 'place')} skipped by the parser.`,
    );
  return [
    section('Could not be analysed', named.join('\n')),
    section('Not understood in full', broken.join('\n')),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function sortFailures(failures: readonly AnalysisFailure[]): AnalysisFailure[] {
  return failures.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

/** The first column is text, further ones align right where they hold numbers. Empty without rows. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const rule = columns.map((_, index) =>
    rows.every((row) => /^[\d,.]+$/.test(row[index] ?? '')) ? '---:' : '---',
  );
  return [columns, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Inline code that no name can break out of. */
function code(text: string): string {
  const safe = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return safe.includes('`') ? `\`\` ${safe} \`\`` : `\`${safe}\``;
}

function number(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}
