/** The figures of a report. */
import type { AnalysisFailure, FileAnalysis, FunctionFact } from '../codebase-analyzer/analysis.ts';
import { reasonOf, scoreOf } from '../codebase-analyzer/hot-spots.ts';
import type { Relations } from '../codebase-analyzer/relations.ts';

const MAX_HOT_SPOTS = 10;

/** Numbers that a program may test; `functionsOverLimits` counts the hot spots of the analyzer. */
export type Summary = {
  files: number;
  failed: number;
  languages: Record<string, { files: number; lines: number; codeLines: number; functions: number }>;
  lines: number;
  codeLines: number;
  commentLines: number;
  functions: number;
  classes: number;
  medianComplexity: number;
  maxComplexity: number;
  maxCognitive: number;
  functionsOverLimits: number;
  laterMarks: number;
  filesWithParseErrors: number;
  cycles: number;
  copies: number;
  duplicatedLines: number;
  unusedExports: number;
  unresolvedImports: number;
  hotSpots: RankedFunction[];
};

/** One of the ten functions with the highest score. */
export type RankedFunction = {
  file: string;
  name: string;
  line: number;
  reason: string;
  score: number;
};

/** `files` are sorted by path; `failed` counts beside them. */
export function summarise(
  files: readonly FileAnalysis[],
  { failed, relations }: { failed: number; relations: Relations },
): Summary {
  return {
    files: files.length,
    failed,
    languages: byLanguage(files),
    lines: total(files, ({ lines }) => lines),
    codeLines: total(files, ({ codeLines }) => codeLines),
    commentLines: total(files, ({ commentLines }) => commentLines),
    functions: total(files, ({ totals }) => totals.functions),
    classes: total(files, ({ classes }) => classes?.length ?? 0),
    medianComplexity: median(files),
    maxComplexity: most(files, ({ totals }) => totals.maxComplexity),
    maxCognitive: most(files, ({ totals }) => totals.maxCognitive),
    functionsOverLimits: total(files, ({ totals }) => totals.overLimits),
    laterMarks: total(files, ({ todoCount }) => todoCount ?? 0),
    filesWithParseErrors: files.filter(({ parseErrors }) => parseErrors !== undefined).length,
    cycles: relations.cycles.length,
    copies: relations.duplication.count,
    duplicatedLines: relations.duplication.lines,
    unusedExports: relations.unusedExports.count,
    unresolvedImports: relations.unresolvedCount,
    hotSpots: rank(files),
  };
}

/** Analyses of single files and of lists, as one list sorted by path, and what failed in the lists. */
export function flatten(
  analyses: readonly (FileAnalysis | { files: FileAnalysis[]; failed?: AnalysisFailure[] })[],
): {
  files: FileAnalysis[];
  failed: AnalysisFailure[];
} {
  const byPath = new Map<string, FileAnalysis>();
  const failed: AnalysisFailure[] = [];
  for (const analysis of analyses) {
    const isList = 'files' in analysis;
    for (const file of isList ? analysis.files : [analysis]) byPath.set(file.file, file);
    if (isList) failed.push(...(analysis.failed ?? []));
  }
  const files = [...byPath.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
  return { files, failed };
}

function rank(files: readonly FileAnalysis[]): RankedFunction[] {
  const ranked = files.flatMap(({ file, functions }) =>
    functions.map((fact) => ({ file, fact, score: scoreOf(fact) })),
  );
  return ranked
    .sort((a, b) => b.score - a.score || byPlace(a, b))
    .slice(0, MAX_HOT_SPOTS)
    .map(({ file, fact, score }) => ({
      file,
      name: fact.name,
      line: fact.line,
      reason: reasonOf(fact),
      score,
    }));
}

interface Placed {
  file: string;
  fact: FunctionFact;
}

function byPlace(a: Placed, b: Placed): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.fact.line - b.fact.line;
}

function byLanguage(files: readonly FileAnalysis[]): Summary['languages'] {
  const found = new Map<string, Summary['languages'][string]>();
  for (const { language, lines, codeLines, totals } of files) {
    const sum = found.get(language) ?? { files: 0, lines: 0, codeLines: 0, functions: 0 };
    sum.files += 1;
    sum.lines += lines;
    sum.codeLines += codeLines;
    sum.functions += totals.functions;
    found.set(language, sum);
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function total(files: readonly FileAnalysis[], of: (file: FileAnalysis) => number): number {
  return files.reduce((sum, file) => sum + of(file), 0);
}

function most(files: readonly FileAnalysis[], of: (file: FileAnalysis) => number): number {
  return files.reduce((highest, file) => Math.max(highest, of(file)), 0);
}

/** Of the functions of all files; the mean of the middle two when there is no middle one; 0 of none. */
function median(files: readonly FileAnalysis[]): number {
  const spread = new Map<number, number>();
  for (const { totals } of files)
    for (const [complexity, functions] of Object.entries(totals.spread))
      spread.set(Number(complexity), (spread.get(Number(complexity)) ?? 0) + functions);
  const sorted = [...spread].sort(([a], [b]) => a - b);
  const all = sorted.reduce((sum, [, functions]) => sum + functions, 0);
  const at = (position: number): number => {
    let seen = 0;
    for (const [complexity, functions] of sorted) {
      seen += functions;
      if (seen > position) return complexity;
    }
    return 0;
  };
  return all % 2 === 1 ? at((all - 1) / 2) : (at(all / 2 - 1) + at(all / 2)) / 2;
}
