/** Who uses the space of a log: `measureUsage`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/log/event-log.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { measureUsage } from '../../src/log/usage.ts';
import { request } from '../contract/event-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let log: EventLog;

beforeEach(async () => {
  directory = await temporaryDirectory();
  log = await openLevelLog({ directory: directory.path });
});
afterEach(async () => {
  await log.close();
  await directory.remove();
});

function created(stream: string, name: string, unique?: string[]) {
  const events = [{ type: 'run.created', schemaVersion: 1, data: { name } }];
  return request({ stream, events, ...(unique === undefined ? {} : { unique }) });
}

describe('the use of space', () => {
  it('counts streams, events and bytes by category, workflow and run', async () => {
    log.append(created('run_a', 'small', ['request:1']));
    log.append(created('run_b', 'large'));
    log.append(request({ stream: 'run_b', expectedVersion: 1, count: 40 }));
    log.append(created('run_c', 'large'));
    log.append(request({ stream: 'agent_echo' }));
    log.append(request({ stream: 'system' }));
    await log.flush();
    const usage = await measureUsage(log);
    expect(usage).toMatchObject({ position: 6, streams: 5, events: 45 });
    expect(usage.records.count).toBe(6);
    expect(
      usage.categories.map(({ category, streams, events }) => [category, streams, events]),
    ).toEqual([
      ['run', 3, 43],
      ['agent', 1, 1],
      ['system', 1, 1],
    ]);
    expect(usage.workflows.map(({ workflow, runs, events }) => [workflow, runs, events])).toEqual([
      ['large', 2, 42],
      ['small', 1, 1],
    ]);
    expect(usage.largestRuns[0]).toMatchObject({ runId: 'run_b', workflow: 'large', events: 41 });
    expect(usage.categories.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(usage.records.bytes);
    expect(usage.indexes.streams.count).toBe(6);
    expect(usage.indexes.heads.count).toBe(5);
    expect(usage.indexes.uniqueKeys.count).toBe(1);
    expect(usage.disk.total).toBeGreaterThan(usage.records.bytes);
  });

  it('counts blobs, snapshots and what projections keep', async () => {
    await log.blobs.put(new Uint8Array(1_000), 'x');
    await log.saveSnapshot('run_a', { streamVersion: 1, foldHash: 'h', state: 'x'.repeat(500) });
    const document = { text: 'y'.repeat(200) };
    const indexes = [{ index: 'status', value: 'running' }];
    await log.documents.write('runs', {
      puts: [{ key: 'run_a', document, indexes, oldIndexes: [] }],
      deletes: [],
      checkpoint: { position: 0, hash: 'h' },
    });
    const usage = await measureUsage(log);
    expect(usage.blobs).toEqual({ count: 1, bytes: 1_000 });
    expect(usage.snapshots.streams).toBe(1);
    expect(usage.snapshots.bytes).toBeGreaterThan(500);
    const [runs] = usage.projections;
    expect(runs).toMatchObject({
      projection: 'runs',
      documents: { count: 1 },
      indexes: { count: 1 },
    });
    expect(runs?.documents.bytes).toBeGreaterThan(200);
  });

  it('names the twenty largest workflows and puts the rest together', async () => {
    for (let n = 0; n < 30; n += 1) log.append(created(`run_${n}`, `workflow-${n}`));
    await log.flush();
    const { workflows, largestRuns } = await measureUsage(log);
    expect(workflows).toHaveLength(21);
    expect(workflows.at(-1)).toMatchObject({ workflow: '*', runs: 10, events: 10 });
    expect(largestRuns).toHaveLength(10);
  });
});
