/** The output of `codebase-locator`. JSON-safe. */
import type { DefinitionKind } from '../syntax/grammar.ts';
import type { Language } from '../syntax/languages.ts';

/** Where something was found. Lines and columns count from 1; `text` is the line, cut to 300 characters. */
export type Match =
  | { file: string; line: number; column: number; kind: DefinitionKind; name: string }
  | { file: string; line: number; column: number; kind: 'text'; text: string };

/** A file that was left out, and why. */
export type Skipped = { path: string; reason: 'too large' | 'unreadable' | 'binary' };

export type Location = {
  root: string;
  files: string[];
  count: number;
  truncated: boolean;
  languages: Partial<Record<Language | 'other', number>>;
  matches?: Match[];
  skipped?: Skipped[];
};
