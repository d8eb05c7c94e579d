/** Blocks with `file=` and `excerpt=`: the documents show files, and declarations in them, as they are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf } from './blocks.ts';

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

/** What a block has to show: a whole file, or one declaration (`excerpt=path#name`); undefined where it names none. */
export function shownBy(attributes: Block['attributes']): string | undefined {
  const file = attributes.get('file');
  if (file !== undefined) return readFileSync(join(root, file), 'utf8');
  const [path = '', name] = attributes.get('excerpt')?.split('#') ?? [];
  if (name === undefined) return undefined;
  return declarationIn(readFileSync(join(root, path), 'utf8'), name);
}

/** A declaration at the start of a line, up to the next line that starts there and closes nothing. */
function declarationIn(text: string, name: string): string {
  const lines = text.split('\n');
  const opening = new RegExp(
    `^(?:export )?(?:async )?(?:def|class|function|const|interface|type) ${name}\\b`,
  );
  const from = lines.findIndex((line) => opening.test(line));
  if (from === -1) throw new Error(`there is no declaration of ${name}`);
  const length = lines.slice(from + 1).findIndex((line) => /^[^\s)\]}]/.test(line));
  const to = length === -1 ? lines.length : from + 1 + length;
  return `${lines.slice(from, to).join('\n').trimEnd()}\n`;
}

function shownToday(text: string): string {
  let next = '';
  let end = 0;
  for (const { attributes, start, body } of blocksOf(text)) {
    const today = shownBy(attributes);
    if (today === undefined) continue;
    next += text.slice(end, start) + today;
    end = start + body.length;
  }
  return next + text.slice(end);
}
