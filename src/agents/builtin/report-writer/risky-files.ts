/** Which files deserve a look first: complex, large and much depended on, all at once. */
import type { FileAnalysis } from '../codebase-analyzer/analysis.ts';
import type { Relations } from '../codebase-analyzer/relations.ts';

/** A file that costs a tenth of the usual or less in one measure is not made harmless by that alone. */
const LEAST_FACTOR = 0.1;

/** `factors`: how many times the mean of all analysed files. `score` is their product. */
export interface RiskyFile {
  file: string;
  score: number;
  cognitive: number;
  codeLines: number;
  fanIn: number;
  fanOut: number;
  factors: { complexity: number; size: number; coupling: number };
}

/** All files with code that decides something, highest score first. */
export function rankFiles(files: readonly FileAnalysis[], relations: Relations): RiskyFile[] {
  const fans = new Map(relations.fans.map((fan) => [fan.file, fan]));
  const measured = files.map(({ file, codeLines, totals, topLevelCognitive }) => {
    const { fanIn, fanOut } = fans.get(file) ?? { fanIn: 0, fanOut: 0 };
    return {
      file,
      codeLines,
      fanIn,
      fanOut,
      cognitive: totals.cognitive + (topLevelCognitive ?? 0),
    };
  });
  const means = {
    complexity: mean(measured.map(({ cognitive }) => cognitive)),
    size: mean(measured.map(({ codeLines }) => codeLines)),
    coupling: mean(measured.map(({ fanIn, fanOut }) => fanIn + fanOut)),
  };
  return measured
    .filter(({ cognitive }) => cognitive > 0)
    .map((one) => {
      const factors = {
        complexity: ratio(one.cognitive, means.complexity),
        size: ratio(one.codeLines, means.size),
        coupling: ratio(one.fanIn + one.fanOut, means.coupling),
      };
      const score = Object.values(factors).reduce(
        (product, factor) => product * Math.max(LEAST_FACTOR, factor),
        1,
      );
      return { ...one, factors, score: round(score) };
    })
    .sort((a, b) => b.score - a.score || (a.file < b.file ? -1 : 1));
}

/** `4.2 x complexity, 3.0 x size, 6.1 x coupling of the mean file`, what is not above the mean left out. */
export function reasonOfFile({ factors }: RiskyFile): string {
  const above = Object.entries(factors)
    .filter(([, factor]) => factor > 1)
    .sort(([, a], [, b]) => b - a)
    .map(([measure, factor]) => `${factor.toFixed(1)} × the mean ${measure}`);
  return above.length === 0 ? 'below the means' : above.join(', ');
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function ratio(value: number, of: number): number {
  return of === 0 ? 1 : round(value / of);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
