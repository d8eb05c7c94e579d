/** Workflows for tests of rounds and joins, and a run that is played to its end. */
import { afterEach, expect } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, type PureRun } from './pure-run.ts';

export const agent = (id: string, more: object = {}) => ({ id, agent: 'echo', ...more });

export function workflow(tasks: object[], more: object = {}) {
  return { name: 'x', settings: { max_parallel: 20 }, tasks, ...more } as never;
}

const finished: PureRun[] = [];

afterEach(async () => {
  for (const { history } of finished.splice(0)) await expectSnapshotsToAgree(history);
});

/** Lets every attempt in hand succeed with what `outputs` says of its activation, until nothing is left. */
export function finish(
  run: PureRun,
  outputs: (activation: string) => unknown = () => null,
): string[] {
  finished.push(run);
  const order: string[] = [];
  for (let count = 0; count < 500; count += 1) {
    const next = [...run.run.open].find(({ state }) => state === 'running');
    if (next === undefined) break;
    order.push(next.id);
    run.succeed(next.id, outputs(next.id) as never);
  }
  expect(digestOf(foldRecorded(run.history, foldedCells))).toEqual(digestOf(run.run));
  return order;
}
