/** Multiple instances: P12 to P15, P26, P27, P34 to P36. */

import { anyEnd, beside, may, mayPrecede } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import { before, ends, gives, rule, run, runs } from '../rules.ts';
import { begun, spansOf, successes, type Trace } from '../trace.ts';

/** Successes of instances at the moment when a task began. */
function succeededAt(trace: Trace, instances: string, task: string): number {
  const [first] = begun(trace, task);
  return successes(trace, instances).filter((end) => first !== undefined && end < first.begin)
    .length;
}

function afterAtLeast(count: number, instances: string, task: string) {
  const of = instances.slice(0, -1);
  return rule(
    `\`${task}\` begins after at least ${count} instances of \`${of}\` have succeeded.`,
    (trace) => {
      const many = succeededAt(trace, instances, task);
      return many < count ? `${task} began after ${many}` : undefined;
    },
  );
}

function mayBeCanceled(instances: string) {
  const of = instances.slice(0, -1);
  return may(`Instances of \`${of}\` that are under way are canceled.`, (trace) =>
    spansOf(trace, instances).some(({ how }) => how === 'canceled'),
  );
}

export const instancePatterns: readonly Pattern[] = [
  {
    id: 'P12',
    file: 'p12-instances-without-synchronization',
    title: 'Multiple instances without synchronization',
    without: ['detach: true', 'max_parallel: 3'],
    cases: [
      {
        always: [
          runs('notify~', 3),
          ends('notify~', 'succeeded'),
          runs('close-ticket', 1),
          run('succeeded'),
        ],
        free: [
          beside('notify~'),
          mayPrecede('close-ticket', 'notify~'),
          anyEnd('close-ticket', 'notify~'),
        ],
      },
    ],
  },
  {
    id: 'P13',
    file: 'p13-instances-known-at-design-time',
    title: 'Multiple instances, known at design time',
    without: ['macos, windows', 'macos'],
    cases: [
      {
        always: [
          runs('build~', 3),
          afterAtLeast(3, 'build~', 'release'),
          runs('release', 1),
          gives({ files: ['app-linux', 'app-macos', 'app-windows'] }),
        ],
        free: [beside('build~')],
      },
    ],
  },
  {
    id: 'P14',
    file: 'p14-instances-known-at-run-time',
    title: 'Multiple instances, known at run time',
    without: ['${find.output.files}', '${[find.output.files[0]]}'],
    cases: [
      {
        always: [
          before('find', 'analyze'),
          runs('analyze~', 2),
          afterAtLeast(2, 'analyze~', 'report'),
          runs('report', 1),
          gives({ lines: ['a.ts is fine', 'b.ts is fine'] }),
        ],
        free: [beside('analyze~')],
      },
    ],
  },
  {
    id: 'P15',
    file: 'p15-instances-not-known-beforehand',
    title: 'Multiple instances, not known beforehand',
    without: ['items: [1]', 'items: []'],
    cases: [
      {
        outside: [
          { signal: 'pages', payload: 2 },
          { signal: 'pages', payload: 3 },
          { signal: 'pages', payload: { close: true } },
        ],
        always: [
          runs('scan~', 3),
          afterAtLeast(3, 'scan~', 'bind'),
          runs('bind', 1),
          gives({ pages: ['page 1', 'page 2', 'page 3'] }),
        ],
        free: [
          beside('scan~'),
          may('All instances that are there may have ended when another one is added.', (trace) => {
            const [first, second] = begun(trace, 'scan~');
            return first !== undefined && second !== undefined && first.end < second.ready;
          }),
        ],
      },
    ],
  },
  {
    id: 'P26',
    file: 'p26-cancel-instances',
    title: 'Cancel multiple instances',
    without: ['cancel: [invite]', 'parallel: true'],
    cases: [
      {
        always: [
          ends('invite', 'succeeded', 'canceled'),
          ends('invite~', 'succeeded', 'canceled'),
          before('call-off', 'apologize'),
          runs('apologize', 1),
          run('succeeded'),
        ],
        free: [mayBeCanceled('invite~')],
      },
    ],
  },
  {
    id: 'P27',
    file: 'p27-complete-instances',
    title: 'Complete multiple instances',
    without: ['complete: [offers]', 'parallel: true'],
    cases: [
      {
        always: [
          ends('offers', 'succeeded'),
          ends('offers~', 'succeeded', 'canceled'),
          runs('choose', 1),
          run('succeeded'),
        ],
        free: [
          mayBeCanceled('offers~'),
          may('`choose` may begin with the results of fewer than all instances.', (trace) => {
            const { length } = successes(trace, 'offers~');
            return length < 3 && begun(trace, 'choose').length === 1;
          }),
        ],
      },
    ],
  },
  {
    id: 'P34',
    file: 'p34-static-partial-join-for-instances',
    title: 'Static partial join for multiple instances',
    without: ['rest: detach', 'rest: wait'],
    cases: [
      {
        always: [
          runs('probe~', 3),
          afterAtLeast(2, 'probe~', 'decide'),
          rule('`decide` sees exactly the two results that came first.', (trace) => {
            const { output } = begun(trace, 'decide')[0] ?? {};
            const seen = (output as { up?: unknown[] } | undefined)?.up;
            return seen?.length === 2 ? undefined : `it saw ${JSON.stringify(seen)}`;
          }),
          ends('probe~', 'succeeded'),
          runs('decide', 1),
          run('succeeded'),
        ],
        free: [beside('probe~'), mayPrecede('decide', 'probe~')],
      },
    ],
  },
  {
    id: 'P35',
    file: 'p35-cancelling-partial-join-for-instances',
    title: 'Cancelling partial join for multiple instances',
    without: [', rest: cancel', ''],
    note: 'An instance that succeeds while its agent is being asked to stop keeps its success.',
    cases: [
      {
        always: [
          afterAtLeast(2, 'search~', 'compare'),
          ends('search~', 'succeeded', 'canceled'),
          runs('compare', 1),
          run('succeeded'),
        ],
        free: [mayBeCanceled('search~')],
      },
    ],
  },
  {
    id: 'P36',
    file: 'p36-dynamic-partial-join-for-instances',
    title: 'Dynamic partial join for multiple instances',
    without: ['rest: detach', 'rest: wait'],
    cases: [
      {
        outside: [
          { signal: 'bid', payload: 60 },
          { signal: 'bid', payload: 120 },
          { signal: 'bid', payload: 90 },
        ],
        always: [
          runs('bids~', [1, 3]),
          ends('bids~', 'succeeded'),
          runs('sell', 1),
          rule(
            '`sell` begins after an instance of `bids` has succeeded with 100 or more.',
            (trace) => {
              const enough = spansOf(trace, 'bids~').find(
                ({ output }) => ((output as { amount?: number } | undefined)?.amount ?? 0) >= 100,
              );
              const [sell] = begun(trace, 'sell');
              return enough !== undefined && sell !== undefined && enough.end < sell.begin
                ? undefined
                : 'sell began too early';
            },
          ),
          run('succeeded'),
        ],
        free: [
          may(
            'The feed need not be closed: later signals add nothing.',
            (trace) => begun(trace, 'bids~').length < 3,
          ),
          mayPrecede('sell', 'bids~'),
        ],
      },
    ],
  },
];
