/** A folder with more files than a call may have arguments. Made up: to write them takes seconds and is no part of it. */
import { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { walkFiles } from '../../../src/agents/builtin/codebase-locator/walk-files.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  readdir: vi.fn(),
}));

const FILES = 200_000;

class FakeFile extends Dirent {
  constructor(index: number) {
    super();
    this.name = `f${String(index).padStart(6, '0')}.ts`;
  }
  override isFile = () => true;
  override isDirectory = () => false;
}

it('lists a folder with 200,000 files', async () => {
  vi.mocked<(path: string) => Promise<unknown>>(readdir).mockResolvedValue(
    Array.from({ length: FILES }, (_, index) => new FakeFile(index)),
  );
  const { files, skipped } = await walkFiles('/made-up', {
    includeIgnored: true,
    includeDependencies: false,
    isExcluded: () => false,
    signal: new AbortController().signal,
  });
  expect([files.length, files[0], files.at(-1), skipped]).toEqual([
    FILES,
    'f000000.ts',
    'f199999.ts',
    [],
  ]);
});
