/** Every bound of the language in one place. A value above a bound is refused, never truncated. */

/** Characters of one workflow file. */
export const MAX_SOURCE_LENGTH = 48 * 1024 * 1024;
/** Tokens of a workflow that reaches an orchestrator as YAML text: 350 tasks, about. JSON and objects have no such bound. */
export const MAX_SENT_TOKENS = 20_000;
/** Brackets that may be open at one place of a YAML text. */
export const MAX_BRACKETS = 500;
/** Levels of nesting in a file or an object, as on the wire. */
export const MAX_DEPTH = 64;
/** Tasks of one definition. */
export const MAX_TASKS = 100_000;
/** Nodes that aliases and merge keys of a file may add to what is written out. */
export const MAX_ALIAS_NODES = 10_000;
/** Problems reported for one definition; more are counted only. */
export const MAX_PROBLEMS = 500;
/** Names compared when a suggestion is looked for. */
export const MAX_SUGGESTION_CANDIDATES = 2_000;
/** Suggestions looked for in one definition. */
export const MAX_SUGGESTIONS = 20;
/** Characters of a task id, an input name or a variable name. */
export const MAX_NAME_LENGTH = 128;
/** Milliseconds of any duration: 10 years. */
export const MAX_DURATION_MS = 10 * 365 * 86_400_000;
/** Attempts a retry policy may ask for. */
export const MAX_ATTEMPTS = 1_000;
/** Rounds that a loop may ask for. */
export const MAX_ROUNDS = 100_000;
/** Threads that one task may split into. */
export const MAX_EMITTED = 10_000;
/** Levels of child runs below a run. */
export const MAX_CHILD_DEPTH = 100;
/** Steps taken, over all references of a definition, to prove that a task comes before another. */
export const MAX_REACHABILITY_STEPS = 20_000_000;

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 8_192;
/** Nodes of one parsed expression. */
export const MAX_EXPRESSION_NODES = 4_096;
/** Nesting of one parsed expression. */
export const MAX_EXPRESSION_DEPTH = 64;
/**
 * Work of one evaluation: iterations, elements and characters (in units of 64) that it touches or makes, nodes of a loop's
 * body (in units of 16), keys (in units of 8), failures that are caught (16 each).
 */
export const MAX_EXPRESSION_STEPS = 5_000_000;
/** Patterns without braces that one pattern of `glob` may stand for. */
export const MAX_GLOB_ALTERNATIVES = 64;
/** Elements of a list that an expression makes. */
export const MAX_LIST_LENGTH = 1_000_000;
/** Characters of a text that an expression makes. */
export const MAX_TEXT_LENGTH = 16 * 1024 * 1024;
