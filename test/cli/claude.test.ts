/** `troupe claude install | uninstall`: what is written, and what is never overwritten. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { claudeCommands, isUnchanged } from '../../src/cli/claude-commands.ts';
import { commands } from '../../src/cli/commands.ts';
import { Folder } from '../e2e/troupe.ts';

const FILES = ['list', 'replay', 'run', 'status'].map((name) => `troupe-${name}.md`);
let project: Folder;

beforeEach(() => {
  project = new Folder();
});
afterEach(() => project.dispose());

const written = (): string => join(project.path, '.claude', 'commands');
const read = (name: string): string => readFileSync(join(written(), name), 'utf8');

it('writes four commands with front matter, and nothing the second time', async () => {
  const first = await project.troupe(['claude', 'install', '--json']);
  expect(first.code).toBe(0);
  expect(first.json().files.map(({ step }: { step: string }) => step)).toEqual(
    FILES.map(() => 'written'),
  );
  expect(readdirSync(written()).sort()).toEqual(FILES);
  for (const name of FILES) {
    const front = parse(read(name).split('---')[1] ?? '') as Record<string, unknown>;
    expect(Object.keys(front)).toEqual(['description', 'argument-hint', 'allowed-tools']);
    for (const value of Object.values(front)) expect(value, name).toBeTypeOf('string');
  }
  const second = await project.troupe(['claude', 'install']);
  expect([second.code, second.stdout.match(/^unchanged /gm)?.length]).toEqual([0, 4]);
});

it('writes nothing with --dry-run', async () => {
  const dry = await project.troupe(['claude', 'install', '--dry-run']);
  expect(dry.stdout.match(/^would be written/gm)).toHaveLength(4);
  expect(readdirSync(project.path)).toEqual([]);
});

it('leaves a changed file alone, names it, and replaces it with --force', async () => {
  await project.troupe(['claude', 'install']);
  writeFileSync(join(written(), 'troupe-run.md'), 'my own\n');
  const refused = await project.troupe(['claude', 'install', '--command', 'npx troupe']);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/troupe-run\.md[\s\S]*code: cli\.file-conflict/);
  expect(read('troupe-run.md')).toBe('my own\n');
  expect(read('troupe-list.md')).toContain('`npx troupe runs list');
  expect((await project.troupe(['claude', 'install', '--force'])).code).toBe(0);
  expect(isUnchanged(read('troupe-run.md'))).toBe(true);
});

it('removes what it wrote and keeps what was changed', async () => {
  await project.troupe(['claude', 'install']);
  writeFileSync(join(written(), 'troupe-list.md'), 'my own\n');
  expect((await project.troupe(['claude', 'uninstall'])).code).toBe(4);
  expect(readdirSync(written())).toEqual(['troupe-list.md']);
  expect((await project.troupe(['claude', 'uninstall', '--force'])).code).toBe(0);
  expect(readdirSync(join(project.path, '.claude'))).toEqual([]);
});

it('refuses a folder that is not there and a command that is none', async () => {
  expect((await project.troupe(['claude', 'install', '--dir', 'nowhere'])).code).toBe(2);
  expect((await project.troupe(['claude', 'install', '--command', 'a; b'])).code).toBe(2);
  expect(readdirSync(project.path)).toEqual([]);
});

it('calls Troupe commands that exist', async () => {
  const lines = [...claudeCommands('troupe').values()].flatMap((text) => [
    ...text.matchAll(/`troupe ([a-z]+)(?: ([a-z]+))?/g),
  ]);
  expect(lines.length).toBeGreaterThan(8);
  for (const [line, name = '', second = ''] of lines) {
    const command = await commands[name]?.load();
    expect(command, line).toBeDefined();
    if (command !== undefined && 'commands' in command)
      expect(Object.keys(command.commands), line).toContain(second);
  }
});

it('runs nothing that a person typed while a command is read', () => {
  for (const text of claudeCommands('troupe').values())
    for (const [line] of text.matchAll(/^!`.*$/gm)) expect(line).not.toContain('$');
});

it('sees a change in any place, and takes other line ends for the same text', () => {
  const [text = ''] = claudeCommands('troupe').values();
  expect(isUnchanged(text)).toBe(true);
  expect(isUnchanged(text.replaceAll('\n', '\r\n'))).toBe(true);
  expect(isUnchanged(text.replace('Run', 'run'))).toBe(false);
  expect(isUnchanged(`${text}more\n`)).toBe(false);
});
