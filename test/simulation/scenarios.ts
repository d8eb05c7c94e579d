/** Workflows that between them use what the language has, for the simulated agents (`sim-worker.ts`). */
import type { JsonObject } from '../../src/workflow/value.ts';
import { adaptScenarios } from './adapt-scenarios.ts';
import { controlScenarios, pauseScenarios } from './control-scenarios.ts';
import { failureScenarios } from './failure-scenarios.ts';
import { retryScenarios } from './retry-scenarios.ts';
import { after, agent, failing } from './simulated-tasks.ts';

/** `afterEnd`: it waits although the run has ended, for another command makes it go on. */
export type PlannedCommand = { command: JsonObject; afterMs?: number; afterEnd?: true } & (
  | { atVersion: number }
  | { after: string }
);

export interface Scenario {
  name: string;
  workflow: JsonObject;
  input?: JsonObject;
  /** Commands: sent once that many events of the run, or this one (`task.waiting a`), are durable, or so long after. */
  commands?: PlannedCommand[];
  /** How often it ends, where commands make it go on. */
  ends?: number;
}

export const scenarios: Scenario[] = [
  {
    name: 'chain',
    workflow: {
      tasks: [
        agent('a', { gives: { n: 1 } }),
        agent('b', { gives: '${a.output.n + 1}' }, after('a')),
        agent('c', { gives: '${b.output * 10}' }, after('b')),
      ],
      outputs: { c: '${c.output}' },
    },
  },
  {
    name: 'diamond',
    workflow: {
      settings: { max_parallel: 2 },
      tasks: [
        agent('a'),
        ...['b', 'c', 'd'].map((id) => agent(id, { gives: id, ms: 50 }, after('a'))),
        agent('e', { gives: '${b.output + c.output + d.output}' }, after('b', 'c', 'd')),
      ],
    },
  },
  {
    name: 'foreach',
    workflow: {
      settings: { max_parallel: 3 },
      tasks: [
        agent('list', { gives: [1, 2, 3, 4, 5] }),
        agent(
          'each',
          { gives: '${n * n}', ms: 20 },
          { ...after('list'), foreach: '${list.output}', as: 'n' },
        ),
        agent('sum', { gives: '${each.output}' }, after('each')),
      ],
    },
  },
  {
    name: 'repeat',
    workflow: {
      tasks: [
        agent(
          'a',
          { gives: '${default(a.output, 0) + 1}' },
          { repeat: { until: 'a.output >= 3', max: 5, delay: 0.1 } },
        ),
        agent('b', { gives: '${a.output}' }, after('a')),
      ],
      outputs: { b: '${b.output}' },
    },
  },
  {
    name: 'cycle with exits',
    workflow: {
      tasks: [
        agent('draft', { gives: '${default(review.output, 0) + 1}' }),
        agent('review', { gives: '${draft.output}' }, after('draft')),
        agent('publish', { gives: 'done' }),
        agent('tidy', {}, { ...after('publish'), trigger: 'all_done' }),
      ],
      edges: [
        { from: 'review', to: 'draft', condition: 'review.output < 3', loop: { max: 4 } },
        { from: 'review', to: 'publish', condition: 'review.output == 3' },
      ],
    },
  },
  {
    name: 'threads',
    workflow: {
      settings: { max_parallel: 4 },
      tasks: [
        agent('split', {}, { emit: 3 }),
        agent('work', { ms: 10 }, after('split')),
        agent('merge', {}, { ...after('work'), trigger: { merge: 3 } }),
        agent('every', {}, { ...after('work', 'merge'), trigger: 'each' }),
      ],
    },
  },
  {
    name: 'a join that cancels the rest',
    workflow: {
      tasks: [
        agent('quick'),
        agent('slow', { ms: 60_000 }),
        agent('join', {}, { ...after('quick', 'slow'), trigger: { count: 1, rest: 'cancel' } }),
      ],
    },
  },
  {
    name: 'retries',
    workflow: {
      tasks: [
        agent('a', { fails: 2, gives: 'third' }, { retry: { max_attempts: 9, delay: 0.2 } }),
        agent(
          'b',
          { fails: 1, gives: 'second' },
          { ...after('a'), retry: { max_attempts: 9, delay: 1, backoff: 'exponential' } },
        ),
      ],
    },
  },
  {
    name: 'failure stops',
    workflow: {
      settings: { max_parallel: 5 },
      tasks: [
        agent('ok', { gives: 1 }),
        agent('bad', failing, after('ok')),
        agent('long', { ms: 60_000 }, after('ok')),
        agent('never', {}, after('bad')),
        agent('clean-up', { gives: 'clean' }, { ...after('bad'), trigger: 'all_done' }),
      ],
    },
  },
  {
    name: 'failure goes on',
    workflow: {
      settings: { on_failure: 'continue' },
      tasks: [
        agent('bad', failing),
        agent('ok', { ms: 200 }),
        agent('late', { gives: 'kept' }, after('ok')),
      ],
    },
  },
  {
    name: 'handler',
    workflow: {
      tasks: [
        agent('bad', failing),
        agent('fix', { gives: 'fixed' }, { ...after('bad'), trigger: 'one_failed' }),
        agent('skipped', failing, { on_failure: 'skip' }),
        agent(
          'end',
          { gives: '${fix.output}' },
          { ...after('fix', 'skipped'), trigger: 'none_failed' },
        ),
      ],
    },
  },
  {
    name: 'timers',
    workflow: {
      tasks: [
        { id: 'wait', wait: { timer: 3 } },
        agent('a', { gives: 'later' }, after('wait')),
        { id: 'then', wait: { timer: '${1}' }, dependencies: ['a'] },
      ],
    },
  },
  {
    name: 'task timeout',
    workflow: {
      tasks: [
        agent('hangs', { ms: 600_000 }, { timeout: 2, retry: { max_attempts: 2, delay: 0.1 } }),
      ],
    },
  },
  {
    name: 'run timeout',
    workflow: {
      settings: { timeout: 4 },
      tasks: [
        agent('a', { gives: 1 }),
        agent('hangs', { ms: 600_000 }, after('a')),
        agent('never', {}, after('hangs')),
      ],
    },
  },
  {
    name: 'large values',
    workflow: {
      inputs: { size: { type: 'integer' } },
      tasks: [
        agent('big', { range: '${inputs.size}' }),
        agent('sees', { gives: '${size(big.output)}' }, after('big')),
        agent(
          'each',
          { gives: '${n}' },
          { ...after('big'), foreach: '${filter(big.output, x, x % 3000 == 0)}', as: 'n' },
        ),
      ],
      outputs: { size: '${sees.output}' },
    },
    input: { size: 10_000 },
  },
  {
    name: 'join and cancel',
    workflow: {
      settings: { max_parallel: 4 },
      tasks: [
        agent(
          'race',
          { ms: '${n}', gives: '${n}' },
          { foreach: [10, 90_000, 90_001], as: 'n', join: { count: 1, rest: 'cancel' } },
        ),
      ],
    },
  },
  {
    name: 'begins and fails in one commit',
    workflow: {
      tasks: [
        agent('one', { gives: {} }),
        agent('begins', { ms: 5 }, after('one')),
        agent('cannot', { x: '${one.output.missing.field}' }, after('one')),
      ],
    },
  },
  {
    name: 'canceled',
    workflow: {
      tasks: [
        agent('a'),
        agent('long', { ms: 300_000 }, after('a')),
        agent('never', {}, after('long')),
      ],
    },
    commands: [{ atVersion: 7, command: { type: 'cancel', reason: 'enough' } }],
  },
  {
    name: 'paused',
    workflow: {
      tasks: [
        agent('a'),
        { id: 'wait', wait: { timer: 2 }, dependencies: ['a'] },
        agent('b', {}, after('wait')),
      ],
    },
    commands: [
      { atVersion: 5, command: { type: 'pause', reason: 'look' } },
      { atVersion: 8, command: { type: 'resume' } },
    ],
  },
  ...controlScenarios,
  ...pauseScenarios,
  ...failureScenarios,
  ...retryScenarios,
  ...adaptScenarios,
];

/** The file form with its name. */
export function workflowOf(scenario: Scenario): JsonObject {
  return { name: scenario.name.replaceAll(' ', '-'), ...scenario.workflow };
}
