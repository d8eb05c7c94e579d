/** Rounds that are over leave the aggregate: a loop holds constant memory, and reads as if they were there. */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { digestOf, expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const ROUNDS = 40;

const looping = (task: JsonObject = {}, rest: JsonObject[] = []): PureRun =>
  new PureRun({
    name: 'looping',
    tasks: [
      { id: 'a', agent: 'echo', repeat: { max: ROUNDS, on_max: 'accept' }, ...task },
      ...rest,
    ],
  });

const roundOf = (round: number): string => (round === 1 ? 'a' : `a@${round}`);

function goRound(run: PureRun, rounds = ROUNDS): void {
  for (let round = 1; round <= rounds; round += 1) {
    run.now += 10;
    run.succeed(roundOf(round), { round });
  }
}

async function expectFoldToAgree({ history, run }: PureRun): Promise<void> {
  expect(digestOf(foldRecorded(history, foldedCells))).toEqual(digestOf(run));
  await expectSnapshotsToAgree(history);
}

describe('rounds that are over', () => {
  it('leave the aggregate, however many there are', async () => {
    const run = looping();
    let most = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      run.now += 10;
      run.succeed(roundOf(round), { round });
      most = Math.max(most, run.run.activations.size);
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(run.state).toBe('succeeded');
    await expectFoldToAgree(run);
  });

  it('are summed up in the report', () => {
    const run = looping();
    const { startedAt } = run.report().tasks['a'] ?? {};
    goRound(run);
    expect(run.report().tasks['a']).toMatchObject({
      ...{ status: 'success', rounds: ROUNDS, workMs: ROUNDS * 10, startedAt },
      output: { round: ROUNDS },
    });
  });

  it('acknowledge a result that comes again', () => {
    const run = looping();
    goRound(run, 10);
    const before = run.history.length;
    const result = { attempt: 1, worker: 'w1', status: 'succeeded' as const, output: 1 };
    run.send({ type: 'result', activation: 'a@3', result });
    expect([run.rejection, run.history.length]).toEqual([undefined, before]);
    run.send({ type: 'result', activation: 'a@99', result });
    expect(run.rejection).toMatchObject({ code: 'attempt.unknown' });
  });

  it('are seen by expressions of the next ones as before', () => {
    const run = looping({ repeat: { max: ROUNDS, until: 'a.output.round >= 7' } });
    goRound(run, 7);
    expect(run.state).toBe('succeeded');
    expect(run.report().tasks['a']).toMatchObject({ rounds: 7, output: { round: 7 } });
  });

  it('stay where a compensation would undo them', async () => {
    const run = looping({ compensate: { agent: 'undoer' } });
    goRound(run, 12);
    expect(run.run.completed.map(({ id }) => id)).toContain('a');
    expect(run.run.activations.has('a@5')).toBe(true);
    await expectFoldToAgree(run);
  });

  it('leave in a cycle of several tasks too', async () => {
    const run = new PureRun({
      name: 'cycle',
      tasks: [
        { id: 'a', agent: 'echo' },
        { id: 'b', agent: 'echo', dependencies: ['a'] },
        { id: 'done', agent: 'echo', dependencies: ['b'], condition: 'b.output.round >= 15' },
      ],
      edges: [{ from: 'b', to: 'a', condition: 'b.output.round < 15', loop: { max: 20 } }],
    });
    for (let round = 1; round <= 15; round += 1) {
      run.succeed(roundOf(round), { round });
      run.succeed(round === 1 ? 'b' : `b@${round}`, { round });
    }
    expect(run.run.activations.size).toBeLessThanOrEqual(6);
    run.succeed('done');
    expect(run.state).toBe('succeeded');
    await expectFoldToAgree(run);
  });
});
