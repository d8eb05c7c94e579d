/** Joins that need some of their branches, and threads: P09, P28 to P33, P41, P42. */

import { anyEnd, beside, may, mayPrecede } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import { before, ends, readyWith, roundsApart, run, runs } from '../rules.ts';
import { begun, successes } from '../trace.ts';

export const joinPatterns: readonly Pattern[] = [
  {
    id: 'P09',
    file: 'p09-structured-discriminator',
    title: 'Structured discriminator',
    without: ['count: 1', 'count: 2'],
    note: 'The second round may begin while the slow branch of the first is still under way.',
    cases: [
      {
        always: [
          runs('answer', 2),
          readyWith('answer', 1, ['near', 'far'], 'every round'),
          runs('near', 2),
          runs('far', 2),
          ends('far', 'succeeded'),
          run('succeeded'),
        ],
        free: [anyEnd('near', 'far'), mayPrecede('answer', 'far')],
      },
    ],
  },
  {
    id: 'P28',
    file: 'p28-blocking-discriminator',
    title: 'Blocking discriminator',
    without: [', block: true', ''],
    cases: [
      {
        always: [
          runs('answer', 2),
          readyWith('answer', 1, ['near', 'far']),
          roundsApart('answer', ['near', 'far']),
          ends('far', 'succeeded'),
          run('succeeded'),
        ],
        free: [anyEnd('near', 'far'), mayPrecede('answer', 'far')],
      },
    ],
  },
  {
    id: 'P29',
    file: 'p29-cancelling-discriminator',
    title: 'Cancelling discriminator',
    without: [', rest: cancel', ''],
    note: 'A branch that succeeds while its agent is being asked to stop keeps its success.',
    cases: [
      {
        always: [
          readyWith('answer', 1, ['near', 'far']),
          runs('answer', 1),
          ends('near', 'succeeded', 'canceled'),
          ends('far', 'succeeded', 'canceled'),
          run('succeeded'),
        ],
        free: [
          may('The slower branch is canceled.', (trace) =>
            trace.spans.some(({ activation, how }) => activation === 'far' && how === 'canceled'),
          ),
          may('Either branch may be the first.', (trace) =>
            trace.spans.some(({ activation, how }) => activation === 'near' && how === 'canceled'),
          ),
        ],
      },
    ],
  },
  {
    id: 'P30',
    file: 'p30-structured-partial-join',
    title: 'Structured partial join',
    without: ['count: 2', 'count: 3'],
    cases: [
      {
        always: [
          readyWith('merge', 2, ['ann', 'bob', 'cleo']),
          runs('merge', 1),
          ends('cleo', 'succeeded'),
          run('succeeded'),
        ],
        free: [
          anyEnd('ann', 'bob', 'cleo'),
          mayPrecede('merge', 'cleo'),
          mayPrecede('merge', 'ann'),
        ],
      },
    ],
  },
  {
    id: 'P31',
    file: 'p31-blocking-partial-join',
    title: 'Blocking partial join',
    without: [', block: true', ''],
    cases: [
      {
        always: [
          runs('merge', 2),
          readyWith('merge', 2, ['ann', 'bob', 'cleo']),
          roundsApart('merge', ['ann', 'bob', 'cleo']),
          run('succeeded'),
        ],
        free: [mayPrecede('merge', 'cleo')],
      },
    ],
  },
  {
    id: 'P32',
    file: 'p32-cancelling-partial-join',
    title: 'Cancelling partial join',
    without: [', rest: cancel', ''],
    note: 'A branch that succeeds while its agent is being asked to stop keeps its success.',
    cases: [
      {
        always: [
          readyWith('merge', 2, ['ann', 'bob', 'cleo']),
          runs('merge', 1),
          ends('cleo', 'succeeded', 'canceled'),
          run('succeeded'),
        ],
        free: [
          may('The branch that is left is canceled.', (trace) =>
            trace.spans.some(({ activation, how }) => activation === 'cleo' && how === 'canceled'),
          ),
        ],
      },
    ],
  },
  {
    id: 'P33',
    file: 'p33-generalized-and-join',
    title: 'Generalized AND-join',
    without: ['emit: 2', 'emit: 1'],
    cases: [
      {
        always: [
          runs('assemble', 2),
          readyWith('assemble', 2, ['frame', 'wheels'], 'every round'),
          run('succeeded'),
        ],
        free: [
          may(
            'A second frame that is ready before the first wheels is kept for the second round.',
            (trace) => {
              const [, second] = successes(trace, 'frame');
              const [wheels] = successes(trace, 'wheels');
              return second !== undefined && wheels !== undefined && second < wheels;
            },
          ),
        ],
      },
    ],
  },
];

export const threadPatterns: readonly Pattern[] = [
  {
    id: 'P41',
    file: 'p41-thread-merge',
    title: 'Thread merge',
    without: ['merge: 3', 'merge: 1'],
    cases: [
      {
        always: [
          runs('play', 3),
          runs('score', 1),
          {
            says: '`score` begins after all three threads of `play` have succeeded.',
            breaks: (trace) => {
              const [, , third] = successes(trace, 'play');
              const [score] = begun(trace, 'score');
              return third !== undefined && score !== undefined && third < score.begin
                ? undefined
                : 'score began too early';
            },
          },
          run('succeeded'),
        ],
        free: [beside('play')],
      },
    ],
  },
  {
    id: 'P42',
    file: 'p42-thread-split',
    title: 'Thread split',
    without: ['emit: 3', 'emit: 2'],
    cases: [
      {
        always: [
          runs('brew', 1),
          runs('taste', 3),
          runs('rate', 3),
          before('taste', 'rate'),
          run('succeeded'),
        ],
        free: [beside('taste'), mayPrecede('rate', 'taste')],
      },
    ],
  },
];
