/**
 * Records a golden history: every scenario of the simulation on one log, as `log.jsonl` (an export) and `expected.json`
 * (final reports and projection documents).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportLines } from '../../src/log/export-log.ts';
import type { RunReport } from '../../src/messages/report.ts';
import { begin, reportOfRun, servingWorld } from '../simulation/crash-points.ts';
import { type Scenario, scenarios } from '../simulation/scenarios.ts';
import { documentsOf } from './documents.ts';
import type { Expected } from './read-history.ts';

const LIMIT_MS = 600_000;

export async function recordHistory(
  folder: string,
  recorded: readonly Scenario[] = scenarios,
): Promise<void> {
  const world = await servingWorld();
  const reports: Record<string, RunReport> = {};
  for (const scenario of recorded) {
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
  const expected: Expected = { reports, documents: await documentsOf(world.log) };
  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
}
