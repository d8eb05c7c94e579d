/** What surrounds the tasks of a run when something fails. */
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Scenario } from './scenarios.ts';
import { after, agent, failing } from './simulated-tasks.ts';

const undo = (gives: string, rest: JsonObject = {}): JsonObject => ({
  compensate: { agent: 'echo', parameters: { gives, ...rest } },
});

/** Compensations, hooks and fallbacks. */
export const failureScenarios: Scenario[] = [
  {
    name: 'saga',
    workflow: {
      settings: { on_failure: 'compensate', max_parallel: 1 },
      tasks: [
        agent('a', { gives: 1 }, undo('${a.output}')),
        agent(
          'each',
          { gives: '${n}' },
          { ...after('a'), foreach: [1, 2], as: 'n', ...undo('${n}') },
        ),
        agent('plain', {}, after('each')),
        agent(
          'b',
          { gives: 3 },
          {
            ...after('plain'),
            compensate: {
              agent: 'echo',
              parameters: { fails: 1 },
              retry: { max_attempts: 2, delay: 0.1 },
            },
          },
        ),
        agent('bad', failing, after('b')),
      ],
    },
  },
  {
    name: 'saga over rounds',
    workflow: {
      settings: { on_failure: 'compensate', max_parallel: 5 },
      tasks: [
        agent('a', { gives: 1 }, undo('${a.output}')),
        agent('bad', { ...failing, ms: 30_000 }, after('a')),
        agent(
          'round',
          { gives: 2 },
          { repeat: { max: 2 }, ...after('a'), ...undo('${round.output}') },
        ),
      ],
    },
  },
  {
    name: 'hooks around a success',
    workflow: {
      tasks: [agent('work', { gives: 1 })],
      hooks: {
        on_start: [agent('s1'), agent('s2', {}, after('s1'))],
        on_success: [agent('good', { gives: '${run.status}' })],
        on_failure: [agent('poor')],
        on_complete: [
          agent('end', failing),
          agent('last', {}, { ...after('end'), trigger: 'all_done' }),
        ],
      },
      outputs: { n: '${work.output}' },
    },
  },
  {
    name: 'hooks after a task that ends the run, beside a failure that is skipped',
    workflow: {
      settings: { max_parallel: 5 },
      tasks: [
        agent('round', { gives: 1 }, { repeat: { max: 2 } }),
        agent('bad', failing, { on_failure: 'skip' }),
        agent('each', {}, { ...after('round', 'bad'), trigger: 'none_failed' }),
        agent('last', { ms: 50 }, { ...after('each'), end: 'terminate' }),
        agent('endless', { ms: 90_000 }),
      ],
      hooks: {
        on_success: [agent('good', {}, { repeat: { max: 2 } })],
        on_complete: [agent('end')],
      },
    },
  },
  {
    name: 'hooks around a saga',
    workflow: {
      settings: { on_failure: 'compensate' },
      tasks: [
        agent('work', { gives: 1 }, undo('${work.output}')),
        agent('bad', failing, after('work')),
      ],
      hooks: {
        on_start: [agent('s', { gives: 's' })],
        on_failure: [agent('poor', { gives: '${run.error.code}' })],
        on_complete: [agent('end', failing, { on_failure: 'fail' })],
      },
    },
  },
  {
    name: 'hooks of a canceled run',
    workflow: {
      tasks: [agent('long', { ms: 300_000 })],
      hooks: { on_start: [agent('s')], on_complete: [agent('end', { gives: '${run.status}' })] },
    },
    commands: [{ atVersion: 7, command: { type: 'cancel', reason: 'enough' } }],
  },
  {
    name: 'fallback',
    workflow: {
      tasks: [
        agent(
          'a',
          { fails: 3, gives: 'fourth' },
          { retry: { max_attempts: 2, delay: 0.1 }, fallback: ['echo'] },
        ),
        agent('b', failing, { fallback: ['echo', 'echo'], on_failure: 'skip' }),
      ],
    },
  },
];
