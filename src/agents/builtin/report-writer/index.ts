/** `report-writer`: a Markdown report over the analyses of many files. */
import { z } from 'zod';
import { functionAgent } from '../../adapters/function-agent.ts';
import type { Agent } from '../../agent.ts';
import type {
  AnalysisFailure,
  CodebaseAnalysis,
  FileAnalysis,
} from '../codebase-analyzer/analysis.ts';

const MAX_ANALYSES = 100_000;

const file = z.custom<FileAnalysis>(isFileAnalysis, 'the output of codebase-analyzer for a file');
const codebase = z.custom<CodebaseAnalysis>(
  (value) => isObject(value) && Array.isArray(value.files) && value.files.every(isFileAnalysis),
  'the output of codebase-analyzer for files',
);
const failed = z.looseObject({
  file: z.string(),
  code: z.string().default('unknown'),
  message: z.string().default(''),
});

const parametersSchema = z.strictObject({
  title: z.string().min(1).max(200).default('Code analysis'),
  root: z.string().optional(),
  /** Outputs of `codebase-analyzer`, of files or of lists of files. */
  analyses: z.array(z.union([file, codebase])).max(MAX_ANALYSES),
  /** How many files could not be analysed, or which. */
  failed: z.union([z.int().min(0), z.array(failed)]).default(0),
  /** What the locator left out, with its reasons: its `skipped`. */
  skipped: z
    .array(z.looseObject({ path: z.string(), reason: z.string() }))
    .max(MAX_ANALYSES)
    .default([]),
  request: z.string().optional(),
});

/** What the report is about. */
export interface ReportParameters {
  title: string;
  root?: string | undefined;
  analyses: (FileAnalysis | CodebaseAnalysis)[];
  failed: number | AnalysisFailure[];
  skipped?: { path: string; reason: string }[] | undefined;
}

/** Output: `{markdown, summary}`, see `Summary`. The order of the analyses does not change it. */
export const reportWriter: Agent = functionAgent<ReportParameters>({
  name: 'report-writer',
  description:
    'Writes a Markdown report over analyses: size, hot spots with reasons, dependencies, cycles, copies, unused exports.',
  capabilities: ['report:code'],
  parameters: parametersSchema as unknown as z.ZodType<ReportParameters>,
  async run(parameters, context) {
    const { inThread } = await import('../syntax/threads.ts');
    return inThread({ type: 'report', parameters }, context);
  },
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFileAnalysis(value: unknown): boolean {
  if (!isObject(value)) return false;
  const lists = ['imports', 'exports', 'functions'].every((name) => Array.isArray(value[name]));
  const counts = ['lines', 'codeLines', 'commentLines'].every(
    (name) => typeof value[name] === 'number',
  );
  return (
    lists &&
    counts &&
    isObject(value.totals) &&
    typeof value.file === 'string' &&
    typeof value.language === 'string'
  );
}
