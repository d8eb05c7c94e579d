/** Basic control flow, loops, termination: P01 to P05, P10, P11, P21, P22, P43. */
import type { JsonObject } from '../../../src/workflow/value.ts';
import { anyEnd, beside, may } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import { before, ends, gives, readyWith, run, runs, someRun } from '../rules.ts';
import { begun, successes } from '../trace.ts';

interface Part extends JsonObject {
  name: string;
  parts: Part[];
}

const namesOf = ({ name, parts }: Part): string[] => [name, ...parts.flatMap(namesOf)];

export const basicPatterns: readonly Pattern[] = [
  {
    id: 'P01',
    file: 'p01-sequence',
    title: 'Sequence',
    without: ['dependencies: [check]', 'dependencies: [check], repeat: { max: 2 }'],
    cases: [
      {
        always: [
          before('receive', 'check'),
          before('check', 'ship'),
          runs('ship', 1),
          gives({ shipped: 17 }),
        ],
      },
    ],
  },
  {
    id: 'P02',
    file: 'p02-parallel-split',
    title: 'Parallel split',
    without: [
      'id: pack, agent: sleep, dependencies: [order]',
      'id: pack, agent: sleep, dependencies: []',
    ],
    cases: [
      {
        always: [
          before('order', 'pack'),
          before('order', 'invoice'),
          runs('pack', 1),
          runs('invoice', 1),
        ],
        free: [beside('pack', 'invoice'), anyEnd('pack', 'invoice')],
      },
    ],
  },
  {
    id: 'P03',
    file: 'p03-synchronization',
    title: 'Synchronization',
    without: ['agent: echo', 'agent: echo\n    trigger: one_success'],
    cases: [
      {
        always: [
          readyWith('ship', 2, ['pack', 'invoice']),
          runs('ship', 1),
          gives({ shipped: ['box 4', 'invoice 17'] }),
        ],
        free: [anyEnd('pack', 'invoice')],
      },
    ],
  },
  {
    id: 'P04',
    file: 'p04-exclusive-choice',
    title: 'Exclusive choice',
    without: ['condition: assess.output.amount >= 100', 'condition: "true"'],
    cases: [
      {
        input: { amount: 50 },
        always: [
          someRun(1, ['approve', 'review']),
          before('assess', 'approve'),
          ends('review', 'skipped'),
          run('succeeded'),
        ],
      },
      {
        input: { amount: 500 },
        always: [
          someRun(1, ['approve', 'review']),
          before('assess', 'review'),
          ends('approve', 'skipped'),
          run('succeeded'),
        ],
      },
    ],
  },
  {
    id: 'P05',
    file: 'p05-simple-merge',
    title: 'Simple merge',
    without: ['trigger: one_success', 'trigger: all_success'],
    cases: [2, 40].map((weight) => ({
      input: { weight },
      always: [
        someRun(1, ['parcel', 'freight']),
        before(weight > 30 ? 'freight' : 'parcel', 'notify'),
        runs('notify', 1),
        run('succeeded'),
      ],
    })),
  },
];

export const loopPatterns: readonly Pattern[] = [
  {
    id: 'P10',
    file: 'p10-arbitrary-cycles',
    title: 'Arbitrary cycles',
    without: ['condition: review.output.version < 2', 'condition: review.output.version < 1'],
    cases: [
      {
        input: { kind: 'idea' },
        always: [
          runs('write', 2),
          runs('review', 2),
          before('write', 'review'),
          runs('publish', 1),
          ends('withdraw', 'skipped'),
          run('succeeded'),
        ],
      },
      {
        input: { kind: 'text' },
        always: [
          runs('review', 2),
          runs('write', 1),
          before('review', 'write'),
          runs('publish', 1),
          run('succeeded'),
        ],
      },
      {
        input: { kind: 'idea', patience: 1 },
        always: [
          runs('write', 2),
          runs('review', 1),
          runs('withdraw', 1),
          ends('publish', 'skipped'),
          run('succeeded'),
        ],
      },
    ],
  },
  {
    id: 'P21',
    file: 'p21-structured-loop',
    title: 'Structured loop',
    without: ['until: refine.output.errors == 0', 'until: refine.output.errors == 1'],
    cases: [
      {
        input: { pages: 2 },
        always: [
          runs('fetch', 2),
          apartRounds('fetch'),
          runs('refine', 3),
          apartRounds('refine'),
          runs('publish', 1),
          run('succeeded'),
        ],
      },
      {
        input: { pages: 0 },
        always: [ends('fetch', 'skipped'), runs('refine', 3), runs('publish', 1), run('succeeded')],
      },
    ],
  },
  {
    id: 'P22',
    file: 'p22-recursion',
    title: 'Recursion',
    without: ['[inputs.part.name] + ', ''],
    child: ({ part }) => ({ names: namesOf(part as Part) }),
    cases: [
      {
        always: [
          runs('below~', 2),
          before('below', 'list'),
          runs('list', 1),
          gives({ names: ['bike', 'wheel', 'tyre', 'frame'] }),
        ],
        free: [beside('below~')],
      },
    ],
  },
];

/** Rounds of one task follow each other. */
function apartRounds(name: string) {
  return {
    says: `Each round of \`${name}\` begins after the one before has succeeded.`,
    breaks: (trace: Parameters<typeof begun>[0]): string | undefined => {
      const finished = successes(trace, name);
      const early = begun(trace, name).find(
        ({ begin }, index) => index > 0 && !((finished[index - 1] ?? Infinity) < begin),
      );
      return early === undefined ? undefined : `${early.activation} began too early`;
    },
  };
}

export const endPatterns: readonly Pattern[] = [
  {
    id: 'P11',
    file: 'p11-implicit-termination',
    title: 'Implicit termination',
    cases: [
      {
        always: [runs('ship', 1), runs('survey', 1), before('thank', 'survey'), run('succeeded')],
        free: [anyEnd('ship', 'survey')],
      },
    ],
  },
  {
    id: 'P43',
    file: 'p43-explicit-termination',
    title: 'Explicit termination',
    without: [', end: terminate', ''],
    cases: [
      {
        always: [before('guess', 'found'), run('succeeded'), gives({ answer: 42 })],
        free: [
          may('What is under way is canceled.', (trace) =>
            trace.spans.some(
              ({ activation, how }) => activation === 'search' && how === 'canceled',
            ),
          ),
          may('What has not begun is skipped.', (trace) =>
            trace.spans.some(({ activation, how }) => activation === 'sift' && how === 'skipped'),
          ),
        ],
      },
    ],
  },
];
