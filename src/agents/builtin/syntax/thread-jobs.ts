/** What the threads of `threads.ts` can be asked, and what they answer. Everything is plain data. */

import type { JsonValue } from '../../../workflow/value.ts';
import type { FileAnalysis } from '../codebase-analyzer/analysis.ts';
import type { Relations } from '../codebase-analyzer/relations.ts';
import type { Match } from '../codebase-locator/location.ts';
import type { ReportParameters } from '../report-writer/index.ts';

/** What to look for in files. */
export type Search = { ignoreCase: boolean } & (
  | { symbol: string }
  | { text: string }
  | { regex: string }
);

export type Job =
  | { type: 'analyze'; root: string; files: string[]; detail: 'full' | 'summary' }
  | { type: 'search'; folder: string; files: string[]; search: Search }
  | { type: 'relations'; files: FileAnalysis[] }
  | { type: 'report'; parameters: ReportParameters };

/** A file that could not be analysed or searched. */
export type FileFailure = { file: string; code: string; message: string };

export type FileMatches = { file: string; matches: Match[]; parseErrors?: number };

/** The answer to each job; files in the order of the job. */
export interface Answers {
  analyze: (FileAnalysis | FileFailure)[];
  search: (FileMatches | FileFailure)[];
  relations: Relations;
  report: JsonValue;
}

/** A failure of the whole job. */
export interface ThreadFailure {
  code: string;
  message: string;
  retryable: boolean;
}

export type Reply = { value: unknown } | { failure: ThreadFailure };
