/** What it would take to parse a YAML text, from a look at its tokens: parsing one takes many times as long. */
import { yaml } from './late-libraries.ts';
import { MAX_BRACKETS } from './limits.ts';

/** Marks that the next token is the text of a scalar. */
const SCALAR_MARK = '\u001f';
const OPENING: ReadonlySet<string> = new Set(['[', '{']);
const CLOSING: ReadonlySet<string> = new Set([']', '}']);
/** Escapes of a text in double quotes; the group takes those that are none, each a mistake to tell. */
const ESCAPES =
  /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0abefnrtvNLP_ "/\\\t\r\n])|(\\)/g;

/** Tokens are counted up to `maxTokens`; a wrong escape counts as one. */
export function effortOf(
  source: string,
  { maxTokens }: { maxTokens: number },
): 'bounded' | 'too-large' | 'too-deep' {
  let tokens = 0;
  let depth = 0;
  let isText = false;
  for (const token of new (yaml().Lexer)().lex(source)) {
    tokens += token.startsWith('"') && !isText ? 1 + wrongEscapes(token) : 1;
    if (tokens > maxTokens) return 'too-large';
    if (!isText && OPENING.has(token)) depth += 1;
    else if (!isText && CLOSING.has(token)) depth = Math.max(0, depth - 1);
    if (depth > MAX_BRACKETS) return 'too-deep';
    isText = token === SCALAR_MARK;
  }
  return 'bounded';
}

function wrongEscapes(quoted: string): number {
  let count = 0;
  for (const [, wrong] of quoted.matchAll(ESCAPES)) if (wrong !== undefined) count += 1;
  return count;
}
