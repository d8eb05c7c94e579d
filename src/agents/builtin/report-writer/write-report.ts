/** The Markdown: an overview, then what a reader would act on first, then the picture of the whole. */
import type { JsonValue } from '../../../workflow/value.ts';
import type { AnalysisFailure, FileAnalysis } from '../codebase-analyzer/analysis.ts';
import { FUNCTION_LIMITS } from '../codebase-analyzer/hot-spots.ts';
import { type Relations, relationsOf } from '../codebase-analyzer/relations.ts';
import type { ReportParameters } from './index.ts';
import { code, count, number, parts, rest, section, table } from './markdown.ts';
import {
  cycleSection,
  dependencySection,
  duplicationSection,
  unusedSection,
} from './relation-sections.ts';
import { rankFiles, reasonOfFile } from './risky-files.ts';
import { flatten, type Summary, summarise } from './summary.ts';

const MAX_RISKY = 10;
const MAX_FAILURES = 50;
const MAX_LISTED_FILES = 300;

/** See `reportWriter`. Pure: the same analyses in any order give the same text. */
export function writeReport(parameters: ReportParameters): JsonValue {
  const { files, failed: failedInLists } = flatten(parameters.analyses);
  const given = parameters.failed;
  const failures = sortFailures([
    ...failedInLists,
    ...(typeof given === 'number' ? [] : given),
    ...(parameters.skipped ?? []).map(({ path, reason }) => ({
      file: path,
      code: reason,
      message: '',
    })),
  ]);
  const failed = typeof given === 'number' ? Math.max(given, failures.length) : failures.length;
  const relations = relationsOf(files);
  const summary = summarise(files, { failed, relations });
  const sections =
    files.length === 0
      ? [heading(parameters, summary), problems(files, { failures, failed })]
      : [
          heading(parameters, summary),
          languages(summary),
          riskyFiles(files, relations),
          functionHotSpots(summary),
          dependencySection(files, relations),
          cycleSection(relations),
          duplicationSection(relations, summary.codeLines),
          unusedSection(relations),
          fileList(files, relations),
          problems(files, { failures, failed }),
        ];
  return { markdown: `${parts(...sections)}\n`, summary } as unknown as JsonValue;
}

