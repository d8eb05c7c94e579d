/** The documents against the repository: what they show, name and link is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../src/cli/commands.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');

/** The features of the first two parts, as ranges of the register. */
const FEATURES =
  'A01-A36 A38-A49 A57 B01 B02 B04-B14 B16-B19 B21-B24 B26 B27 B31-B33 C01 C07 C22-C25 C40 ' +
  'F02 F03 G09 G11 G12 H01 H02 H15 H17 H18 H21 I01 I02 I08-I13';

function idsOf(ranges: string): string[] {
  return ranges.split(' ').flatMap((range) => {
    const section = range.charAt(0);
    const [from = 0, to = from] = range.split('-').map((id) => Number(id.slice(1)));
    return Array.from({ length: to - from + 1 }, (_, index) => {
      return section + String(from + index).padStart(2, '0');
    });
  });
}

/** The fenced blocks of a document: what stands after the fence, and the text. */
function blocksOf(text: string): { info: string; body: string }[] {
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', body = '']) => ({
    info,
    body,
  }));
}

/** Every `bin/troupe ...` line, without the command's own name. */
function commandLines(text: string): string[] {
  return blocksOf(text).flatMap(({ body }) =>
    [...body.matchAll(/^(?:\$ )?bin\/troupe (.*)$/gm)].map(([, line = '']) => line),
  );
}

/** Relative links that lead nowhere, from the folder of the document. */
function brokenLinks(path: string, folder: string): string[] {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to = '']) => to);
  return links.filter((to) => !existsSync(join(root, folder, to)));
}

describe('README.md', () => {
  const shown = blocksOf(readme).filter(({ info }) => info.includes('file='));

  it('shows files as they are', () => {
    expect(shown.length).toBeGreaterThan(1);
    for (const { info, body } of shown) {
      const path = info.slice(info.indexOf('file=') + 'file='.length);
      expect(body, path).toBe(read(path));
    }
  });

  it('names commands that exist', async () => {
    const lines = commandLines(readme);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const [name = '', second = ''] = line.split(' ');
      const command = await commands[name]?.load();
      expect(command, line).toBeDefined();
      if (command !== undefined && 'commands' in command)
        expect(Object.keys(command.commands), line).toContain(second);
    }
  });

  it('names example files that exist', () => {
    const files = [...new Set(readme.match(/examples\/[\w.-]+\w/g))];
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('has no link that leads nowhere', () => {
    expect(brokenLinks('README.md', '.')).toEqual([]);
  });
});

describe('docs/decisions', () => {
  const pages = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-/.test(name));
  const index = read('docs/decisions/README.md');

  it('are all in the index, under a number of their own', () => {
    expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([]);
    expect(new Set(pages.map((page) => page.slice(0, 4))).size).toBe(pages.length);
    expect(brokenLinks('docs/decisions/README.md', 'docs/decisions')).toEqual([]);
  });

  it('carry their number in their title', () => {
    const wrong = pages.filter(
      (page) => !read(`docs/decisions/${page}`).startsWith(`# ${Number(page.slice(0, 4))}. `),
    );
    expect(wrong).toEqual([]);
  });
});

describe('docs/status.md', () => {
  const status = read('docs/status.md');

  it('has a row for every feature of the first part', () => {
    const ids = idsOf(FEATURES);
    expect(ids.length).toBe(101);
    expect(ids.filter((id) => !new RegExp(`^\\| ${id} \\|`, 'm').test(status))).toEqual([]);
  });

  it('names files that exist', () => {
    const files = [...new Set(status.match(/\b(?:test|src|examples)\/[\w./-]+\.\w+/g))];
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
