/** What a pattern is to the tests and to docs/patterns.md: its workflow is `examples/patterns/<file>.yaml`. */
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import type { Freedom } from './freedoms.ts';
import type { Rule } from './rules.ts';

/** A signal from outside the run. */
export interface Outside {
  readonly signal: string;
  readonly payload?: JsonValue;
  /** It comes after this event (`task.waiting decide`); without, at any time. */
  readonly after?: string;
}

/** One way of using the pattern. */
export interface Case {
  readonly input?: JsonObject;
  readonly outside?: readonly Outside[];
  /** In every run. */
  readonly always: readonly Rule[];
  /** In some run: what the pattern leaves open. */
  readonly free?: readonly Freedom[];
}

export interface Pattern {
  readonly id: string;
  /** Name of the file, without its ending. */
  readonly file: string;
  readonly title: string;
  /** What makes it the pattern, as it stands in the file, and something else: with that its table must not hold. */
  readonly without?: readonly [text: string, instead: string];
  /** Told to readers: what the engine does where the pattern's definition leaves a choice. */
  readonly note?: string;
  readonly cases: readonly Case[];
  /** The output of a child run, from its inputs; where runs are played without children. */
  readonly child?: (inputs: JsonObject) => JsonValue;
}
