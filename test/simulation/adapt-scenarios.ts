/** Patches in the company of what else is done to a run: a retry, a pause that interrupts, another plan under a loop. */
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Scenario } from './scenarios.ts';
import { after, agent } from './simulated-tasks.ts';

/** The first attempt fails for good, the second one succeeds. */
const once = { fails: 1, retryable: false };
const signal = (name: string): JsonObject => ({ type: 'signal', name, payload: null });
const adapt = (patch: JsonObject): JsonObject => ({ type: 'adapt', patch });

export const adaptScenarios: Scenario[] = [
  {
    name: 'retry of an adapted run, adapted again',
    workflow: {
      settings: { max_parallel: 4, on_failure: 'continue' },
      tasks: [
        { id: 'gate', wait: { signal: 'go' } },
        agent('a', { ...once, gives: 1, ms: 3_000 }),
        agent('b', { gives: '${a.output + 1}' }, after('a', 'gate')),
        agent('hold', { ms: 3_000 }, after('a')),
      ],
      outputs: { b: '${b.output}' },
    },
    commands: [
      {
        after: 'task.waiting gate',
        command: adapt({
          tasks: {
            b: { parameters: { gives: '${a.output + 10}' } },
            c: agent(
              'c',
              { gives: '${default(c.output, b.output) + 1}' },
              { ...after('b'), repeat: { until: 'c.output >= 13', max: 3 } },
            ),
          },
          outputs: { c: '${c.output}' },
        }),
      },
      { after: 'task.waiting gate', afterMs: 1_500, command: signal('go') },
      { after: 'run.failed', command: { type: 'retry' } },
      {
        after: 'task.started hold',
        afterEnd: true,
        command: adapt({ tasks: { late: agent('late', { gives: 'late' }, after('c')) } }),
      },
    ],
    ends: 2,
  },
  {
    name: 'a hard pause, then a patch',
    workflow: {
      settings: { max_parallel: 2 },
      tasks: [
        agent('a', { gives: 'a', ms: 5_000 }),
        agent('each', { gives: '${item}', ms: 4_000 }, { foreach: [1, 2, 3] }),
        agent('b', { gives: 'old' }, after('a')),
        agent('gone', { gives: 'gone' }, after('a', 'each')),
      ],
      outputs: { b: '${b.output}', each: '${each.output}' },
    },
    commands: [
      { after: 'task.started a', afterMs: 1_000, command: { type: 'pause', hard: true } },
      {
        after: 'run.paused',
        afterMs: 300,
        command: adapt({
          tasks: {
            gone: null,
            b: { ...after('a', 'each'), parameters: { gives: '${each.output}' } },
            c: agent('c', { gives: 'c' }, { ...after('a'), mutex: 'm' }),
          },
          settings: { max_parallel: 4 },
        }),
      },
      { after: 'run.adapted', afterMs: 300, command: { type: 'resume' } },
    ],
  },
];
