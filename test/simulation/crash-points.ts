/** Plays one scenario, crashing when asked, and gives what must not depend on the crash. */

import { isDeepStrictEqual } from 'node:util';
import { type LoadedRun, loadRun } from '../../src/actors/host/load.ts';
import { reportRun } from '../../src/actors/host/report.ts';
import { envelopesOf, type JsonEnvelope } from '../../src/events/envelope.ts';
import { snapshotOf } from '../../src/machines/run/snapshot.ts';
import type { RunReport, TaskReport } from '../../src/messages/report.ts';
import { isEnd } from './invariants.ts';
import { type PlannedCommand, type Scenario, workflowOf } from './scenarios.ts';
import { World } from './world.ts';

const LIMIT_MS = 120_000;

export interface Played {
  report: unknown;
  /** Every durable event, by run; the run that was asked for first. */
  histories: readonly (readonly JsonEnvelope[])[];
  /** Durable commits of the whole log. */
  positions: number;
  /** Runs of the log, children included. */
  runs: number;
  /** The reports of the children, sorted. */
  children: unknown[];
  /** `workflow/task` of all that was undone, in this order. */
  undone: string[];
  executions: Map<string, number>;
}

/** Everything of a report but times and ids. */
function timeless(report: RunReport): unknown {
  const { runId: _, durationMs: __, parent: ___, tasks, ...rest } = report;
  return {
    ...rest,
    tasks: Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, timelessTask(task)])),
  };
}

function timelessTask(task: TaskReport): unknown {
  const { startedAt: _, endedAt: __, workMs: ___, runId: ____, instances, ...rest } = task;
  return {
    ...rest,
    ...(instances === undefined ? {} : { instances: instances.map(timelessTask) }),
  };
}

/** Asks for a scenario and steers it; `isOver` throws what went wrong. */
export function begin(
  world: World,
  requestId: string,
  scenario: Scenario,
): { isOver(): boolean; runId(): string } {
  let runId = '';
  let problem: unknown;
  const note = (error: unknown): void => {
    problem ??= error;
  };
  world.request(requestId, workflowOf(scenario), scenario.input).then((id) => {
    runId = id;
    for (const planned of scenario.commands ?? []) void steer(world, id, planned).catch(note);
  }, note);
  return {
    runId: () => runId,
    isOver: () => {
      if (problem !== undefined) throw problem;
      const state = world.invariants.streams.get(runId);
      if (state?.isEnded !== true || world.invariants.fed.get(runId) !== state.version)
        return false;
      const ends = state.types.filter((type) => isEnd(type)).length;
      return ends >= (scenario.ends ?? 1);
    },
  };
}

/** A world that serves: an orchestrator and a worker that it has heard of. */
export async function servingWorld(): Promise<World> {
  const world = new World(7);
  world.start();
  world.startWorker('w1');
  await world.until(() => (world.orchestrator?.agents().length ?? 0) > 0, LIMIT_MS, 'the start');
  return world;
}

/** Runs the scenario; with `crashAt` the orchestrator dies once that position is durable, and comes back. */
export async function play(
  scenario: Scenario,
  options: { crashAt?: number; keepInFlight?: boolean } = {},
): Promise<Played> {
  const world = await servingWorld();
  const { isOver, runId } = begin(world, 'r1', scenario);
  if (options.crashAt !== undefined) {
    const { crashAt } = options;
    await world.until(
      () => world.invariants.position >= crashAt || isOver(),
      LIMIT_MS,
      'the crash',
    );
    world.crash({ keepInFlight: options.keepInFlight ?? false });
    await world.catchUpInvariants();
    world.start();
  }
  await world.until(isOver, LIMIT_MS, `the end of ${scenario.name}`);
  const runs = () => [...world.invariants.streams].filter(([stream]) => stream.startsWith('run_'));
  const areAllOver = () => runs().every(([, { isEnded }]) => isEnded);
  await world.until(areAllOver, LIMIT_MS, `the end of the children of ${scenario.name}`);
  world.invariants.finished();
  if (world.errors.length > 0) throw new Error(world.errors.join('\n'));
  const report = timeless(await reportOfRun(world, runId()));
  const { position: positions } = world.invariants;
  const others = runs().filter(([id]) => id !== runId());
  const ids = others.map(([id]) => id);
  return {
    report,
    histories: await Promise.all([runId(), ...ids].map((id) => historyOf(world, id))),
    positions,
    runs: runs().length,
    children: await childReports(world, ids),
    undone: await undoneIn(world),
    executions: world.executions(),
  };
}

async function childReports(world: World, ids: readonly string[]): Promise<unknown[]> {
  const texts = await Promise.all(
    ids.map(async (id) =>
      JSON.stringify(timeless(await reportOfRun(world, id))).replaceAll(/run_[0-9a-z]+/g, 'run'),
    ),
  );
  return texts.sort().map((text) => JSON.parse(text) as unknown);
}

async function undoneIn(world: World): Promise<string[]> {
  const names = new Map<string, string>();
  const undone: string[] = [];
  for await (const commits of world.log.readAll()) {
    for (const { stream, events } of commits) {
      for (const { type, data } of events) {
        const { name, taskId } = data as { name: string; taskId: string };
        if (type === 'run.created') names.set(stream, name);
        if (type === 'task.compensated') undone.push(`${names.get(stream)}/${taskId}`);
      }
    }
  }
  return undone;
}

/** Sends a command once the run is as far as the scenario says; not at all where it has ended before. */
export async function steer(world: World, runId: string, planned: PlannedCommand): Promise<void> {
  const state = () => world.invariants.streams.get(runId);
  const isDue = (): boolean =>
    'after' in planned
      ? state()?.lines.includes(planned.after) === true
      : (state()?.version ?? 0) >= planned.atVersion;
  while (!isDue()) {
    if (state()?.isEnded === true && planned.afterEnd !== true) return;
    await world.pause(5);
  }
  await world.pause(planned.afterMs ?? 0);
  const id = `${runId} ${JSON.stringify(planned)}`.slice(0, 200);
  await world.command(runId, { id, ...planned.command } as never);
}

async function historyOf(world: World, runId: string): Promise<JsonEnvelope[]> {
  const events: JsonEnvelope[] = [];
  for await (const commits of world.log.readStream(runId))
    for (const commit of commits) events.push(...(envelopesOf(commit) as JsonEnvelope[]));
  return events;
}

/** The report from the log; the whole state is the same with and without snapshots. */
export async function reportOfRun(world: World, runId: string): Promise<RunReport> {
  const [quick, slow] = await Promise.all([
    loadRun(world.log, runId),
    loadRun(world.log, runId, { useSnapshot: false }),
  ]);
  if (quick === undefined || slow === undefined) throw new Error(`${runId} is not in the log`);
  const [restored, folded] = [quick, slow].map(stateOf);
  if (!isDeepStrictEqual(restored, folded)) {
    throw new Error(
      `a snapshot changed the state: ${JSON.stringify(restored)} instead of ${JSON.stringify(folded)}`,
    );
  }
  return reportRun(world.log, slow.run, { now: world.time.now });
}

/** Everything that a run is, as JSON has it. */
function stateOf({ run }: LoadedRun): unknown {
  return JSON.parse(JSON.stringify(snapshotOf(run, { definition: null })));
}
