/** A command waits for another that has the data directory for a moment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { onceUnlocked } from '../../src/cli/once-unlocked.ts';
import { LogLockedError } from '../../src/log/errors.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { memoryTerminal } from './memory-terminal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-unlocked-'));
});
afterEach(() => {
  process.exitCode = 0; // `main` sets it for a process that runs out of work
  rmSync(folder, { recursive: true, force: true });
});

it('looks again while the log is locked, and at nothing else', async () => {
  let looks = 0;
  const answer = await onceUnlocked(async () => {
    looks += 1;
    if (looks < 3) throw new LogLockedError(folder);
    return looks;
  });
  expect(answer).toBe(3);
  looks = 0;
  const broken = onceUnlocked(async () => {
    looks += 1;
    throw new Error('broken');
  });
  await expect(broken).rejects.toThrow('broken');
  expect(looks).toBe(1);
});

const hello = join(import.meta.dirname, '../../examples/hello.yaml');

it.each([
  ['runs', 'list'],
  ['run', hello],
])('troupe %s waits for the owner of a moment', async (...line) => {
  const { terminal, stderr } = memoryTerminal();
  const troupe = () => main(line, { terminal, environment: {}, workingDirectory: folder });
  expect(await troupe()).toBe(0); // from here on nothing is left to load, so that the next one comes too soon
  const log = await openLevelLog({ directory: join(folder, '.troupe') });
  const done = troupe();
  await pause(500); // another command that reads, for as long as one takes
  await log.close();
  expect(await done, stderr()).toBe(0);
});
