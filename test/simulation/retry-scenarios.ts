/** Runs that fail and are tried again: what failed runs anew, what succeeded is not executed again. */
import type { Scenario } from './scenarios.ts';
import { after, agent } from './simulated-tasks.ts';

/** The first attempt fails for good, the second one succeeds. */
const once = { fails: 1, retryable: false };
const again = { after: 'run.failed', command: { type: 'retry' } };

export const retryScenarios: Scenario[] = [
  {
    name: 'retry after a failure that stopped the run',
    workflow: {
      settings: { max_parallel: 6 },
      tasks: [
        agent('a', { gives: 'kept' }),
        agent('bad', { ...once, gives: 'mended', ms: 20 }, after('a')),
        agent('busy', { ms: 200, gives: 'busy' }, { ...after('a'), mutex: 'm' }),
        agent(
          'next',
          { gives: '${bad.output + busy.output}' },
          { ...after('bad', 'busy'), mutex: 'm' },
        ),
      ],
      hooks: {
        on_start: [agent('first')],
        on_failure: [agent('sorry')],
        on_complete: [agent('last')],
      },
      outputs: { next: '${next.output}' },
    },
    commands: [again],
    ends: 2,
  },
  {
    name: 'retry of instances',
    workflow: {
      settings: { max_parallel: 3, on_failure: 'continue' },
      tasks: [
        agent(
          'each',
          { gives: '${item}', fails: '${item % 2}', retryable: false },
          { foreach: [1, 2, 3, 4, 5] },
        ),
        agent('sum', { gives: '${each.output}' }, after('each')),
      ],
      outputs: { sum: '${sum.output}' },
    },
    commands: [again],
    ends: 2,
  },
  {
    name: 'retry of rounds',
    workflow: {
      settings: { max_parallel: 3, on_failure: 'continue' },
      tasks: [
        agent(
          'round',
          {
            gives: '${default(round.output, 0) + 1}',
            fails: '${default(round.output, 0)}',
            retryable: false,
          },
          { repeat: { until: 'round.output >= 2', max: 3 } },
        ),
        agent('draft', { gives: '${default(check.output, 0) + 1}' }),
        agent(
          'check',
          { gives: '${draft.output}', ms: 300, fails: '${draft.output - 1}', retryable: false },
          after('draft'),
        ),
        agent('publish', { gives: 'done' }),
      ],
      edges: [
        { from: 'check', to: 'draft', condition: 'check.output < 2', loop: { max: 4 } },
        { from: 'check', to: 'publish', condition: 'check.output == 2' },
      ],
      outputs: { round: '${round.output}', publish: '${publish.output}' },
    },
    commands: [again],
    ends: 2,
  },
  {
    name: 'retry of one task, then of the rest',
    workflow: {
      settings: { on_failure: 'continue' },
      tasks: [
        agent('a', { ...once, gives: 1 }),
        agent('b', { ...once, gives: 2 }),
        agent('c', { gives: '${a.output + b.output}' }, after('a', 'b')),
      ],
      outputs: { c: '${c.output}' },
    },
    commands: [
      { ...again, command: { type: 'retry', tasks: ['a'] } },
      { atVersion: 20, command: { type: 'retry' }, afterEnd: true },
    ],
    ends: 3,
  },
];
