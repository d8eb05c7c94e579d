/** The pictures of docs/pictures, by path: one for each console block with `picture=` or `timeline=`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf } from './blocks.ts';
import { terminalPicture } from './picture.ts';
import { documentPaths } from './shown-files.ts';
import { timelinePicture } from './timeline.ts';

const root = join(import.meta.dirname, '..', '..');

export function pictures(): ReadonlyMap<string, string> {
  return new Map(
    documentPaths()
      .flatMap((path) => blocksOf(readFileSync(join(root, path), 'utf8')))
      .flatMap(picturesOf),
  );
}

/** The pictures of one block. */
export function picturesOf({
  attributes,
  body,
}: Pick<Block, 'attributes' | 'body'>): [string, string][] {
  const terminal = attributes.get('picture');
  const timeline = attributes.get('timeline');
  const path = (name: string): string => `docs/pictures/${name}.svg`;
  return [
    ...(terminal === undefined
      ? []
      : [[path(terminal), terminalPicture(body)] as [string, string]]),
    ...(timeline === undefined
      ? []
      : [[path(timeline), timelinePicture(body)] as [string, string]]),
  ];
}
