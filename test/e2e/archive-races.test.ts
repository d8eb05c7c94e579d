/** What operators do to runs while these leave the log: A5 of `archiver.ts`, T3 of `run-table.ts`, K2 of `forks.ts`. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { event, type RunEvent, upcast } from '../../src/events/catalogue.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { verifyLog } from '../../src/log/verify.ts';
import { compileWorkflow, definitionHash } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { temporaryDirectory } from '../log/temporary-directory.ts';
import { House, subjects, until } from './house.ts';

/** Two batches of the archiver, and some. */
const RUNS = 450;
/** Of them one in this many is wanted meanwhile. */
const WANTED = 3;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let log: EventLog;
let house: House;
/** Called after the runs were judged, before they leave. */
let meanwhile: () => Promise<void>;

beforeEach(async () => {
  meanwhile = () => Promise.resolve();
  directory = await temporaryDirectory();
  log = await openLevelLog({ directory: directory.path, upcast });
});
afterEach(async () => {
  await house.close();
  await log.close();
  await directory.remove();
});

function runIdOf(index: number): string {
  return `run_${String(index).padStart(4, '0')}`;
}

/** A run whose only task failed. */
function record(runId: string): void {
  const { definition } = compileWorkflow({ name: 'odd', tasks: [{ id: 'a', agent: 'nobody' }] });
  if (definition === undefined) throw new Error('the workflow is not valid');
  const error = { code: 'odd', message: 'odd', retryable: false };
  const created = { runId, name: 'odd', definition, definitionHash: definitionHash(definition) };
  const started = { taskId: 'a', attempt: 1, agent: 'nobody', rule: 'named', parameters: {} };
  const events = [
    event('run.created', { ...created, inputs: {}, priority: 'normal', start: true }),
    event('run.started', {}),
    event('task.scheduled', { taskId: 'a', attempt: 1 }),
    event('task.started', started),
    event('task.failed', { taskId: 'a', attempt: 1, error } as never),
    event('run.failed', { name: 'odd', error, failedTasks: ['a'] } as never),
  ] as RunEvent[];
  log.append({
    ...{ stream: runId, expectedVersion: 0, events, at: 1_000 },
    ...{ correlationId: 'c', causationId: 'c', actor: { kind: 'system' } },
  });
}

async function serve(runs: number): Promise<void> {
  for (let index = 0; index < runs; index += 1) record(runIdOf(index));
  await log.flush();
  house = await House.open(delayed(log));
  // The feed and the reactors have passed everything, or the runs would stay.
  for (const reader of ['feed', 'child-runs'])
    await until(`${reader} has passed all`, async () => {
      const passed = await log.documents.checkpoint(reader);
      return (passed?.position ?? 0) >= log.durablePosition;
    });
}

/** The log, with time for others before runs leave it. */
function delayed(inner: EventLog): EventLog {
  return new Proxy(inner, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'dropSnapshots') return value.bind(target);
      return async (stream: string) => {
        await meanwhile();
        await target.dropSnapshots(stream);
      };
    },
  });
}

/** The reply, or the code of the refusal. */
async function ask(subject: string, body: JsonObject): Promise<JsonObject> {
  try {
    return (await house.bus.request(subject, body, { timeoutMs: 60_000 })).body() as JsonObject;
  } catch (error) {
    return { refused: (error as { code: string }).code };
  }
}

const archive = () => ask(subjects.log('archive'), { action: 'delete', beyond: 0 });
const fork = (run: string) => ask(subjects.request(), { fork: { run } });
const retry = (run: string) => ask(subjects.runCommand(run), { type: 'retry' });

it('what comes while runs leave is refused, and told to come again', async () => {
  await serve(3);
  const answers: JsonObject[] = [];
  meanwhile = async () => {
    meanwhile = () => Promise.resolve();
    answers.push(await fork('run_0001'), await retry('run_0002'));
  };
  const report = await archive();
  expect(report).toMatchObject({ runs: 3, stayed: {} });
  expect(answers).toEqual([{ refused: 'unavailable' }, { refused: 'unavailable' }]);
  expect(await fork('run_0001')).toEqual({ refused: 'run.not-found' });
  expect(await retry('run_0002')).toEqual({ refused: 'run.not-found' });
  expect(await verifyLog(log)).toMatchObject({ ok: true });
});

it('of forks and retries in a storm each is there with what it needs, or was refused', async () => {
  await serve(RUNS);
  const promised: { run: string; answer: JsonObject }[] = [];
  const left = Array.from({ length: RUNS / WANTED }, (_, index) => runIdOf(WANTED * index));
  const storm = async (): Promise<void> => {
    for (let run = left.shift(); run !== undefined; run = left.shift()) {
      const isFork = Number(run.at(-1)) % 2 === 0;
      promised.push({ run, answer: isFork ? await fork(run) : await retry(run) });
    }
  };
  const [report] = await Promise.all([archive(), storm()]);
  expect(promised).toHaveLength(RUNS / WANTED);
  let kept = 0;
  for (const { run, answer } of promised) {
    if (answer['refused'] !== undefined) {
      expect(['unavailable', 'run.not-found', 'stream.removed']).toContain(answer['refused']);
      continue;
    }
    kept += 1;
    expect(log.streamHead(run), run).toBeDefined();
    const { status } = await house.client.report(String(answer['runId']));
    expect(['running', 'failed']).toContain(status);
  }
  expect(Number(report['runs'])).toBeGreaterThanOrEqual(RUNS - RUNS / WANTED);
  expect(Number(report['runs']) + kept).toBeLessThanOrEqual(RUNS);
  expect(house.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(await verifyLog(log)).toMatchObject({ ok: true });
});
