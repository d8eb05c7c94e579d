/**
 * A quick way in for JSON: the platform's parser reads it, and a scan of its tokens finds what that
 * parser keeps quiet about. Large requests are JSON, and the YAML reader takes 100 times as long.
 */
import type { JsonValue } from './value.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
const IS_KEY = /[ \t\r\n]*:/y;

/**
 * The value of a JSON text that has no repeated keys and no key `__proto__`; `undefined` for every
 * other text, which the YAML reader then explains with places. Linear.
 */
export function readJson(source: string): JsonValue | undefined {
  if (!/^\s*[{[]/.test(source)) return undefined;
  try {
    const value = JSON.parse(source) as JsonValue;
    return hasUniqueKeys(source) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function hasUniqueKeys(source: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (const match of source.matchAll(TOKEN)) {
    const token = match[0];
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (!isNewKey(source, { token, end: match.index + token.length, keys: open.at(-1) }))
      return false;
  }
  return true;
}

function isNewKey(
  source: string,
  { token, end, keys }: { token: string; end: number; keys: Set<string> | undefined },
): boolean {
  IS_KEY.lastIndex = end;
  if (keys === undefined || !IS_KEY.test(source)) return true;
  const key = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
  if (keys.has(key) || key === '__proto__') return false;
  keys.add(key);
  return true;
}
