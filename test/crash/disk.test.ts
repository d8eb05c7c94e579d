import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connectClient } from '../../src/client/client.ts';
import { internalsOf } from '../../src/log/internals.ts';
import { FORMAT_KEY } from '../../src/log/keys.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { TroupeError } from '../../src/workflow/errors.ts';
import { seededRandom } from '../support/seeded.ts';
import { type Child, type FirstLine, startChild } from './child.ts';
import { readLogEvidence } from './evidence.ts';
import { LANES_OUTPUT, lanes, TASKS } from './storm.ts';

const RUNS = 20;
/** A writer gets EFBIG instead of the signal that would end it. */
const NO_SIGNAL = "trap '' XFSZ";
const FULL_DEADLINE_MS = 2_000;
const POLL = { timeout: 30_000 };

let directory: string;
let children: Child[];
let client: Client | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-disk-'));
  children = [];
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    for (const { stderr } of children) process.stderr.write(stderr);
  }
  await client?.close();
  client = undefined;
  for (const child of children) await child.kill9();
  rmSync(directory, { recursive: true, force: true });
});

function startOrchestrator(data = join(directory, 'data')): Child {
  const child = startChild(
    'orchestrator-process.ts',
    { directory: data },
    { shellPrefix: NO_SIGNAL },
  );
  children.push(child);
  return child;
}

/** Orchestrator, worker and client; resolves when the worker's agent is known. */
async function startAll(): Promise<Child> {
  const orchestrator = startOrchestrator();
  const { url } = (await orchestrator.first) as { url: string };
  const worker = startChild('worker-process.ts', {
    ...{ url, journal: join(directory, 'journal') },
    ...{ cacheDirectory: join(directory, 'worker'), heartbeatMs: 500 },
  });
  children.push(worker);
  await worker.first;
  client = await connectClient({ url });
  while ((await client.query('agents', { key: 'mark' })).documents.length === 0);
  return orchestrator;
}

const random = seededRandom(7);

/** The run ids of answered requests, or the codes of refusals. */
async function requestRuns(
  name: string,
  deadlineMs: number,
): Promise<(string | { code: string })[]> {
  const ask = async (number: number) => {
    const request = { requestId: `${name}-${number}`, workflow: lanes(random) as never };
    try {
      return (await (client as Client).request(request, { deadlineMs })).runId;
    } catch (error) {
      if (error instanceof TroupeError) return { code: error.code };
      throw error;
    }
  };
  return Promise.all(Array.from({ length: RUNS }, (_, number) => ask(number)));
}

/** The largest file a process may write, in bytes, from now on. */
function limitFiles({ pid }: Child, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
}

test('a disk that is full costs no answered run and no process: once there is space again, everything completes', async () => {
  const orchestrator = await startAll();
  const before = await requestRuns('before', 30_000);
  expect(before.every((answer) => typeof answer === 'string')).toBe(true);
  limitFiles(orchestrator, 1);
  const during = await requestRuns('during', FULL_DEADLINE_MS);
  const refusals = during.filter((answer) => typeof answer !== 'string');
  expect(refusals.length).toBeGreaterThan(0);
  for (const { code } of refusals) {
    expect(['log.failed', 'log.io', 'unavailable', 'overloaded', 'bus.timeout']).toContain(code);
  }
  expect(orchestrator.isRunning).toBe(true);
  // The clients give up by their own clocks, also where the orchestrator has not had its turn yet.
  await expect.poll(() => orchestrator.stderr, POLL).toMatch(/File too large|EFBIG/);
  limitFiles(orchestrator, 'unlimited');
  const after = await requestRuns('after', 30_000);
  expect(after.filter((answer) => typeof answer !== 'string')).toEqual([]);
  const answered = [...before, ...during, ...after].filter((answer) => typeof answer === 'string');
  for (const runId of answered) {
    const late = AbortSignal.timeout(30_000);
    const report = await (client as Client).waitForRun(runId, { signal: late });
    expect(report).toMatchObject({ status: 'succeeded', output: LANES_OUTPUT });
  }
  expect(orchestrator.isRunning).toBe(true);
  const { documents } = await (client as Client).query('runs', { limit: 1_000 });
  expect(documents.length).toBeGreaterThanOrEqual(answered.length);
  await orchestrator.kill9();
  const evidence = await readLogEvidence(join(directory, 'data'));
  expect([...evidence.successes].filter(([, count]) => count !== 1)).toEqual([]);
  expect(evidence.successes.size).toBeGreaterThanOrEqual(answered.length * TASKS);
});

