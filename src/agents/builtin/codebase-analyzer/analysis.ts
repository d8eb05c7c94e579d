/** The output of `codebase-analyzer`, which `report-writer` reads. JSON-safe. */
import type { ExportFact, ImportFact } from '../syntax/grammar.ts';
import type { Language } from '../syntax/languages.ts';
import type { Relations } from './relations.ts';

/**
 * A function with a name; methods are `Class.method`. Lines count from 1, both ends included. `complexity` is
 * cyclomatic: decision points and 1; `cognitive` is SonarSource's. `nesting` is the deepest level of control structures.
 */
export type FunctionFact = {
  name: string;
  line: number;
  endLine: number;
  lines: number;
  parameters: number;
  complexity: number;
  cognitive: number;
  nesting: number;
};

/** A function over a limit; `score` is 1 for each limit just reached, more beyond. */
export type HotSpot = { name: string; line: number; reason: string; score: number };

/** Sums over the functions of a file; `spread` counts the functions of each cyclomatic complexity. */
export type FunctionTotals = {
  functions: number;
  overLimits: number;
  complexity: number;
  maxComplexity: number;
  cognitive: number;
  maxCognitive: number;
  spread: Record<string, number>;
};

/** A call by name of what this file does not define; `on`: the name before the dot. */
export type CallFact = { name: string; on?: string; line: number; count: number };

/** The manifest that a file belongs to: `package.json`, `go.mod`, `Cargo.toml`; `folder` is relative to the root. */
export type Project = { manifest: string; name: string; folder: string };

/** `lines` are physical; a line with code and a comment is code; blank lines are neither. */
export type FileAnalysis = {
  file: string;
  language: Language;
  lines: number;
  codeLines: number;
  commentLines: number;
  imports: ImportFact[];
  exports: ExportFact[];
  /** With `detail: "summary"` the five with the highest score only. */
  functions: FunctionFact[];
  totals: FunctionTotals;
  classes: { name: string; line: number; endLine: number; methods: number }[];
  /** Complexity of what stands outside of every named function. */
  topLevelComplexity: number;
  topLevelCognitive: number;
  /** The package or namespaces that the file itself names. */
  package?: string;
  project?: Project;
  calls: CallFact[];
  /** Calls on values, whose target only running the program would tell. */
  dynamicCalls: number;
  /** Names of others that the text uses: `module.Name` in Go and Python, types in Java, C#, PHP and Ruby. */
  mentions: string[];
  /** For finding duplicates, see `fingerprints.ts`. */
  fingerprints: string;
  hotSpots: HotSpot[];
  /** Comments that leave work for later. */
  todoCount: number;
  /** Places the parser had to skip; absent without any. */
  parseErrors?: number;
  /** How the text was read where it is not UTF-8. */
  encoding?: string;
};

/** A file that could not be analysed. */
export type AnalysisFailure = { file: string; code: string; message: string };

/** The output for a list of files. `relations`: what holds between the files, see `relations.ts`. */
export type CodebaseAnalysis = {
  root: string;
  files: FileAnalysis[];
  failed: AnalysisFailure[];
  relations?: Relations;
};
