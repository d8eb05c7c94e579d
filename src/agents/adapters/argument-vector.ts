/** Splits a command line into an argument vector, without a shell and without any expansion. */
import { invalidParameters } from '../run-agent.ts';

/** An argument as written: runs of quoted and unquoted pieces without blank between them. */
const ARGUMENT = /(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s'"\\])+/y;
const PIECE = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)/g;
const BLANK = /\s*/y;

/**
 * The rule: blanks separate arguments; within '...' everything is literal; within "..." a backslash makes the next
 * `"` or `\` literal and is itself otherwise; elsewhere a backslash makes the next character literal. `$`, `*`, `~`,
 * `|` and the like are ordinary characters. Throws `agent.invalid-parameters` for an open quote, a trailing
 * backslash and an empty command.
 */
export function splitCommand(command: string): string[] {
  const vector: string[] = [];
  let at = skipBlank(command, 0);
  while (at < command.length) {
    ARGUMENT.lastIndex = at;
    const match = ARGUMENT.exec(command);
    if (match === null) throw unfinished(command, at);
    vector.push(unquote(match[0]));
    const end = at + match[0].length;
    at = skipBlank(command, end);
    // An argument ends at a blank or at the end; anything else is a quote that never closes.
    if (at === end && at < command.length) throw unfinished(command, at);
  }
  if (vector.length === 0) throw invalidParameters('command: it is empty.');
  return vector;
}

function skipBlank(text: string, from: number): number {
  BLANK.lastIndex = from;
  BLANK.exec(text);
  return BLANK.lastIndex;
}

function unquote(argument: string): string {
  let text = '';
  for (const [, single, double, escaped, plain] of argument.matchAll(PIECE)) {
    text += single ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? '';
  }
  return text;
}

function unfinished(command: string, at: number): Error {
  return invalidParameters(
    `command: a quote or backslash at character ${at + 1} is not finished. Use args for arguments with quotes.`,
    { command, at },
  );
}
