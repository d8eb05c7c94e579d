/** Which functions deserve a look first, and why. */
import type { FunctionFact, HotSpot } from './analysis.ts';

/**
 * Above these a function is a hot spot: McCabe's own limit for complexity, SonarSource's default for cognitive
 * complexity, the rest common in linters.
 */
export const FUNCTION_LIMITS = {
  complexity: 10,
  cognitive: 15,
  lines: 60,
  nesting: 4,
  parameters: 5,
} as const;
/** Hot spots named for one file. */
const MAX_HOT_SPOTS = 10;

type Measure = keyof typeof FUNCTION_LIMITS;
const MEASURES = Object.keys(FUNCTION_LIMITS) as Measure[];

/** The functions of a file over a limit, worst first, at most ten. */
export function hotSpotsOf(functions: readonly FunctionFact[]): HotSpot[] {
  return functions
    .filter((fact) => limitsPassed(fact).length > 0)
    .map((fact) => ({
      name: fact.name,
      line: fact.line,
      reason: reasonOf(fact),
      score: scoreOf(fact),
    }))
    .sort((a, b) => b.score - a.score || a.line - b.line)
    .slice(0, MAX_HOT_SPOTS);
}

/** The sum of each measure over its limit: 5 for a function at every limit. Two decimals. */
export function scoreOf(fact: FunctionFact): number {
  const sum = MEASURES.reduce(
    (total, measure) => total + (fact[measure] ?? 0) / FUNCTION_LIMITS[measure],
    0,
  );
  return Math.round(sum * 100) / 100;
}

/** The limits passed, or the two measures that weigh most. */
export function reasonOf(fact: FunctionFact): string {
  const passed = limitsPassed(fact);
  if (passed.length === 0)
    return `complexity ${fact.complexity}, ${fact.lines} ${fact.lines === 1 ? 'line' : 'lines'}`;
  return passed
    .map((measure) => `${measure} ${fact[measure]} (limit ${FUNCTION_LIMITS[measure]})`)
    .join(', ');
}

function limitsPassed(fact: FunctionFact): Measure[] {
  return MEASURES.filter((measure) => fact[measure] > FUNCTION_LIMITS[measure]);
}
