/** What the sources say about their own parts, in comments: for pages that are made from them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The comment above each field in the declaration of `name`, by field. */
export function fieldNotes(source: string, name: string): Map<string, string> {
  return commentsIn(declaration(source, name));
}

/** The comment above each field in a piece of source. */
export function commentsIn(body: string): Map<string, string> {
  const notes = new Map<string, string>();
  for (const [, comment = '', field = ''] of body.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([A-Za-z0-9_]+)\??:/g,
  ))
    notes.set(field, commentText(comment));
  return notes;
}

/** The comment above the declaration of `name`; empty where there is none. */
export function declarationNote(source: string, name: string): string {
  const found = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?:export )?(?:abstract )?(?:const|function|interface|type|class) ${name}\\b`,
  ).exec(source);
  return commentText(found?.[1] ?? '');
}

/** The text of one top-level declaration: up to the next line that is only a closing bracket. */
export function declaration(source: string, name: string): string {
  const found = new RegExp(
    `^export (?:const|interface|type) ${name}\\b[\\s\\S]*?^[)\\]}]+[^\\n]*$`,
    'm',
  ).exec(source);
  if (found === null) throw new Error(`no declaration of ${name}`);
  return found[0];
}

export function commentText(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .join(' ')
    .trim();
}
