import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readUpFile, writeUpFile } from '../../src/cli/up-file.ts';

it('says that a folder stands where its file should be, and leaves no draft', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'troupe-up-file-'));
  try {
    mkdirSync(join(dataDir, 'up.json'));
    const content = { nats: 'nats://x:1', prefix: 'p', dataDir, logId: 'log', pid: process.pid };
    expect(() => writeUpFile({ kind: 'up', ...content })).toThrow(
      expect.objectContaining({
        code: 'cli.file-unwritable',
        hint: expect.stringMatching(/folder/),
      }),
    );
    expect(readdirSync(dataDir)).toEqual(['up.json']);
    expect(readUpFile(dataDir)).toBeUndefined();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
