/** One file or many: reads, analyses, keeps going where one of many cannot be analysed. */
import type { JsonValue } from '../../../workflow/value.ts';
import type { AgentContext } from '../../agent.ts';
import { AgentFailure } from '../../errors.ts';
import { locateInside, readSource } from '../syntax/source-file.ts';
import type { CodebaseAnalysis, FileAnalysis } from './analysis.ts';
import { analyzeFile } from './analyze-file.ts';
import type { AnalyzerParameters } from './index.ts';

/** Files read and parsed at a time; parsing has threads of its own. */
const FILES_AT_A_TIME = 4;

/** The agent's work; see `codebaseAnalyzer` for its output and failures. */
export async function analyzeCodebase(
  { root, file, files = [] }: AnalyzerParameters,
  context: AgentContext,
): Promise<JsonValue> {
  if (file !== undefined) return (await analyzeOne(root, file)) as unknown as JsonValue;
  const output: CodebaseAnalysis = { root, files: [], failed: [] };
  for (let at = 0; at < files.length; at += FILES_AT_A_TIME) {
    context.signal.throwIfAborted();
    const batch = files.slice(at, at + FILES_AT_A_TIME);
    for (const result of await Promise.all(batch.map((path) => tryOne(root, path)))) {
      if ('code' in result) output.failed.push(result);
      else output.files.push(result);
    }
    const done = Math.min(at + FILES_AT_A_TIME, files.length);
    context.progress({
      percent: (100 * done) / files.length,
      message: `${done} of ${files.length} files`,
    });
  }
  return output as unknown as JsonValue;
}

async function analyzeOne(root: string, file: string): Promise<FileAnalysis> {
  const { path, realPath } = await locateInside(root, file);
  return analyzeFile(path, await readSource(realPath, path));
}

async function tryOne(
  root: string,
  file: string,
): Promise<FileAnalysis | CodebaseAnalysis['failed'][number]> {
  try {
    return await analyzeOne(root, file);
  } catch (error) {
    const concernsFile = error instanceof AgentFailure && error.code.startsWith('file.');
    if (!concernsFile) throw error;
    return { file, code: error.code, message: error.message };
  }
}
