/**
 * Secrets that a test plants, and the search for them. Knows nothing of the code that takes them out: the forms are
 * made here by other means.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What needs to be escaped in most notations. */
export const TOKEN = 'tk-"Zq7/+é\\ 9xW&v=Lm%3-planted';
export const KEY_LINES = [
  '-----BEGIN KEY-----',
  'QUJDpLAnted0123456789',
  'second/Line+of==planted',
  '-----END KEY-----',
];

/** A value in the notations of other programs, by name. */
export function formsOf(value: string): Record<string, string> {
  const bytes = Buffer.from(value);
  const at = (before: number): string =>
    Buffer.concat([Buffer.alloc(before, 'a'), bytes, Buffer.from('bcd')]).toString('base64');
  return {
    plain: value,
    within: `Bearer ${value}.`,
    json: JSON.stringify({ v: value }),
    jsonTwice: JSON.stringify(JSON.stringify(value)),
    url: encodeURIComponent(value),
    query: new URLSearchParams({ v: value }).toString(),
    hex: bytes.toString('hex'),
    base64: at(0),
    base64Second: at(1),
    base64Third: at(2),
    base64Url: bytes.toString('base64url'),
    base64Lines: at(1).replace(/(.{12})/g, '$1\n'),
  };
}

/** Texts that only somebody who knows the value can write: the forms without what stands around them. */
export function needlesOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const middle = (before: number): string => {
    const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
    return digits.slice(4, digits.length - 4);
  };
  const digits = [0, 1, 2].map(middle);
  const json = JSON.stringify(value).slice(1, -1);
  const query = new URLSearchParams({ v: value }).toString().slice(2);
  return [
    ...[value, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(value), query],
    bytes.toString('hex'),
    ...digits,
    ...digits.map((text) => text.replaceAll('-', '+').replaceAll('_', '/')),
  ];
}

/** Where one of the needles stands in a text. */
export function foundIn(text: string, needles: readonly string[]): string[] {
  // Over the ends of lines, as they are and as JSON writes them.
  const joined = text.replace(/\r?\n|\\+r?\\*n?/g, '');
  return needles.filter((needle) => text.includes(needle) || joined.includes(needle));
}

/** Every file below a folder that has one of them, as `file: needle`. */
export function foundBelow(folder: string, needles: readonly string[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return foundIn(readFileSync(path).toString('utf8'), needles).map(
      (needle) => `${path}: ${needle}`,
    );
  });
}
