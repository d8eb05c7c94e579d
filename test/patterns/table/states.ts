/** Waits for events, and exclusion: P16 to P18, P23, P24, P39, P40. */

import { anyOrder, beside, may } from '../freedoms.ts';
import type { Pattern } from '../pattern.ts';
import {
  apart,
  before,
  ends,
  gives,
  notAfter,
  rule,
  run,
  runs,
  sectionsApart,
  someRun,
} from '../rules.ts';
import { begun, spansOf, type Trace } from '../trace.ts';

/** Where the signals of a name came in. */
function signalsOf({ events }: Trace, name: string): number[] {
  return [...events.entries()]
    .filter(
      ([, { type, data }]) =>
        type === 'run.signalReceived' && (data as { name?: string }).name === name,
    )
    .map(([at]) => at);
}

const seen = (activation: string, end: string) => (trace: Trace) =>
  spansOf(trace, activation).some(({ how }) => how === end);

export const waitPatterns: readonly Pattern[] = [
  {
    id: 'P16',
    file: 'p16-deferred-choice',
    title: 'Deferred choice',
    without: ['signal: payment', 'signal: other'],
    cases: [
      {
        outside: [{ signal: 'payment', payload: 50, after: 'task.waiting decide' }],
        always: [
          before('invoice', 'decide'),
          someRun(1, ['ship', 'remind']),
          runs('decide', 1),
          run('succeeded'),
        ],
        free: [
          may('The payment may come first.', (trace) => begun(trace, 'ship').length === 1),
          may('The time may be over first.', (trace) => begun(trace, 'remind').length === 1),
        ],
      },
      {
        input: { patience: 0.2 },
        always: [runs('remind', 1), ends('ship', 'skipped'), run('succeeded')],
      },
    ],
  },
  {
    id: 'P18',
    file: 'p18-milestone',
    title: 'Milestone',
    without: ['milestone: { after: accept, until: ship }', 'parallel: true'],
    cases: [
      {
        input: { asks_after_ms: 10 },
        always: [
          before('accept', 'change-address'),
          notAfter('change-address', 'ship'),
          runs('change-address', [0, 1]),
          runs('ship', 1),
          run('succeeded'),
        ],
        free: [
          may(
            '`change-address` runs where the question comes in time.',
            seen('change-address', 'succeeded'),
          ),
          may(
            '`change-address` does not run where it comes too late.',
            (trace) => begun(trace, 'change-address').length === 0,
          ),
        ],
      },
    ],
  },
  {
    id: 'P23',
    file: 'p23-transient-trigger',
    title: 'Transient trigger',
    without: ['transient: true', 'transient: false'],
    cases: [
      {
        outside: [
          { signal: 'price', payload: 1 },
          { signal: 'price', payload: 2, after: 'task.waiting watch' },
        ],
        always: [
          rule('`watch` takes the first signal that comes after it began to wait.', (trace) => {
            const [watch] = begun(trace, 'watch');
            const came = signalsOf(trace, 'price').filter(
              (at) => watch !== undefined && at > watch.begin,
            );
            const first = trace.events[came[0] ?? -1]?.data as { payload?: unknown } | undefined;
            const { payload } = (watch?.output ?? {}) as { payload?: unknown };
            return first !== undefined && first.payload === payload
              ? undefined
              : 'it took another one';
          }),
          runs('trade', 1),
          run('succeeded'),
        ],
        free: [
          may('A signal that came before is lost.', (trace) => {
            const [first] = signalsOf(trace, 'price');
            const [watch] = begun(trace, 'watch');
            return first !== undefined && watch !== undefined && first < watch.begin;
          }),
        ],
      },
    ],
  },
  {
    id: 'P24',
    file: 'p24-persistent-trigger',
    title: 'Persistent trigger',
    without: ['signal: signed', 'signal: { name: signed, transient: true }'],
    cases: [
      {
        outside: [{ signal: 'signed', payload: 'ann' }],
        always: [before('contract', 'file'), runs('file', 1), gives({ by: 'ann' })],
        free: [
          may('The signal may come before the task waits: it is kept.', (trace) => {
            const [first] = signalsOf(trace, 'signed');
            const [contract] = begun(trace, 'contract');
            return first !== undefined && contract !== undefined && first < contract.begin;
          }),
          may('The signal may come while the task waits.', (trace) => {
            const [first] = signalsOf(trace, 'signed');
            const [contract] = begun(trace, 'contract');
            return first !== undefined && contract !== undefined && first > contract.begin;
          }),
        ],
      },
    ],
  },
];

export const exclusionPatterns: readonly Pattern[] = [
  {
    id: 'P17',
    file: 'p17-interleaved-parallel-routing',
    title: 'Interleaved parallel routing',
    without: ['mutex: patient', 'parallel: true'],
    cases: [
      {
        always: [
          before('blood-test', 'diagnosis'),
          apart('blood-test', 'diagnosis', 'x-ray'),
          runs('diagnosis', 1),
          runs('x-ray', 1),
          run('succeeded'),
        ],
        free: [
          anyOrder('blood-test', 'x-ray'),
          anyOrder('diagnosis', 'x-ray'),
          may('`x-ray` may come between the two that are in order.', (trace) => {
            const [blood] = begun(trace, 'blood-test');
            const [xray] = begun(trace, 'x-ray');
            const [diagnosis] = begun(trace, 'diagnosis');
            if (blood === undefined || xray === undefined || diagnosis === undefined) return false;
            return blood.begin < xray.begin && xray.begin < diagnosis.begin;
          }),
        ],
      },
    ],
  },
  {
    id: 'P39',
    file: 'p39-critical-section',
    title: 'Critical section',
    without: ['debit: { mutex: account }', 'debit: { mutex: other }'],
    cases: [
      {
        always: [
          sectionsApart({
            debit: ['read-debit', 'write-debit'],
            credit: ['read-credit', 'write-credit'],
          }),
          before('read-debit', 'write-debit'),
          before('read-credit', 'write-credit'),
          runs('write-debit', 1),
          runs('write-credit', 1),
          run('succeeded'),
        ],
        free: [beside('read-debit', 'thank'), anyOrder('read-debit', 'read-credit')],
      },
    ],
  },
  {
    id: 'P40',
    file: 'p40-interleaved-routing',
    title: 'Interleaved routing',
    without: ['mutex: room', 'parallel: true'],
    cases: [
      {
        always: [
          apart('paint', 'hang-shelf', 'sweep'),
          runs('paint', 1),
          runs('hang-shelf', 1),
          runs('sweep', 1),
          run('succeeded'),
        ],
        free: [anyOrder('paint', 'hang-shelf', 'sweep')],
      },
    ],
  },
];
