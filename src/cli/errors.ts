/** The errors of the command line. Each ends the process with the exit code of its `code`. */
import { reasonOf, TroupeError, WorkflowInvalid } from '../workflow/errors.ts';
import type { Problem } from '../workflow/problems.ts';

/** The command line cannot be understood. */
export class UsageError extends TroupeError {
  readonly code = 'cli.usage';
  constructor(message: string, hint: string, details: Record<string, unknown> = {}) {
    super(message, { hint, details });
  }
}

/** What a path names can be opened and is not what is wanted; the reason and hint of the error that names it. */
export class UnfitFileError extends Error {
  readonly hint: string;
  constructor(reason: string, hint: string) {
    super(reason);
    this.hint = hint;
  }
}

/** A file named on the command line cannot be read. */
export class FileUnreadableError extends TroupeError {
  readonly code = 'cli.file-unreadable';
  constructor(path: string, cause: unknown) {
    super(`cannot read ${path}: ${systemReasonOf(cause)}`, {
      hint: cause instanceof UnfitFileError ? cause.hint : 'Check the path and its permissions.',
      details: { path },
      cause,
    });
  }
}

/** A file named on the command line cannot be written. */
export class FileUnwritableError extends TroupeError {
  readonly code = 'cli.file-unwritable';
  constructor(path: string, cause: unknown) {
    super(`cannot write ${path}: ${systemReasonOf(cause)}`, {
      hint:
        (cause as { code?: unknown } | null)?.code === 'EISDIR'
          ? 'Move the folder of this name away.'
          : 'Check that the folder exists and may be written to.',
      details: { path },
      cause,
    });
  }
}

/** Settings from flags, environment or file that do not fit their schema; all of them are in `details.problems`. */
export class SettingsInvalidError extends TroupeError {
  readonly code = 'settings.invalid';
  constructor(problems: readonly SettingProblem[]) {
    const first = problems[0];
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super(`${first?.source ?? 'settings'}: ${first?.message ?? 'not valid'}${more}`, {
      hint: first?.hint ?? 'Correct the setting.',
      details: { problems: [...problems] },
    });
  }
}

export interface SettingProblem {
  /** `--nats-port`, `TROUPE_NATS_PORT` or `troupe.config.yaml: nats_port`. */
  source: string;
  message: string;
  hint: string;
}

/** No workflow has this name, in the project or among those that come with Troupe. */
export class WorkflowNotFoundError extends TroupeError {
  readonly code = 'workflow.not-found';
  constructor(name: string, hint: string) {
    super(`there is no workflow "${name}"`, { hint, details: { name } });
  }
}

/** A file with what is wrong in it, and its text, in which that can be shown. */
interface FileWithProblems {
  readonly file: string;
  readonly source: string;
  readonly problems: readonly Problem[];
}

/** A workflow file with problems in it, or in the files that it runs. */
export class WorkflowFileInvalidError extends WorkflowInvalid {
  readonly files: readonly FileWithProblems[];
  constructor(files: readonly FileWithProblems[]) {
    super(files.flatMap(({ problems }) => problems));
    this.files = files;
  }
}

/** A file of another format that cannot become a workflow; all reasons are in `details.problems`. */
export class ImportInvalidError extends TroupeError {
  readonly code = 'import.invalid';
  constructor(file: string, problems: readonly Problem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    super(`${file} cannot be imported: ${first?.message ?? 'no reason given'}`, {
      hint: first?.hint ?? 'Correct the file.',
      details: { problems: [...errors] },
    });
  }
}

/** A file that was changed by somebody else stands where one is to be written. */
export class FileChangedError extends TroupeError {
  readonly code = 'cli.file-conflict';
  constructor(paths: readonly string[]) {
    super(`not written, for they were changed: ${paths.join(', ')}`, {
      hint: 'Look at your changes; `--force` replaces these files.',
      details: { paths: [...paths] },
    });
  }
}

/** Another command owns the data directory and will leave with its own run. */
export class DataDirectoryBusyError extends TroupeError {
  readonly code = 'data-directory.busy';
  constructor(dataDir: string) {
    super(`another \`troupe\` command owns ${dataDir} for as long as it runs`, {
      hint: 'Wait for it, or start `troupe up` once: then any number of commands share the directory.',
      details: { dataDir },
    });
  }
}

/** The run is not in the log that was asked. */
export class RunNotFoundError extends TroupeError {
  readonly code = 'run.not-found';
  /** `archive`: the file with the run, where there is one. */
  constructor(runId: string, where: string, archive?: string) {
    super(`there is no run ${runId} in ${where}`, {
      hint:
        archive === undefined
          ? 'List the runs with `troupe runs list`; name the right data directory with --data-dir.'
          : `It was archived: \`troupe log import ${archive} --data-dir <an empty folder>\` reads it.`,
      details: { runId, where, ...(archive === undefined ? {} : { archive }) },
    });
  }
}

/** A run that goes on, or ended well, has nothing to reproduce. */
export class NotReproducibleError extends TroupeError {
  readonly code = 'run.not-reproducible';
  constructor(runId: string) {
    super(`nothing went wrong with ${runId} that its history shows`, {
      hint: 'Name a run in quarantine, or one that failed: `troupe runs list --status quarantined`.',
      details: { runId },
    });
  }
}

/** The data directory has no log; what is asked for can only be in another one. */
export class LogMissingError extends TroupeError {
  readonly code = 'log.not-found';
  constructor(dataDir: string) {
    super(`there is no log in ${dataDir}`, {
      hint: 'Check --data-dir and TROUPE_DATA_DIR; `troupe run` and `troupe up` make a log.',
      details: { dataDir },
    });
  }
}

/** A worker was started in a folder where nobody serves. */
export class NobodyUpError extends TroupeError {
  readonly code = 'orchestrator.unreachable';
  constructor(dataDir: string) {
    super(`there is no server to join: no \`troupe up\` runs on ${dataDir}`, {
      hint: 'Start `troupe up` there first (it has a worker of its own), or name a server: `troupe worker --nats-url nats://host:4222`.',
      details: { dataDir },
    });
  }
}

/** No orchestrator answers and the command cannot do its work without one. */
export class NoOrchestratorError extends TroupeError {
  readonly code = 'orchestrator.unreachable';
  constructor(url: string) {
    super(`no orchestrator answers on ${url}`, {
      hint: 'Start one with `troupe up`, or check TROUPE_NATS_URL and TROUPE_PREFIX.',
      details: { url },
    });
  }
}

/** The person pressed Ctrl+C, or the process was asked to end. */
export class InterruptedError extends TroupeError {
  readonly code = 'cli.interrupted';
  constructor() {
    super('interrupted', {
      hint: 'What was recorded is kept. The run goes on where an orchestrator runs, else when one starts again; `troupe runs list` finds it.',
    });
  }
}

/** A defect or an error of the system that no room has given a code. */
export class UnexpectedError extends TroupeError {
  readonly code = 'cli.unexpected';
  constructor(cause: unknown) {
    super(reasonOf(cause), {
      hint: 'Run again with TROUPE_LOG_LEVEL=debug for the stack trace.',
      cause,
    });
  }
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
};

/** What the system said of a path that is named already. */
function systemReasonOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  const known = typeof code === 'string' && Object.hasOwn(SYSTEM_REASONS, code);
  return (known ? SYSTEM_REASONS[code] : undefined) ?? reasonOf(error);
}
