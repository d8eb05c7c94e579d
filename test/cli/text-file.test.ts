/** F1 of `text-file.ts`: reading a file that somebody names ends, whatever it is. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileUnreadableError } from '../../src/cli/errors.ts';
import { readTextFile, readTextStream } from '../../src/cli/text-file.ts';

const OVER_LIMIT = 64 * 1024 * 1024 + 1;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-text-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);

/** What a command says of a file. */
function said(path: string): { message: string; hint: string } {
  try {
    readTextFile(path);
  } catch (error) {
    const { message, hint } = new FileUnreadableError(path, error);
    return { message, hint };
  }
  throw new Error(`${path} was read`);
}

it('refuses devices and named pipes before it reads them', () => {
  execFileSync('mkfifo', [at('pipe')]);
  expect(said('/dev/zero')).toEqual({
    message: 'cannot read /dev/zero: it is a device, not a file',
    hint: expect.stringContaining('stdin'),
  });
  expect(said(at('pipe')).message).toContain('it is a named pipe, not a file');
});

it('reads a pipe of the shell', () => {
  expect(
    execFileSync(
      'bash',
      [
        '-c',
        'exec "$0" --input-type=module -e "$1" <(printf "name: x")',
        process.execPath,
        `import { readTextFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/text-file.ts'))};
         process.stdout.write(readTextFile(process.argv[1]));`,
      ],
      { encoding: 'utf8' },
    ),
  ).toBe('name: x');
});

it('refuses what is larger than it reads, from a file and from a stream', async () => {
  closeSync(openSync(at('large'), 'w'));
  truncateSync(at('large'), OVER_LIMIT);
  expect(said(at('large'))).toEqual({
    message: expect.stringContaining('it has more than 64 MiB'),
    hint: 'Split the workflow, or pass data as inputs.',
  });
  function* endless(): Generator<Buffer> {
    for (;;) yield Buffer.alloc(1024 * 1024);
  }
  await expect(readTextStream(Readable.from(endless()))).rejects.toThrow('more than 64 MiB');
});

it('says what to do about bytes that are no text, and about what is not there', () => {
  writeFileSync(at('latin1.yaml'), Buffer.from('name: x\ntitle: Gr\xfc\xdfe\n', 'latin1'));
  expect(said(at('latin1.yaml'))).toEqual({
    message: `cannot read ${at('latin1.yaml')}: line 2 is not UTF-8`,
    hint: expect.stringContaining('Save the file as UTF-8'),
  });
  expect(said(at('nothing')).hint).toBe('Check the path and its permissions.');
  writeFileSync(at('second.json'), '{}');
  writeFileSync(at('first.yaml'), 'name: x');
  expect(said(directory)).toEqual({
    message: `cannot read ${directory}: it is a folder`,
    hint: `Name a file in it, such as ${at('first.yaml')}.`,
  });
});
