/** Errors in one shape: what and where, what to do, and the code; with `--json` the same as a document. */
import { TroupeError } from '../workflow/errors.ts';
import { UnexpectedError, WorkflowFileInvalidError } from './errors.ts';
import { exitCodeOf } from './exit-codes.ts';
import { asTyped } from './own-command.ts';
import { counted } from './render/format.ts';
import { problemText, SourceLines } from './render/problem-text.ts';
import type { Terminal } from './terminal.ts';

const MAX_PROBLEMS_SHOWN = 50;

/** Prints the error and returns the exit code for it. A stack trace is printed only when debugging. */
export function reportError(
  thrown: unknown,
  options: { terminal: Terminal; isDebug: boolean; isJson: boolean },
): number {
  const { terminal, isDebug, isJson } = options;
  const error = thrown instanceof TroupeError ? thrown : new UnexpectedError(thrown);
  const { code, message, hint, details } = error;
  if (isJson) terminal.printJson({ error: { code, message, hint, details } });
  if (error instanceof WorkflowFileInvalidError) return reportFiles(error, terminal);
  terminal.tell(`error: ${message}`);
  for (const line of problemLines(details['problems'])) terminal.tell(line);
  if (hint !== '') terminal.tell(`  hint: ${asTyped(hint)}`);
  const possible = details['possible'];
  if (Array.isArray(possible) && possible.length > 0)
    terminal.tell(`  possible: ${possible.join(', ')}`);
  terminal.tell(`  code: ${code}`);
  if (isDebug) terminal.tell(stackOf(error));
  return exitCodeOf(code);
}

/** Problems of files as `validate` shows them: each in its line, with its own hint and code. */
function reportFiles({ files, code }: WorkflowFileInvalidError, terminal: Terminal): number {
  const all = files.flatMap(({ source, problems }) => {
    const lines = new SourceLines(source);
    return problems.map((problem) => ({ problem, lines }));
  });
  for (const { problem, lines } of all.slice(0, MAX_PROBLEMS_SHOWN))
    terminal.tell(`${problemText(problem, lines, { hasColor: terminal.hasColor })}\n`);
  const hidden = all.length - MAX_PROBLEMS_SHOWN;
  if (hidden > 0) terminal.tell(`and ${hidden} more\n`);
  for (const { file, problems } of files) {
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (errors === 0) continue;
    terminal.tell(`error: ${file} is not valid, ${counted(errors, 'error', 'errors')}`);
  }
  terminal.tell(`  code: ${code}`);
  return exitCodeOf(code);
}

/** Lists of problems, as `workflow.invalid` and `settings.invalid` carry them, one line each. */
export function problemLines(problems: unknown): string[] {
  if (!Array.isArray(problems) || problems.length === 0) return [];
  const lines = problems
    .slice(0, MAX_PROBLEMS_SHOWN)
    .map((problem) => `  - ${problemLine(problem)}`);
  const hidden = problems.length - lines.length;
  return hidden > 0 ? [...lines, `  - and ${hidden} more`] : lines;
}

function problemLine(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const { file, line, column, path, source, code, message, hint } = problem as Record<
    string,
    unknown
  >;
  const position = line === undefined || line === 0 ? '' : `${line}:${column ?? 1} `;
  const place = file === undefined ? `${String(source ?? path ?? '')} ` : `${String(file)}:`;
  const where = `${place}${position}`.trim();
  const tail = [
    code === undefined ? '' : `[${String(code)}]`,
    typeof hint === 'string' ? hint : '',
  ].filter((part) => part !== '');
  return [where, String(message ?? ''), ...tail].filter((part) => part !== '').join(' ');
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  const { cause } = error;
  return cause instanceof Error ? `${own}\ncaused by: ${stackOf(cause)}` : own;
}
