/** Every fenced block of the documents: what it shows is a file, is run by a test, or is checked here. Every link leads somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Block, blocksOf, stepsOf } from '../infra/docs/blocks.ts';
import { picturesOf } from '../infra/docs/pictures.ts';
import { shownBy } from '../infra/docs/shown-files.ts';
import { parseArguments } from '../src/cli/arguments.ts';
import { isGroup } from '../src/cli/command.ts';
import { commands } from '../src/cli/commands.ts';
import { helpOption } from '../src/cli/common-options.ts';
import { linkWorkflow } from '../src/workflow/link.ts';
import { type ParseOptions, parseWorkflow } from '../src/workflow/parse.ts';
import { documents, root } from './docs/documents.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const all = documents.flatMap((path) =>
  blocksOf(read(path)).map((block) => ({ ...block, at: `${path}:${block.line}`, path })),
);
const of = (...languages: string[]) => all.filter(({ language }) => languages.includes(language));
/** Code that a reader may copy: it has to come from a file that is checked or run. */
const CODE = ['ts', 'js', 'mjs', 'python', 'py'];
const LANGUAGES = [...CODE, 'yaml', 'json', 'sh', 'console', 'text', 'mermaid', 'markdown'];

/** What a workflow runs that another block of its document shows. */
function childrenOf(source: string, path: string): Pick<ParseOptions, 'children'> {
  const linked = linkWorkflow({ key: '', file: path, stem: 'root', source }, (name) => {
    const title = join('workflows', name);
    const shown = all.find(
      (block) => block.path === path && block.attributes.get('title') === title,
    );
    return shown && { key: title, file: title, stem: name, source: shown.body };
  });
  const children = linked?.files[0]?.children;
  return children === undefined ? {} : { children };
}

describe('the blocks of the documents', () => {
  it('name their language', () => {
    expect(all.length).toBeGreaterThan(60);
    const unknown = all.filter(({ language }) => !LANGUAGES.includes(language));
    expect(unknown.map(({ at }) => at)).toEqual([]);
  });

  it('with code come from files', () => {
    const loose = of(...CODE).filter(({ attributes: given }) =>
      ['file', 'excerpt', 'title'].every((name) => !given.has(name)),
    );
    expect(loose.map(({ at }) => at)).toEqual([]);
  });

  it('show files as they are', () => {
    const shown = all.filter(({ attributes }) => attributes.has('file'));
    expect(shown.length).toBeGreaterThan(2);
    for (const { at, body, attributes } of all) {
      const wanted = shownBy(attributes);
      const part = attributes.get('excerpt');
      if (wanted !== undefined) expect(body, `${at} (if not: node infra/docs.mjs)`).toBe(wanted);
      else if (part !== undefined) expect(read(part).includes(body.trimEnd()), at).toBe(true);
    }
  });

  it('with workflows are valid, or not valid where they say so', () => {
    const workflows = of('yaml', 'json').filter(({ body }) => /^"?tasks"?:/m.test(body));
    expect(workflows.length).toBeGreaterThan(8);
    for (const { at, body, attributes, path } of workflows) {
      const children = childrenOf(body, path);
      const { definition, problems } = parseWorkflow(body, { file: at, ...children });
      expect(definition !== undefined, `${at} ${JSON.stringify(problems)}`).toBe(
        attributes.get('check') !== 'invalid',
      );
    }
  });

  it('with YAML or JSON can be parsed', () => {
    for (const { at, body } of of('yaml')) expect(() => parse(body), at).not.toThrow();
    for (const { at, body } of of('json')) expect(() => JSON.parse(body), at).not.toThrow();
  });

  it('with shell lines are shell', () => {
    for (const { at, body } of of('sh')) {
      const script = body.replaceAll(/<[^>\n]+>/g, 'x');
      expect(spawnSync('bash', ['-n'], { input: script }).stderr.toString(), at).toBe('');
    }
  });

  it('call commands and options that exist', async () => {
    const lines = of('sh', 'console').flatMap((block) => troupeLines(block));
    expect(lines.length).toBeGreaterThan(60);
    for (const line of lines) await checkLine(line);
  });

  it('have the pictures that are made of them (if not: node infra/docs.mjs)', () => {
    const pictures = all.flatMap((block) => picturesOf(block));
    expect(pictures.length).toBeGreaterThan(2);
    for (const [path, picture] of pictures) expect(read(path), path).toBe(picture);
  });
});

describe('the links of the documents', () => {
  it.each(documents)('%s', (path) => {
    const links = [...withoutBlocks(read(path)).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)];
    for (const [, link = ''] of links) {
      const [file = '', anchor] = link.split('#');
      const target =
        file === '' ? path : normalize(join(dirname(path), file)).replaceAll('\\', '/');
      expect(existsSync(join(root, target)), `${path}: ${link}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(read(target)), `${path}: ${link}`).toContain(anchor);
    }
  });

  it('reach every document from docs/README.md', () => {
    const index = read('docs/README.md');
    const missing = documents
      .filter((path) => path.startsWith('docs/') && path !== 'docs/README.md')
      .filter((path) => !index.includes(`](${path.slice('docs/'.length)})`));
    expect(missing).toEqual([]);
  });
});

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```.*\n[\s\S]*?^```$/gm, '');
}

/** Headings as GitHub names them. */
function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function troupeLines(block: Block & { at: string }): string[] {
  const lines =
    block.language === 'console'
      ? stepsOf(block.body).map(({ command }) => command)
      : block.body.split('\n');
  return lines.flatMap((line) => {
    const [, call = ''] = /^(?:[A-Z_]+=\S+ )*(?:bin\/|npx )?troupe (.*)$/.exec(line) ?? [];
    return call === '' ? [] : [call];
  });
}

/** Parses a command line as the command would. Throws where it would refuse. */
async function checkLine(line: string): Promise<void> {
  const words = (line.split(/;| [|&>]| 2>| #/)[0] ?? '').match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const [name = '', ...rest] = words;
  if (name.startsWith('-')) return;
  const loaded = await commands[name]?.load();
  if (loaded === undefined) throw new Error(`${line}: no such command`);
  const [sub = '', ...others] = rest;
  const command = isGroup(loaded) ? loaded.commands[sub] : loaded;
  if (command === undefined) throw new Error(`${line}: no such sub-command`);
  parseArguments(isGroup(loaded) ? others : rest, {
    command: line,
    options: { ...command.options, ...helpOption },
    words: command.words,
  });
}
