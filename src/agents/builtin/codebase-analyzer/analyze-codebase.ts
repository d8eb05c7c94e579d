/** One file or many: in threads, and going on where one of many cannot be analysed. */
import type { JsonValue } from '../../../workflow/value.ts';
import type { AgentContext } from '../../agent.ts';
import { failure } from '../syntax/source-file.ts';
import type { FileFailure } from '../syntax/thread-jobs.ts';
import { inThread } from '../syntax/threads.ts';
import type { CodebaseAnalysis, FileAnalysis } from './analysis.ts';
import type { AnalyzerParameters } from './index.ts';

/** Files of one job: enough that asking costs little, few enough to be canceled soon. */
const FILES_IN_JOB = 16;
/** Jobs under way at a time; the threads take them in order. */
const JOBS_AT_A_TIME = 8;

/** The agent's work; see `codebaseAnalyzer` for its output and failures. */
export async function analyzeCodebase(
  { root, file, files = [], detail, relations }: AnalyzerParameters,
  context: AgentContext,
): Promise<JsonValue> {
  if (file !== undefined) {
    const [one] = await inThread({ type: 'analyze', root, files: [file], detail }, context);
    if (one === undefined || isFailure(one)) throw failureFrom(one);
    return one as unknown as JsonValue;
  }
  const output: CodebaseAnalysis = { root, files: [], failed: [] };
  for (const result of await analyzeAll({ root, files, detail }, context)) {
    if (isFailure(result)) output.failed.push(result);
    else output.files.push(result);
  }
  if (relations) {
    const sorted = output.files.toSorted((a, b) => (a.file < b.file ? -1 : 1));
    output.relations = await inThread({ type: 'relations', files: sorted }, context);
  }
  return output as unknown as JsonValue;
}

type Result = FileAnalysis | FileFailure;

async function analyzeAll(
  { root, files, detail }: Pick<AnalyzerParameters, 'root' | 'detail'> & { files: string[] },
  context: AgentContext,
): Promise<Result[]> {
  const jobs: string[][] = [];
  for (let at = 0; at < files.length; at += FILES_IN_JOB)
    jobs.push(files.slice(at, at + FILES_IN_JOB));
  const results: Result[][] = [];
  let next = 0;
  let done = 0;
  const take = async (): Promise<void> => {
    for (let at = next++; at < jobs.length; at = next++) {
      context.signal.throwIfAborted();
      const job = jobs[at] ?? [];
      results[at] = await inThread({ type: 'analyze', root, files: job, detail }, context);
      done += job.length;
      const message = `${done} of ${files.length} files`;
      context.progress({ percent: (100 * done) / files.length, message });
    }
  };
  await Promise.all(Array.from({ length: JOBS_AT_A_TIME }, take));
  return results.flat();
}

function isFailure(result: Result): result is FileFailure {
  return 'code' in result;
}

function failureFrom(found: FileFailure | undefined): Error {
  return failure(found?.code ?? 'file.analysis-failed', found?.message ?? 'No answer.');
}
