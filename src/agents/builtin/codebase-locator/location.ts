/** The output of `codebase-locator`. JSON-safe. */
import type { DefinitionKind } from '../syntax/grammar.ts';
import type { Language } from '../syntax/languages.ts';

/** Where something was found. Lines and columns count from 1; `text` is the line, cut to 300 characters. */
export type Match =
  | {
      file: string;
      line: number;
      column: number;
      kind: DefinitionKind;
      name: string;
      /** What the name belongs to, from the outside inwards, joined by dots. */
      container?: string;
    }
  | { file: string; line: number; column: number; kind: 'text'; text: string };

/**
 * A file that was left out, and why. `unknown language`: symbols were asked for, and no parser knows it; such files are
 * counted by their ends. `not understood in full`: searched, but the parser had to skip places.
 */
export type Skipped = {
  path: string;
  reason:
    | 'too large'
    | 'unreadable'
    | 'binary'
    | 'minified'
    | 'unknown language'
    | 'not understood in full'
    | 'failed';
};

export type Location = {
  root: string;
  files: string[];
  count: number;
  /** With `batch`: the files again, in groups. */
  batches?: string[][];
  truncated: boolean;
  languages: Partial<Record<Language | 'other', number>>;
  matches?: Match[];
  /** What was asked for by name and is nowhere: patterns without a file, a symbol without a definition, a text. */
  absent?: { kind: 'pattern' | 'symbol' | 'text' | 'regex'; name: string }[];
  /** In words, when something is absent. */
  message?: string;
  skipped?: Skipped[];
};
