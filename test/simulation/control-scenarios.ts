/** Workflows that steer each other and that wait: mutexes, regions, cancellation, signals, approvals, feeds. */
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import type { Scenario } from './scenarios.ts';
import { after, agent } from './simulated-tasks.ts';

export const controlScenarios: Scenario[] = [
  {
    name: 'adapted',
    workflow: {
      tasks: [
        { id: 'gate', wait: { signal: 'go' } },
        agent('b', { gives: 1 }, after('gate')),
        agent('c', { gives: 'old' }, after('b')),
      ],
      outputs: { c: '${c.output}' },
    },
    commands: [
      {
        atVersion: 4,
        command: {
          type: 'adapt',
          patch: {
            tasks: {
              each: agent('each', { gives: '${item}' }, { ...after('gate'), foreach: [1, 2] }),
              c: { ...after('b', 'each'), parameters: { gives: '${each.output}' }, mutex: 'm' },
              d: agent('d', {}, { ...after('gate'), mutex: 'm', repeat: { max: 2 } }),
            },
            settings: { max_parallel: 2 },
          },
        },
      },
      { atVersion: 5, command: { type: 'adapt', patch: { tasks: { d: null } } } },
      { atVersion: 6, command: { type: 'adapt', undo: true } },
      { atVersion: 7, command: signal('go') },
    ],
  },
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
  {
    name: 'waits',
    workflow: {
      tasks: [
        { id: 'sign', wait: { approval: { quorum: 2, timeout: 3_000, on_timeout: 'approve' } } },
        { id: 'arrive', wait: { signal: 'papers' } },
        {
          id: 'choose',
          wait: { first: { paid: { signal: 'payment' }, late: { timer: '1h' } } },
        },
        agent('grow', { gives: '${item}', ms: 5 }, { foreach: { feed: 'files' } }),
        agent('end', { gives: '${grow.output}' }, after('sign', 'arrive', 'choose', 'grow')),
      ],
      outputs: { grown: '${end.output}', paid: '${choose.output.event}' },
    },
    commands: inTurn(10, [
      signal('files', 1),
      { type: 'approve', task: 'sign', by: 'ann' },
      signal('payment', 5),
      { type: 'approve', task: 'sign', by: 'bob' },
      signal('files', 2),
      signal('files', { close: true }),
      signal('papers'),
    ]),
  },
  {
    name: 'waits that are steered',
    workflow: {
      settings: { max_parallel: 6 },
      regions: { asking: { mutex: 'desk' } },
      tasks: [
        { id: 'sign', region: 'asking', wait: { approval: { quorum: 2 } } },
        { id: 'hear', region: 'asking', wait: { signal: { name: 'news', transient: true } } },
        {
          id: 'choose',
          region: 'asking',
          wait: { first: { paid: { signal: 'payment' }, late: { timer: '1h' } } },
        },
        agent('grow', { ms: 90_000 }, { region: 'asking', foreach: { feed: 'files' } }),
        agent('act', {}, { ...after('sign', 'choose'), region: 'asking' }),
        { id: 'hold', mutex: 'door', wait: { signal: 'release' } },
        agent('through', { gives: 'through' }, { mutex: 'door' }),
        {
          id: 'late',
          mutex: 'door',
          wait: { signal: 'bid' },
          milestone: { until: 'through' },
        },
        { id: 'stop', wait: { signal: 'stop' }, cancel: ['asking'] },
        agent('desk', { gives: 'free' }, { mutex: 'desk' }),
        { id: 'open', wait: { approval: {} } },
        agent('end', {}, { ...after('through', 'desk'), end: 'terminate' }),
      ],
      outputs: { through: '${through.output}', desk: '${desk.output}' },
    },
    commands: [
      { atVersion: 19, command: signal('files', 1) },
      { atVersion: 22, command: { type: 'approve', task: 'sign', by: 'ann' } },
      { atVersion: 23, command: signal('stop') },
      { atVersion: 24, command: signal('news', 'too late') },
      { atVersion: 25, command: signal('release') },
    ],
  },
];

export const pauseScenarios: Scenario[] = [
  {
    name: 'an interrupted attempt starts again',
    workflow: {
      settings: { max_parallel: 6 },
      tasks: [
        agent('a', { gives: 'a', ms: 5_000 }),
        agent('each', { gives: '${item}', ms: 4_000 }, { foreach: [1, 2] }),
        agent(
          'turn',
          { gives: '${default(turn.output, 0) + 1}', ms: 3_000 },
          {
            repeat: { until: 'turn.output >= 2', max: 3 },
          },
        ),
        { id: 'wait', wait: { timer: 8 } },
        agent('end', { gives: '${a.output}' }, after('a', 'each', 'turn', 'wait')),
      ],
      outputs: { end: '${end.output}', each: '${each.output}', turn: '${turn.output}' },
    },
    commands: [
      { after: 'task.started turn', afterMs: 1_000, command: { type: 'pause', hard: true } },
      { after: 'task.started turn', afterMs: 1_500, command: signal('held') },
      { after: 'run.signalReceived', afterMs: 500, command: { type: 'resume' } },
    ],
  },
];

function signal(name: string, payload: JsonValue = null): JsonObject {
  return { type: 'signal', name, payload };
}

/** One command after the other: each event of the run allows the next. */
function inTurn(first: number, commands: JsonObject[]): NonNullable<Scenario['commands']> {
  return commands.map((command, index) => ({ atVersion: first + index, command }));
}
