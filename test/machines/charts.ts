/**
 * The state charts as `contracts.md` draws them, copied by hand: state, event, next state.
 * The machines are compared with these tables both ways; what is here and not on that page says why.
 */
export type Chart = readonly (readonly [from: string, event: string, to: string])[];

const openTaskStates = [
  'scheduled',
  'preparing',
  'running',
  'expanded',
  'waiting',
  'backoff',
  'escalated',
  'canceling',
];
const endedTaskStates = [
  'succeeded',
  'failed',
  'skipped',
  'canceled',
  'compensating',
  'compensated',
  'compensationFailed',
];

export const taskChart: Chart = [
  ['pending', 'task.scheduled', 'scheduled'],
  ['pending', 'task.skipped', 'skipped'],
  ['scheduled', 'task.started', 'running'],
  ['scheduled', 'task.preparing', 'preparing'],
  ['scheduled', 'task.expanded', 'expanded'],
  ['scheduled', 'task.waiting', 'waiting'],
  ['scheduled', 'task.reused', 'succeeded'],
  ['preparing', 'task.started', 'running'],
  ['preparing', 'task.reused', 'succeeded'],
  ['running', 'task.progressed', 'running'],
  ['running', 'task.attemptFailed', 'running'],
  ['running', 'task.retryScheduled', 'backoff'],
  ['running', 'task.handedOff', 'scheduled'],
  ['running', 'escalation.requested', 'escalated'],
  ['waiting', 'task.attemptFailed', 'waiting'],
  ['waiting', 'task.retryScheduled', 'backoff'],
  ['backoff', 'task.scheduled', 'scheduled'],
  ['escalated', 'escalation.routed', 'escalated'],
  ['escalated', 'escalation.refused', 'escalated'],
  ['escalated', 'escalation.resolved', 'escalated'],
  ['escalated', 'task.handedOff', 'scheduled'],
  ...openTaskStates.flatMap(
    (state): Chart => [
      [state, 'task.succeeded', 'succeeded'],
      [state, 'task.failed', 'failed'],
      [state, 'task.reset', 'pending'],
    ],
  ),
  ...openTaskStates
    .filter((state) => state !== 'canceling')
    .map((state) => [state, 'task.cancelRequested', 'canceling'] as const),
  ['canceling', 'task.cancelAcknowledged', 'canceling'],
  ['canceling', 'task.cancelForced', 'canceling'],
  ['canceling', 'task.canceled', 'canceled'],
  ['failed', 'task.skipped', 'skipped'],
  ['succeeded', 'task.compensating', 'compensating'],
  ['compensating', 'task.compensated', 'compensated'],
  ['compensating', 'task.compensationFailed', 'compensationFailed'],
  ...endedTaskStates.map((state) => [state, 'task.reset', 'pending'] as const),
];

const liveRunStates = [
  'pending',
  'running',
  'paused',
  'stopping',
  'compensating',
  'canceling',
  'finishing',
];
const endedRunStates = ['succeeded', 'failed', 'canceled'];

/** Facts of the run's stream that change no state (style.md, M4); a run that has ended records none. */
const runFacts = [
  'run.signalReceived',
  'run.checkpointed',
  'run.spawnProposed',
  'run.spawnRefused',
  'timer.armed',
  'timer.fired',
  'timer.disarmed',
  'permission.denied',
  'budget.reserved',
  'budget.settled',
  'budget.exhausted',
];

const each = (states: readonly string[], event: string, to: string): Chart =>
  states.map((state) => [state, event, to] as const);

export const runChart: Chart = [
  // The stream's first event; it is what a pending run is pending with.
  ['pending', 'run.created', 'pending'],
  ['pending', 'run.started', 'running'],
  ['running', 'run.paused', 'paused'],
  ['paused', 'run.resumed', 'running'],
  ...each(['running', 'paused'], 'run.stopping', 'stopping'),
  ['stopping', 'run.compensationStarted', 'compensating'],
  ...each(['pending', 'running', 'paused', 'stopping'], 'run.cancelRequested', 'canceling'),
  // `terminate` of a run that is being canceled already: the same state, told not to wait.
  ['canceling', 'run.cancelRequested', 'canceling'],
  ...each(['running', 'stopping', 'compensating', 'canceling'], 'run.finishing', 'finishing'),
  ...each(['running', 'finishing'], 'run.succeeded', 'succeeded'),
  ...each(['running', 'stopping', 'compensating', 'finishing'], 'run.failed', 'failed'),
  ...each(liveRunStates, 'run.canceled', 'canceled'),
  ['failed', 'run.retried', 'running'],
  ...each([...liveRunStates, ...endedRunStates], 'run.forked', 'running'),
  // `adapt` changes tasks that have not started: possible until the run begins to end.
  ...each(['pending'], 'run.postponed', 'pending'),
  ...each(['pending'], 'run.adapted', 'pending'),
  ...each(['running'], 'run.adapted', 'running'),
  ...each(['paused'], 'run.adapted', 'paused'),
  ...liveRunStates.flatMap((state) => runFacts.map((fact) => [state, fact, state] as const)),
];

/** The two regions of the agent, each as a chart of its own. */
export const agentChart: Record<'availability' | 'breaker', Chart> = {
  availability: [
    ['offline', 'agent.registered', 'available'],
    ['offline', 'agent.recovered', 'available'],
    ['available', 'agent.drained', 'draining'],
    ['available', 'agent.lost', 'offline'],
    ['draining', 'agent.lost', 'offline'],
    // Another version or other capabilities: a fact, not a state.
    ['available', 'agent.updated', 'available'],
    ['draining', 'agent.updated', 'draining'],
  ],
  breaker: [
    ['closed', 'breaker.opened', 'open'],
    ['open', 'breaker.halfOpened', 'halfOpen'],
    ['halfOpen', 'breaker.opened', 'open'],
    ['halfOpen', 'breaker.closed', 'closed'],
  ],
};

/** Of a schedule; docs/decisions/0055-schedules.md has it in words. */
export const scheduleChart: Chart = [
  ...each(['absent', 'removed'], 'schedule.created', 'waiting'),
  ['waiting', 'schedule.fired', 'starting'],
  ['starting', 'schedule.started', 'waiting'],
  ['starting', 'schedule.startFailed', 'waiting'],
  ['waiting', 'schedule.paused', 'paused'],
  ['paused', 'schedule.resumed', 'waiting'],
  ...each(['waiting', 'paused'], 'schedule.removed', 'removed'),
  // facts, not states
  ['waiting', 'schedule.skipped', 'waiting'],
  ['waiting', 'schedule.queued', 'waiting'],
  ['waiting', 'schedule.changed', 'waiting'],
  ['paused', 'schedule.changed', 'paused'],
];
