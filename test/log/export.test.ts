import { execFileSync, spawn } from 'node:child_process';
import { lstat, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/log/event-log.ts';
import { exportJson, exportLines } from '../../src/log/export-log.ts';
import { importLines } from '../../src/log/import-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { collect, request } from '../contract/event-log.ts';
import fc from '../support/property.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { jsonValue } from './values.ts';

async function linesOf(log: EventLog): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportLines(log)) lines.push(line);
  return lines;
}

function holding(value: JsonValue, expectedVersion = 0) {
  const data = { taskId: 'a', output: value, scalar: 1 };
  return request({ expectedVersion, events: [{ type: 'task.succeeded', schemaVersion: 1, data }] });
}

describe('export and import', () => {
  it('value, msgpack, log, JSON Lines and log again are identical', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(jsonValue, { minLength: 1, maxLength: 6 }), async (values) => {
        const log = createMemoryLog();
        for (const [n, value] of values.entries())
          log.append({ ...holding(value), stream: `run_${n}` });
        await log.flush();
        const lines = await linesOf(log);
        const other = createMemoryLog();
        await importLines(other, lines);
        const stored = await collect(log.readAll());
        expect(
          stored.map((c) => (c.events[0]?.data as { output: JsonValue } | undefined)?.output),
        ).toEqual(values);
        expect(await collect(other.readAll())).toEqual(stored);
        expect((await linesOf(other)).slice(1)).toEqual(lines.slice(1));
      }),
      { numRuns: 400 },
    );
  });

  it('takes blobs and unique keys along', async () => {
    const log = createMemoryLog();
    const bytes = new Uint8Array(1_300_000).fill(7);
    const reference = log.blobs.reference(bytes, 'application/octet-stream');
    const blobs = [{ reference, bytes }];
    log.append({ ...holding(reference), blobs, unique: ['request:1'] });
    await log.flush();
    const other = createMemoryLog();
    const result = await importLines(other, await linesOf(log));
    expect(result).toEqual({ commits: 1, events: 1, blobs: 1 });
    expect(Buffer.from(await other.blobs.get(reference)).equals(Buffer.from(bytes))).toBe(true);
    expect(other.uniqueOwner('request:1')).toBe('run_1');
  });

  it('refuses a log that is not empty, other files and gaps, with the line', async () => {
    const log = createMemoryLog();
    log.append(request());
    log.append(request({ expectedVersion: 1 }));
    await log.flush();
    const lines = await linesOf(log);
    const refused = (details: object) => ({ code: 'log.import-refused', ...details });
    await expect(importLines(log, lines)).rejects.toMatchObject(refused({}));
    const gap = [lines[0], lines[2]] as string[];
    const intoEmpty = (input: string[]) => importLines(createMemoryLog(), input);
    await expect(intoEmpty(gap)).rejects.toMatchObject(refused({ details: { line: 2 } }));
    await expect(intoEmpty(['{}'])).rejects.toMatchObject(refused({ details: { line: 1 } }));
    await expect(intoEmpty([lines[0] as string, '{"a'])).rejects.toMatchObject(
      refused({ details: { line: 2 } }),
    );
    await expect(intoEmpty([])).rejects.toMatchObject(refused({}));
  });

  it.each([
    [0, 0],
    [0, 1],
    [0, 3],
    [2, 1],
    [2, 3],
  ])('reads its own JSON file: %i blobs, %i commits', async (blobs, commits) => {
    const directory = await temporaryDirectory();
    const log = createMemoryLog();
    for (let n = 0; n < commits; n += 1) log.append(holding(['],"commits":[', ']}', ',', n], n));
    for (let n = 0; n < blobs; n += 1) await log.blobs.put(new Uint8Array(600_000).fill(n), '');
    await log.flush();
    const path = join(directory.path, 'log.json');
    await exportJson(log, path);
    const lines = (await readFile(path, 'utf8')).split('\n');
    const other = createMemoryLog();
    expect(await importLines(other, lines)).toEqual({ commits, events: commits, blobs });
    expect((await linesOf(other)).slice(1)).toEqual((await linesOf(log)).slice(1));
    await directory.remove();
  });

  it('refuses a JSON file without its end', async () => {
    const directory = await temporaryDirectory();
    const log = createMemoryLog();
    for (let n = 0; n < 3; n += 1) log.append(holding(n, n));
    await log.flush();
    const path = join(directory.path, 'log.json');
    await exportJson(log, path);
    const lines = (await readFile(path, 'utf8')).split('\n');
    for (const cut of [1, 2, 3]) {
      await expect(importLines(createMemoryLog(), lines.slice(0, cut))).rejects.toMatchObject({
        code: 'log.import-refused',
      });
    }
    await directory.remove();
  });

  it('refuses lines that were cut between two of them', async () => {
    const log = createMemoryLog();
    for (let n = 0; n < 3; n += 1) log.append(holding(n, n));
    await log.flush();
    const lines = await linesOf(log);
    for (const cut of [1, 2, lines.length - 1]) {
      await expect(importLines(createMemoryLog(), lines.slice(0, cut))).rejects.toMatchObject({
        code: 'log.import-refused',
        message: expect.stringContaining('was cut') as string,
      });
    }
  });

  it('writes one JSON file, as a whole or not at all', async () => {
    const directory = await temporaryDirectory();
    const log = createMemoryLog();
    const commit = log.append(request());
    await log.flush();
    const path = join(directory.path, 'log.json');
    await exportJson(log, path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      logId: log.logId,
      commits: [commit],
    });
    expect(await readdir(directory.path)).toEqual(['log.json']);
    await expect(exportJson(log, join(directory.path, 'no', 'log.json'))).rejects.toMatchObject({
      code: 'log.io',
    });
    await directory.remove();
  });

  it.skipIf(process.platform === 'win32')('leaves links and pipes in their places', async () => {
    const directory = await temporaryDirectory();
    const [link, target, pipe] = ['link', 'target', 'pipe'].map((name) =>
      join(directory.path, name),
    ) as [string, string, string];
    const log = createMemoryLog();
    await writeFile(target, 'old');
    await symlink('target', link);
    await exportJson(log, link);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    const written = await readFile(target, 'utf8');
    expect(JSON.parse(written)).toMatchObject({ logId: log.logId });
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('cat', [pipe]);
    const [read] = await Promise.all([text(reader.stdout), exportJson(log, pipe)]);
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(read).toBe(written);
    await directory.remove();
  });
});
