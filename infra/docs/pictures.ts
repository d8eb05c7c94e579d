/** The pictures of docs/pictures, by path: one for each console block with `picture=`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './blocks.ts';
import { terminalPicture } from './picture.ts';

const root = join(import.meta.dirname, '..', '..');

export function pictures(): ReadonlyMap<string, string> {
  const documents = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name));
  return new Map(
    [join(root, 'README.md'), ...documents]
      .flatMap((path) => blocksOf(readFileSync(path, 'utf8')))
      .flatMap(({ attributes, body }): [string, string][] => {
        const name = attributes.get('picture');
        return name === undefined ? [] : [[`docs/pictures/${name}.svg`, terminalPicture(body)]];
      }),
  );
}
