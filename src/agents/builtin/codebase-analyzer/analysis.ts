/** The output of `codebase-analyzer`, which `report-writer` reads. JSON-safe. */
import type { ExportFact, ImportFact } from '../syntax/grammar.ts';
import type { Language } from '../syntax/languages.ts';

/**
 * A function with a name; methods are `Class.method`. Lines count from 1, both ends included. `complexity` is
 * cyclomatic: decision points and 1. `nesting` is the deepest level of control structures.
 */
export type FunctionFact = {
  name: string;
  line: number;
  endLine: number;
  lines: number;
  parameters: number;
  complexity: number;
  nesting: number;
};

/** A function over a limit; `score` is 1 for each limit just reached, more beyond. */
export type HotSpot = { name: string; line: number; reason: string; score: number };

/** `lines` are physical; a line with code and a comment is code; blank lines are neither. */
export type FileAnalysis = {
  file: string;
  language: Language;
  lines: number;
  codeLines: number;
  commentLines: number;
  imports: ImportFact[];
  exports: ExportFact[];
  functions: FunctionFact[];
  classes: { name: string; line: number; endLine: number; methods: number }[];
  /** Complexity of what stands outside of every named function. */
  topLevelComplexity: number;
  hotSpots: HotSpot[];
  /** Comments that leave work for later. */
  todoCount: number;
  /** Places the parser had to skip; absent without any. */
  parseErrors?: number;
};

/** A file that could not be analysed. */
export type AnalysisFailure = { file: string; code: string; message: string };

/** The output for a list of files. */
export type CodebaseAnalysis = { root: string; files: FileAnalysis[]; failed: AnalysisFailure[] };