test('a data directory that cannot be made is a clear error', async () => {
  writeFileSync(join(directory, 'file'), 'x');
  const line = await startOrchestrator(join(directory, 'file', 'data')).first;
  expect(line).toMatchObject({ code: 'log.io', hint: expect.stringContaining('TROUPE_DATA_DIR') });
});

test('a disk that is full at the start is a clear error', async () => {
  const child = startChild(
    'orchestrator-process.ts',
    { directory: join(directory, 'data') },
    { shellPrefix: `${NO_SIGNAL}; ulimit -f 0` },
  );
  children.push(child);
  expect(await child.first).toMatchObject({
    code: 'log.io',
    hint: expect.stringMatching(/disk|writable/i),
  });
});

/** A data directory with finished runs in it, and how many commits it has. */
async function makeData(): Promise<{ data: string; commits: number }> {
  const orchestrator = await startAll();
  const runs = await requestRuns('data', 30_000);
  for (const runId of runs) await (client as Client).waitForRun(runId as string);
  await orchestrator.kill9();
  const data = join(directory, 'data');
  const log = await openLevelLog({ directory: data });
  const commits = log.durablePosition;
  await log.close();
  return { data, commits };
}

/** The largest file of LevelDB with this ending. */
function largest(data: string, ending: string): string {
  const folder = join(data, 'log');
  const files = readdirSync(folder).filter((name) => name.endsWith(ending));
  const sized = files.map((name) => ({ name, size: readFileSync(join(folder, name)).length }));
  const [first] = sized.toSorted((left, right) => right.size - left.size);
  if (first === undefined) throw new Error(`no ${ending} in ${readdirSync(folder)}`);
  return join(folder, first.name);
}

test('a log of a newer format is refused by name', async () => {
  const { data } = await makeData();
  const log = await openLevelLog({ directory: data });
  const { store } = internalsOf(log);
  const batch = store.batch();
  batch.putText(FORMAT_KEY, '99');
  await store.write(batch, { sync: true });
  await log.close();
  expect(await startOrchestrator().first).toMatchObject({
    code: 'log.newer-format',
    hint: expect.stringMatching(/release/),
  });
});

test('a flipped byte is a clear error, or everything before it is there and without a gap', async () => {
  const { data, commits } = await makeData();
  const file = largest(data, '.ldb');
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
  expect(await judgeDamage(data)).toBeLessThanOrEqual(commits);
});

test('a torn last write costs the tail alone', async () => {
  const orchestrator = await startAll();
  await requestRuns('torn', 30_000);
  await orchestrator.kill9();
  const data = join(directory, 'data');
  const file = largest(data, '.log');
  const { length } = readFileSync(file);
  truncateSync(file, length - Math.floor(length / 20));
  expect(await judgeDamage(data)).toBeGreaterThan(0);
});

/** Starts on damaged data: either a clear error, or a log without gaps on which runs complete. Returns its commits. */
async function judgeDamage(data: string): Promise<number> {
  const restarted = startOrchestrator(data);
  const line: FirstLine = await restarted.first;
  if (line.ready !== true) {
    expect(line).toMatchObject({ code: 'log.corrupt', hint: expect.stringContaining('verify') });
    return 0;
  }
  await restarted.kill9();
  const log = await openLevelLog({ directory: data });
  let expected = 1;
  try {
    for await (const commits of log.readAll()) {
      for (const { position } of commits) {
        expect(position).toBe(expected);
        expected += 1;
      }
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'log.corrupt' });
  } finally {
    await log.close();
  }
  return expected - 1;
}