function heading({ title, root }: ReportParameters, summary: Summary): string {
  const where = root === undefined ? '' : ` in ${code(root)}`;
  const notAnalysed =
    summary.failed === 0 ? '' : ` ${count(summary.failed, 'file')} could not be analysed.`;
  if (summary.files === 0)
    return `# ${title}\n\nNo source file was analysed${where}.${notAnalysed}`;
  const size = `${count(summary.files, 'file')}${where}: ${count(summary.lines, 'line')}, of them ${number(summary.codeLines)} code and ${number(summary.commentLines)} comment.`;
  const functions = `${count(summary.functions, 'function')} and ${count(summary.classes, 'class', 'classes')}; cyclomatic complexity is ${summary.medianComplexity} in the middle and ${summary.maxComplexity} at most, cognitive complexity ${summary.maxCognitive} at most.`;
  const over =
    summary.functionsOverLimits === 0
      ? 'No function is over a limit.'
      : `Over a limit: ${count(summary.functionsOverLimits, 'function')}.`;
  const between = `Between files: ${count(summary.cycles, 'cycle')} of imports, ${count(summary.copies, 'copy', 'copies')} (${count(summary.duplicatedLines, 'line')}), ${count(summary.unusedExports, 'unused export')}.`;
  const later =
    summary.laterMarks === 0
      ? ''
      : ` ${count(summary.laterMarks, 'comment')} leave work for later.`;
  return `# ${title}\n\n${size}\n${functions} ${over}\n${between}${later}${notAnalysed}`;
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

function riskyFiles(files: readonly FileAnalysis[], relations: Relations): string {
  const ranked = rankFiles(files, relations).slice(0, MAX_RISKY);
  const rows = ranked.map((one) => [
    code(one.file),
    number(one.cognitive),
    number(one.codeLines),
    number(one.fanIn),
    number(one.fanOut),
    reasonOfFile(one),
    one.score.toFixed(1),
  ]);
  const note =
    'Ranked by cognitive complexity × code lines × coupling (files that import it, and that it imports), each against the mean file.';
  const columns = ['File', 'Cognitive', 'Code lines', 'Imported by', 'Imports', 'Why', 'Score'];
  return section('Hot spots: files', rows.length === 0 ? '' : parts(note, table(columns, rows)));
}

function functionHotSpots({ hotSpots: ranked }: Summary): string {
  const rows = ranked.map(({ name, file, line, reason, score }) => [
    code(name),
    code(`${file}:${line}`),
    reason,
    score.toFixed(2),
  ]);
  const { complexity, cognitive, lines, nesting, parameters } = FUNCTION_LIMITS;
  const note = `Ranked by cyclomatic and cognitive complexity, length, nesting and parameters, each against its limit (${complexity}, ${cognitive}, ${lines}, ${nesting}, ${parameters}).`;
  return section(
    'Hot spots: functions',
    rows.length === 0 ? '' : parts(note, table(['Function', 'Where', 'Why', 'Score'], rows)),
  );
}

/** Every file by its path, or the largest where there are too many. */
function fileList(files: readonly FileAnalysis[], { fans, duplication }: Relations): string {
  const fanOf = new Map(fans.map((fan) => [fan.file, fan]));
  const isCut = files.length > MAX_LISTED_FILES;
  const shown = isCut
    ? files
        .toSorted((a, b) => b.codeLines - a.codeLines || (a.file < b.file ? -1 : 1))
        .slice(0, MAX_LISTED_FILES)
    : files;
  const rows = shown.map((one) => [
    code(one.file),
    number(one.codeLines),
    number(one.totals.functions),
    number(Math.max(one.topLevelComplexity ?? 0, one.totals.maxComplexity)),
    number(one.totals.maxCognitive),
    number(fanOf.get(one.file)?.fanIn ?? 0),
    number(fanOf.get(one.file)?.fanOut ?? 0),
    number(duplication.linesByFile[one.file] ?? 0),
  ]);
  const columns = [
    'File',
    'Code lines',
    'Functions',
    'Highest complexity',
    'Highest cognitive',
    'Imported by',
    'Imports',
    'Copied lines',
  ];
  const note = isCut ? `The ${MAX_LISTED_FILES} largest of ${number(files.length)}.` : '';
  return section('Files', parts(note, table(columns, rows)));
}

function problems(
  files: readonly FileAnalysis[],
  { failures, failed }: { failures: readonly AnalysisFailure[]; failed: number },
): string {
  const named = failures
    .slice(0, MAX_FAILURES)
    .map(({ file, code: reason, message }) => `- ${code(file)}: ${reason}. ${message}`.trimEnd());
  const more = failed - named.length;
  if (more > 0) named.push(`- ${count(more, named.length === 0 ? 'file' : 'more file')}.`);
  const broken = files.filter(
    ({ parseErrors, encoding }) => parseErrors !== undefined || encoding !== undefined,
  );
  const inPart = broken.slice(0, MAX_FAILURES).map(({ file, parseErrors, encoding }) => {
    const places =
      parseErrors === undefined ? '' : ` ${count(parseErrors, 'place')} skipped by the parser.`;
    const read = encoding === undefined ? '' : ` Read as ${encoding}: it is not UTF-8.`;
    return `- ${code(file)}:${places}${read}`;
  });
  return parts(
    section('Could not be analysed', named.join('\n')),
    section(
      'Not understood in full',
      parts(inPart.join('\n'), rest(inPart.length, broken.length, 'file')),
    ),
  );
}

function sortFailures(failures: readonly AnalysisFailure[]): AnalysisFailure[] {
  return failures.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}
