/** `codebase-analyzer`: what is in a source file, and which of its functions deserve a look. */
import { z } from 'zod';
import { functionAgent } from '../../adapters/function-agent.ts';
import type { Agent } from '../../agent.ts';

const MAX_FILES = 10_000;

const parametersSchema = z
  .strictObject({
    /** Relative to the worker's own directory; files are relative to it and must be inside. */
    root: z.string().min(1).default('.'),
    file: z.string().min(1).optional(),
    files: z.array(z.string().min(1)).max(MAX_FILES).optional(),
    /** `summary` keeps the five functions of each file with the highest score, and all sums. */
    detail: z.enum(['full', 'summary']).default('full'),
    /** With `files`: also what holds between them. */
    relations: z.boolean().default(false),
    request: z.string().optional(),
  })
  .refine(({ file, files }) => (file === undefined) !== (files === undefined), {
    message: 'exactly one of file and files is needed',
    path: ['file'],
  });

/** What the analyzer is asked. */
export type AnalyzerParameters = z.infer<typeof parametersSchema>;

/**
 * With `file` the output is a `FileAnalysis`; failures are `file.not-found`, `file.unsupported`, `file.too-large`,
 * `file.binary`, `file.unreadable`, `file.not-a-file`, `file.minified`, `file.analysis-failed`, none
 * retryable. With `files` it is `{root, files: FileAnalysis[], failed: [{file, code, message}], relations?: Relations}`
 * and one bad file fails nothing.
 * A path that leaves `root` is refused with `agent.invalid-parameters`.
 */
export const codebaseAnalyzer: Agent = functionAgent<AnalyzerParameters>({
  name: 'codebase-analyzer',
  description:
    'Measures source files of twelve languages: functions with their complexity, hot spots, imports, exports, calls; between files: coupling, cycles, copies, unused exports.',
  capabilities: ['analyze:code', 'analyze:complexity'],
  parameters: parametersSchema as unknown as z.ZodType<AnalyzerParameters>,
  async run(parameters, context) {
    const { analyzeCodebase } = await import('./analyze-codebase.ts');
    return analyzeCodebase(parameters, context);
  },
});
