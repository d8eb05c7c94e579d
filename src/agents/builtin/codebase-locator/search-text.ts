/**
 * Text search, line by line. A regular expression runs under a time limit, because one with nested repetition can take
 * for ever; it runs in a context of its own since only that can be interrupted.
 */
import { createContext, Script } from 'node:vm';
import { invalidParameters } from '../../run-agent.ts';
import { failure } from '../syntax/source-file.ts';
import type { Match } from './location.ts';

/** For all lines of one file. */
const REGEX_TIMEOUT_MS = 250;
const MAX_TEXT = 300;
const MAX_MATCHES_IN_FILE = 10_000;

/** Offsets of matches in a text. */
export type Find = (text: string) => number[];

/** Finds every place of a literal. */
export function literalFinder(literal: string, ignoreCase: boolean): Find {
  const escaped = literal.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const pattern = new RegExp(escaped, ignoreCase ? 'giu' : 'gu');
  return (text) =>
    Array.from(text.matchAll(pattern), ({ index }) => index).slice(0, MAX_MATCHES_IN_FILE);
}

/** `^` and `$` are the ends of a line. Throws `agent.invalid-parameters`; finding throws `locator.regex-too-slow`. */
export function regexFinder(source: string, ignoreCase: boolean): Find {
  const pattern = compile(source, ignoreCase);
  const scope = createContext({ pattern, text: '', limit: MAX_MATCHES_IN_FILE });
  const script = new Script(`{
    const offsets = [];
    for (const match of text.matchAll(pattern)) {
      if (offsets.push(match.index) >= limit) break;
    }
    offsets;
  }`);
  return (text) => {
    scope.text = text;
    try {
      return Array.from(script.runInContext(scope, { timeout: REGEX_TIMEOUT_MS }) as number[]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw failure(
        'locator.regex-too-slow',
        `regex: more than ${REGEX_TIMEOUT_MS} ms for one file.`,
      );
    }
  };
}

/** Throws `agent.invalid-parameters` for what is no regular expression. */
export function checkRegex(source: string, ignoreCase: boolean): void {
  compile(source, ignoreCase);
}

function compile(source: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(source, ignoreCase ? 'gimu' : 'gmu');
  } catch (error) {
    throw invalidParameters(`regex: ${(error as Error).message}.`);
  }
}

/** The places as matches, each with its line. */
export function textMatches(file: string, text: string, offsets: readonly number[]): Match[] {
  let line = 1;
  let lineStart = 0;
  return offsets.map((offset) => {
    for (
      let end = text.indexOf('\n', lineStart);
      end !== -1 && end < offset;
      end = text.indexOf('\n', lineStart)
    ) {
      line += 1;
      lineStart = end + 1;
    }
    const lineEnd = text.indexOf('\n', lineStart);
    const whole = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).trim();
    return {
      file,
      line,
      column: offset - lineStart + 1,
      kind: 'text',
      text: whole.slice(0, MAX_TEXT).toWellFormed(),
    };
  });
}
