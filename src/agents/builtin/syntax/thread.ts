/** The code of one thread: takes jobs one at a time, answers each. See `threads.ts`. */
import { parentPort } from 'node:worker_threads';
import { failureOf } from '../../../messages/failure.ts';
import { AgentFailure } from '../../errors.ts';
import type { Answers, FileFailure, Job, Reply } from './thread-jobs.ts';

async function perform(job: Job): Promise<unknown> {
  switch (job.type) {
    case 'analyze': {
      const { analyzeInside } = await import('../codebase-analyzer/analyze-inside.ts');
      return Promise.all(
        job.files.map((file) => orFailure(file, () => analyzeInside(file, job))),
      ) satisfies Promise<Answers['analyze']>;
    }
    case 'search': {
      const { fileSearch } = await import('../codebase-locator/search-file.ts');
      const search = fileSearch(job.folder, job.search);
      return Promise.all(
        job.files.map((file) => orFailure(file, () => search(file))),
      ) satisfies Promise<Answers['search']>;
    }
    case 'relations': {
      const { relationsOf } = await import('../codebase-analyzer/relations.ts');
      return relationsOf(job.files);
    }
    case 'report': {
      const { writeReport } = await import('../report-writer/write-report.ts');
      return writeReport(job.parameters);
    }
  }
}

/** What concerns one file is an answer; everything else fails the job. */
async function orFailure<Value>(
  file: string,
  work: () => Promise<Value>,
): Promise<Value | FileFailure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AgentFailure && error.code.startsWith('file.'))
      return { file, code: error.code, message: error.message };
    if (error instanceof AgentFailure) throw error;
    // A parser that fails on one file (memory, a fault of its own) says nothing about the others.
    return { file, code: 'file.analysis-failed', message: `${file}: ${String(error)}` };
  }
}

parentPort?.on('message', (job: Job) => {
  perform(job).then(
    (value) => parentPort?.postMessage({ value } satisfies Reply),
    (error: unknown) => {
      const { code, message, retryable } = failureOf(error);
      parentPort?.postMessage({ failure: { code, message, retryable } } satisfies Reply);
    },
  );
});
