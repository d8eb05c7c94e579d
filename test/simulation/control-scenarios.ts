/** Workflows that steer each other and that wait: mutexes, regions, cancellation, signals, approvals, feeds. */
import type { Scenario } from './scenarios.ts';
import { after, agent } from './simulated-tasks.ts';

export const controlScenarios: Scenario[] = [
  {
    name: 'mutexes and a region',
    workflow: {
      settings: { max_parallel: 4 },
      regions: { writing: { mutex: 'disk' } },
      tasks: [
        agent('a', { ms: 20, fails: 1 }, { mutex: 'db', retry: { max_attempts: 2, delay: 0.1 } }),
        agent('b', { ms: 5 }, { mutex: ['db', 'disk'] }),
        { id: 'wait', wait: { timer: 1 }, mutex: 'db' },
        agent('each', { gives: '${item}' }, { foreach: [1, 2], mutex: 'db' }),
        agent('w1', { ms: 10 }, { region: 'writing' }),
        agent('w2', {}, { ...after('w1'), region: 'writing' }),
      ],
      outputs: { each: '${each.output}' },
    },
  },
  {
    name: 'milestone and cancel',
    workflow: {
      settings: { max_parallel: 6 },
      tasks: [
        agent('slow', { ms: 100_000 }, { region: 'search' }),
        agent('next', {}, { ...after('slow'), region: 'search' }),
        agent('race', { ms: '${item}' }, { foreach: [60_000, 60_001], region: 'search' }),
        agent('found', { ms: 20 }, { cancel: ['search'] }),
        agent('late', {}, { milestone: { after: 'slow', until: 'found' } }),
        agent('end', {}, { ...after('found', 'slow'), trigger: 'all_done' }),
      ],
    },
  },
  {
    name: 'complete and terminate',
    workflow: {
      settings: { max_parallel: 6 },
      tasks: [
        agent('each', { ms: '${item}', gives: '${item}' }, { foreach: [5, 60_000, 60_001] }),
        agent('enough', { ms: 40 }, { complete: ['each'] }),
        agent('sum', { gives: '${each.output}' }, { ...after('each'), end: 'terminate' }),
        agent('endless', { ms: 90_000 }),
        agent('never', {}, after('endless')),
      ],
      outputs: { sum: '${sum.output}', never: '${default(never.output, "none")}' },
    },
  },
];
