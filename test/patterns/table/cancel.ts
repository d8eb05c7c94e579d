/** Cancelation: P19, P20, P25. */

import { may } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import { before, ends, gives, rule, run, runs } from '../rules.ts';
import { begun, spansOf, type Trace } from '../trace.ts';

/** Where the signals of a name came in. */
function _signalsOf({ events }: Trace, name: string): number[] {
  return [...events.entries()]
    .filter(
      ([, { type, data }]) =>
        type === 'run.signalReceived' && (data as { name?: string }).name === name,
    )
    .map(([at]) => at);
}

const _seen = (activation: string, end: string) => (trace: Trace) =>
  spansOf(trace, activation).some(({ how }) => how === end);

const seen = (activation: string, end: string) => (trace: Trace) =>
  spansOf(trace, activation).some(({ how }) => how === end);

export const cancelPatterns: readonly Pattern[] = [
  {
    id: 'P19',
    file: 'p19-cancel-task',
    title: 'Cancel task',
    without: ['cancel: [reminder]', 'parallel: true'],
    cases: [
      {
        always: [
          ends('answer', 'succeeded'),
          ends('reminder', 'canceled', 'succeeded'),
          before('answer', 'close'),
          runs('close', 1),
          run('succeeded'),
        ],
        free: [
          may('A reminder that is under way is canceled.', seen('reminder', 'canceled')),
          may('A reminder that has ended stays as it is.', seen('reminder', 'succeeded')),
        ],
      },
    ],
  },
  {
    id: 'P20',
    file: 'p20-cancel-case',
    title: 'Cancel case',
    without: ['cancel: run', 'parallel: true'],
    cases: [
      {
        input: { withdrawn: true },
        always: [
          before('check', 'withdraw'),
          rule('Nothing begins once `withdraw` has succeeded.', (trace) => {
            const [withdraw] = begun(trace, 'withdraw');
            const late = trace.spans.find(
              ({ begin }) =>
                Number.isFinite(begin) && withdraw !== undefined && begin > withdraw.end,
            );
            return late === undefined ? undefined : `${late.activation} began`;
          }),
        ],
        free: [
          may('The run is canceled.', ({ status }) => status === 'canceled'),
          may('What is under way is canceled.', seen('interview', 'canceled')),
          may('What has not begun is skipped.', seen('decide', 'skipped')),
        ],
      },
      {
        input: { withdrawn: false },
        always: [ends('withdraw', 'skipped'), runs('decide', 1), run('succeeded')],
      },
    ],
  },
  {
    id: 'P25',
    file: 'p25-cancel-region',
    title: 'Cancel region',
    without: ['cancel: [search]', 'parallel: true'],
    cases: [
      {
        always: [
          ends('archive', 'canceled', 'succeeded'),
          ends('ask-colleague', 'canceled', 'succeeded'),
          before('index', 'read'),
          runs('read', 1),
          rule('No task of the region begins once `index` has succeeded.', (trace) => {
            const [index] = begun(trace, 'index');
            const late = ['archive', 'unpack', 'ask-colleague']
              .flatMap((task) => begun(trace, task))
              .find(({ begin }) => index !== undefined && begin > index.end);
            return late === undefined ? undefined : `${late.activation} began`;
          }),
          run('succeeded'),
          gives({ found: 'page 7' }),
        ],
        free: [
          may('What is under way in the region is canceled.', seen('archive', 'canceled')),
          may('What has not begun is skipped.', seen('unpack', 'skipped')),
        ],
      },
    ],
  },
];
