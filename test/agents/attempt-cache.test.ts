import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  AttemptCache,
  RECENT_RESULTS,
  RESULT_RETENTION_MS,
} from '../../src/agents/attempt-cache.ts';
import {
  decodeLine,
  encodeFinished,
  type FinishedAttempt,
} from '../../src/agents/attempt-record.ts';
import fc from '../support/property.ts';

const START = 1_700_000_000_000;
let directory: string;
let now = START;
let open: AttemptCache[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-attempt-cache-'));
  now = START;
  open = [];
});

afterEach(() => {
  for (const cache of open) cache.close();
  rmSync(directory, { recursive: true, force: true });
});

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function openCache(): AttemptCache {
  const cache = new AttemptCache({ directory, logger: silent, now: () => now });
  open.push(cache);
  return cache;
}

function finished(key: string, output: string = 'done'): FinishedAttempt {
  const ref = { runId: `run_${key}`, activation: 't', attempt: 1 };
  return {
    key,
    agent: 'echo',
    ref,
    subject: 's',
    body: { attempt: 1, status: 'succeeded', output },
    finishedAt: now,
  };
}

const put = (cache: AttemptCache, result: FinishedAttempt): Promise<void> =>
  cache.put(result, encodeFinished(result));
const keys = (cache: AttemptCache): string[] => cache.unacknowledged().map(({ key }) => key);
const files = (): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('attempts-'))
    .toSorted();

test('A1 what put has resolved for is there after a kill, in order', async () => {
  const cache = openCache();
  await Promise.all(['a', 'b', 'c'].map((key) => put(cache, finished(key))));
  cache.close({ discard: true });
  expect(keys(openCache())).toEqual(['a', 'b', 'c']);
});

test('A2 results of one turn are written with one write and wait for it together', async () => {
  const cache = openCache();
  const first = put(cache, finished('a'));
  expect(put(cache, finished('b'))).toBe(first);
  expect(files()).toEqual([]);
  await first;
  expect(
    readFileSync(join(directory, files()[0] as string), 'utf8')
      .trim()
      .split('\n'),
  ).toHaveLength(2);
});

test('an acknowledged result is not sent again after a restart, and is still known', async () => {
  const cache = openCache();
  await put(cache, finished('a'));
  await put(cache, finished('b'));
  cache.acknowledge('a');
  cache.close();
  const next = openCache();
  expect(keys(next)).toEqual(['b']);
  expect(next.get('a')).toEqual(finished('a'));
});

test('a torn last line and a flipped byte cost those lines alone, and are counted', async () => {
  const cache = openCache();
  for (const key of ['a', 'b', 'c', 'd']) await put(cache, finished(key));
  cache.close();
  const path = join(directory, files()[0] as string);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  lines[1] = (lines[1] as string).replace('done', 'dome');
  lines[3] = (lines[3] as string).slice(0, -20);
  writeFileSync(path, lines.join('\n'));
  const next = openCache();
  expect(next.skippedLines).toBe(2);
  expect(keys(next)).toEqual(['a', 'c']);
  await put(next, finished('e'));
  next.close();
  expect(keys(openCache())).toEqual(['a', 'c', 'e']);
});

test('A3 a result older than the retention time is forgotten', async () => {
  const cache = openCache();
  await put(cache, finished('old'));
  now += RESULT_RETENTION_MS;
  await put(cache, finished('new'));
  cache.close();
  now += 1;
  expect(keys(openCache())).toEqual(['new']);
});

test('A4 only the most recent acknowledged results are remembered', async () => {
  const cache = openCache();
  for (let index = 0; index <= RECENT_RESULTS; index += 1) {
    void put(cache, finished(`k${index}`));
    cache.acknowledge(`k${index}`);
  }
  expect(cache.get('k0')).toBeUndefined();
  expect(cache.get('k1')).toBeDefined();
});

test('A5 the disk stays bounded while one old result is never acknowledged, and keeps that result', async () => {
  const cache = openCache();
  await put(cache, finished('stuck'));
  const output = 'x'.repeat(500_000);
  for (let index = 0; index < 120; index += 1) {
    await put(cache, finished(`k${index}`, output));
    cache.acknowledge(`k${index}`);
  }
  const bytes = files().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  expect(bytes).toBeLessThan(30_000_000);
  cache.close();
  expect(keys(openCache())).toEqual(['stuck']);
});

test('a second worker on the directory is refused, a dead one is replaced, and the id stays', () => {
  const cache = openCache();
  expect(openCache).toThrow(expect.objectContaining({ code: 'worker.cache-locked' }));
  const id = cache.workerId;
  cache.close();
  appendFileSync(
    join(directory, 'worker.lock'),
    JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' }),
  );
  expect(openCache().workerId).toBe(id);
});

test('a live process with the id of a dead owner is not taken for it', () => {
  writeFileSync(
    join(directory, 'worker.lock'),
    JSON.stringify({ pid: process.ppid, startedAt: '0' }),
  );
  expect(() => openCache()).not.toThrow();
});

test.runIf(process.platform === 'linux')(
  'a killed process that nobody has waited for is dead: its directory is taken over',
  async () => {
    // The shell becomes a process that never asks how its child ended.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30']);
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text);
    const fields = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    while (fields()[2] !== 'Z') await new Promise((resolve) => setImmediate(resolve));
    const [startedAt] = fields().slice(21);
    writeFileSync(join(directory, 'worker.lock'), JSON.stringify({ pid, startedAt }));
    expect(() => openCache()).not.toThrow();
    parent.kill('SIGKILL');
  },
);

test('a line is read back as it was written, and no altered line is', () => {
  const record = fc.record({ key: fc.string({ minLength: 1 }), output: fc.string() });
  fc.assert(
    fc.property(record, fc.nat(), ({ key, output }, place) => {
      const result = finished(key, output.toWellFormed());
      const line = encodeFinished(result);
      expect(decodeLine(line)).toEqual({ finished: result });
      const index = place % line.length;
      const altered = `${line.slice(0, index)}${line[index] === 'x' ? 'y' : 'x'}${line.slice(index + 1)}`;
      expect(decodeLine(altered)).toBeUndefined();
    }),
  );
});
