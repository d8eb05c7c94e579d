/** `codebase-locator`: finds files by glob, by symbol, by text, or by a request in words. */
import { z } from 'zod';
import { functionAgent } from '../../adapters/function-agent.ts';
import type { Agent } from '../../agent.ts';

const DEFAULT_LIMIT = 10_000;
const MAX_LIMIT = 100_000;
const MAX_PATTERNS = 100;
const MAX_BATCH = 1_000;
const MAX_PATTERN_LENGTH = 1_000;

const pattern = z.string().min(1).max(MAX_PATTERN_LENGTH);
const list = z.array(pattern).max(MAX_PATTERNS);

const parametersSchema = z
  .strictObject({
    /** The folder to look in; relative to the worker's own directory. */
    path: z.string().min(1).optional(),
    pattern: pattern.optional(),
    patterns: list.optional(),
    exclude: z.union([pattern, list]).default([]),
    /** A definition's name; `*` stands for any letters. `Class.method` finds a method of one class. */
    symbol: z.string().min(1).max(MAX_PATTERN_LENGTH).optional(),
    text: z.string().min(1).max(MAX_PATTERN_LENGTH).optional(),
    /** A JavaScript regular expression, applied line by line. */
    regex: z.string().min(1).max(MAX_PATTERN_LENGTH).optional(),
    ignore_case: z.boolean().default(false),
    request: z.string().max(20_000).optional(),
    /** Files, and matches, at most. */
    limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
    /** Also the files in groups of so many, for tasks that take several at a time; large files make a group smaller. */
    batch: z.int().min(1).max(MAX_BATCH).optional(),
    /** Also what git ignores. */
    include_ignored: z.boolean().default(false),
    /** Also what is in `node_modules`. */
    include_dependencies: z.boolean().default(false),
  })
  .refine(
    ({ symbol, text, regex }) =>
      [symbol, text, regex].filter((one) => one !== undefined).length <= 1,
    {
      message: 'only one of symbol, text and regex',
      path: ['symbol'],
    },
  );

/** What the locator is asked. */
export type LocatorParameters = z.infer<typeof parametersSchema>;

/**
 * Output: see `Location`. `files` are POSIX paths relative to `root`, sorted by code unit; `count` is how many there are
 * beyond the limit too; `matches` are `{file, line, column, kind, name, container? | text}`. Without patterns all source
 * files of the understood languages. What was asked for and is nowhere is in `absent` and, in words, in `message`.
 * Skipped: `.git`, `node_modules`, what git ignores, symbolic links; named in `skipped`: files over 2 MiB, unreadable
 * ones and, when contents are searched, binaries, minified files and files in no language we understand.
 * Failures: `path.not-found`, `locator.regex-too-slow`, `agent.invalid-parameters`.
 */
export const codebaseLocator: Agent = functionAgent<LocatorParameters>({
  name: 'codebase-locator',
  description: 'Finds source files by glob, symbol definition, text, or a request in words.',
  capabilities: ['locate:files', 'locate:symbols', 'search:text'],
  parameters: parametersSchema as unknown as z.ZodType<LocatorParameters>,
  async run(parameters, context) {
    const { locate } = await import('./locate.ts');
    return locate(parameters, context);
  },
});
