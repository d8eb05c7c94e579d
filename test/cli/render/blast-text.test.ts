/** What a run touches, in lines: nothing where there is nothing, names up to a bound, attempts of one task together. */
import { expect, it } from 'vitest';
import { blastLines } from '../../../src/cli/render/blast-text.ts';
import type { BlastRadius } from '../../../src/messages/blast-radius.ts';

const nothing: BlastRadius = {
  ...{ runId: 'run_1', name: 'bad', status: 'quarantined', definitionHash: 'h', quarantine: null },
  ...{ ancestors: [], family: [], alike: [], alikeCount: 0, schedules: [], held: [] },
  ...{ open: 0, pending: 0, crashed: [], collateral: [], isWhole: true },
};
const MANY = 7;

it('says nothing of what is not there', () => {
  expect(blastLines(nothing)).toEqual([]);
});

it('names some and counts the rest', () => {
  const alike = Array.from({ length: MANY }, (_, index) => ({
    ...{ runId: `run_${index + 2}`, name: 'bad', status: 'running' as const },
  }));
  expect(blastLines({ ...nothing, alike, alikeCount: 1_200 })).toEqual([
    '  same definition, going on: run_2 "bad" running, run_3 "bad" running, run_4 "bad" running, run_5 "bad" running, run_6 "bad" running and 1195 more',
  ]);
});

it('puts attempts of one task together, and says which run was lost with its workers', () => {
  const crash = { runId: 'run_1', task: 'parse', agent: 'bomb', worker: 'w', code: 'worker.lost' };
  const crashed = [1, 2].map((attempt) => ({ ...crash, attempt }));
  const collateral = [{ ...crash, runId: 'run_2', task: 'other', agent: null, attempt: 1 }];
  expect(blastLines({ ...nothing, crashed, collateral })).toEqual([
    '  crashed with it: parse by bomb, worker.lost (2 times)',
    '  lost with its workers: run_2 other by an unknown agent, worker.lost',
  ]);
});

it('says when more came from it, and when its history cannot be folded', () => {
  const family = [
    { runId: 'run_2', name: 'sub', status: 'running', relation: 'child', of: 'run_1' } as const,
  ];
  expect(blastLines({ ...nothing, family, isWhole: false, held: null })).toEqual([
    '  held back: not known, its history cannot be folded',
    '  child runs: run_2 "sub" running',
    '  more than these came from it',
  ]);
});
