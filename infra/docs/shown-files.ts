/** Blocks with `file=`: the documents show files as they are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './blocks.ts';

const root = join(import.meta.dirname, '..', '..');

/** README.md and all documents under docs/, as paths from the root. */
export function documentPaths(): string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const pages = below.filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.map((name) => `docs/${name.replaceAll('\\', '/')}`).sort()];
}

/** The documents in which a file that is shown was changed since, with the file as it is now. */
export function withFilesOfToday(): ReadonlyMap<string, string> {
  return new Map(
    documentPaths().flatMap((path): [string, string][] => {
      const text = readFileSync(join(root, path), 'utf8');
      const today = shownToday(text);
      return today === text ? [] : [[path, today]];
    }),
  );
}

function shownToday(text: string): string {
  let next = '';
  let end = 0;
  for (const { attributes, start, body } of blocksOf(text)) {
    const file = attributes.get('file');
    if (file === undefined) continue;
    next += text.slice(end, start) + readFileSync(join(root, file), 'utf8');
    end = start + body.length;
  }
  return next + text.slice(end);
}
