/**
 * Records a golden history: `node test/replay/record.ts` plays every scenario of the simulation on one log and writes
 * `histories/<version>/log.jsonl` (an export) and `expected.json` (final reports and projection documents).
 * A release is recorded once. Recording it again needs a decision record (contracts.md, Durability promise).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportLines } from '../../src/log/export-log.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { begin, reportOfRun, servingWorld } from '../simulation/crash-points.ts';
import { scenarios } from '../simulation/scenarios.ts';
import { documentsOf } from './documents.ts';

const LIMIT_MS = 600_000;
const root = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};
const folder = join(import.meta.dirname, 'histories', version);

if (existsSync(join(folder, 'log.jsonl'))) throw new Error(`${folder} is recorded already`);

const world = await servingWorld();
const reports: Record<string, RunReport> = {};
for (const scenario of scenarios) {
  const run = begin(world, `golden-${scenario.name.replaceAll(' ', '-')}`, scenario);
  await world.until(run.isOver, LIMIT_MS, scenario.name);
  reports[run.runId()] = await reportOfRun(world, run.runId());
}
const position = world.log.durablePosition;
let isLevel = false;
void world.orchestrator?.projector.catchUp(undefined, position).then(() => {
  isLevel = true;
});
await world.until(() => isLevel, LIMIT_MS, 'the projections');

mkdirSync(folder, { recursive: true });
const lines: string[] = [];
for await (const line of exportLines(world.log)) lines.push(line);
writeFileSync(join(folder, 'log.jsonl'), `${lines.join('\n')}\n`);
const expected = { reports, documents: await documentsOf(world.log) };
writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
