/**
 * The events of a run's stream beside its tasks: the run itself, timers beside a state, escalations, budgets.
 */
import { z } from 'zod';
import type { DefinitionChange } from '../workflow/change/definition-change.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import { type EventOf, eventType, fields } from './event-type.ts';

/** The task of another run that waits for this one. */
const parent = z.object({ runId: z.string(), activation: z.string(), attempt: fields.attempt });

/** What ends a run repeats what projections file it under, and who is told. */
const endOfRun = {
  name: z.string(),
  session: z.string().optional(),
  startedAt: fields.time.optional(),
  parent: parent.optional(),
};

/** What a job was asked for with; `run` is the run in whose scope it belongs. */
const job = z.object({
  agent: z.string(),
  maxRetries: fields.count,
  /** The name that its client gave it, and the hash of what was asked. */
  id: z.string().optional(),
  hash: z.string().optional(),
  run: z.string().optional(),
});

const definition = z.custom<WorkflowDefinition>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a workflow definition or a blob reference to one',
);

const definitionChange = z.custom<DefinitionChange>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a change of a definition',
);

export const runEvents = {
  created: eventType(
    'run.created',
    'A validated request became a run; from here on it is promised.',
    z.object({
      runId: z.string(),
      name: z.string(),
      definition,
      definitionHash: z.string(),
      inputs: fields.value,
      priority: z.enum(['urgent', 'high', 'normal', 'low']),
      requestId: z.string().optional(),
      requestHash: z.string().optional(),
      bodyHash: z.string().optional(),
      session: z.string().optional(),
      tenant: z.string().optional(),
      deadline: fields.time.optional(),
      /** False: it waits for the command `start`. */
      start: z.boolean(),
      /** The run that stands for requests with this key until then. */
      dedupe: z.object({ key: z.string(), until: fields.time }).optional(),
      /** It waits for a pause between requests with this key, but not longer than until `latest`. */
      debounce: z.object({ key: z.string(), latest: fields.time.optional() }).optional(),
      /** It waits until then, or for the command `start`. */
      startAt: fields.time.optional(),
      /** Of a job: a run of one task that was asked for without a workflow. */
      job: job.optional(),
      /** Of a child run; `root` is the run at the top, `depth` counts the runs above. */
      parent: parent.optional(),
      root: z.string().optional(),
      depth: fields.count.optional(),
    }),
  ),
  postponed: eventType(
    'run.postponed',
    'Another request with its debounce key came: it waits anew, and has the inputs of that request.',
    z.object({ startAt: fields.time, inputs: fields.value }),
  ),
  started: eventType(
    'run.started',
    'The run began; it times out at `dueAt`.',
    z.object({ dueAt: fields.time.optional() }),
  ),
  paused: eventType(
    'run.paused',
    'No new attempt starts until the run is resumed; with `hard` those in hand are interrupted.',
    z.object({ reason: z.string(), hard: z.boolean().optional() }),
  ),
  resumed: eventType(
    'run.resumed',
    'The run goes on; delays and retry timers move by `pausedMs`.',
    z.object({ pausedMs: fields.count }),
  ),
  adapted: eventType(
    'run.adapted',
    'Tasks that had not started were changed.',
    z.object({
      /** In the words of a file, for people. */
      patch: fields.value,
      definitionHash: z.string(),
      /** What is folded: from the definition before to the one with that hash. */
      change: definitionChange.optional(),
      /** Activations that waited for a slot and are decided anew, or are gone. */
      withdrawn: z.array(z.string()).optional(),
      /** The deadline of the run, where it moved. */
      dueAt: fields.time.optional(),
      /** Version of the `run.adapted` that this one takes back. */
      undoes: fields.count.optional(),
      /** Tasks of the definition afterwards, without those of hooks. */
      tasks: fields.count.optional(),
    }),
  ),
  signalReceived: eventType(
    'run.signalReceived',
    'A signal reached the run; with `taskId` it is the answer of a person to an approval, or (`delegate`) whom that person lets answer.',
    z.object({
      name: z.string(),
      payload: fields.value.optional(),
      taskId: z.string().optional(),
    }),
  ),
  checkpointed: eventType(
    'run.checkpointed',
    'A named point to come back to was set.',
    z.object({ label: z.string() }),
  ),
  cancelRequested: eventType(
    'run.cancelRequested',
    'Somebody asked the run to end; `terminate` waits for no agent.',
    z.object({ reason: z.string(), terminate: z.boolean().optional() }),
  ),
  stopping: eventType(
    'run.stopping',
    'A failure or a timeout ends the run; what is left is skipped or canceled.',
    z.object({ error: fields.failure }),
  ),
  finishing: eventType(
    'run.finishing',
    'The outcome is known and the closing hooks run.',
    z.object({ outcome: z.enum(['succeeded', 'failed', 'canceled']) }),
  ),
  compensationStarted: eventType(
    'run.compensationStarted',
    'What succeeded is being undone, last first.',
    z.object({}),
  ),
  retried: eventType(
    'run.retried',
    'A failed run goes on; it times out at `dueAt`.',
    z.object({
      reason: z.string(),
      dueAt: fields.time.optional(),
      /** Of what failed only these tasks are tried again. */
      tasks: z.array(z.string()).optional(),
    }),
  ),
  released: eventType('run.released', 'A quarantine was lifted.', z.object({ reason: z.string() })),
  succeeded: eventType(
    'run.succeeded',
    'The run ended with its outputs.',
    z.object({ ...endOfRun, output: fields.value }),
  ),
  failed: eventType(
    'run.failed',
    'The run ended with an unhandled failure; results so far are kept.',
    z.object({ ...endOfRun, error: fields.failure, output: fields.value.optional() }),
  ),
  canceled: eventType(
    'run.canceled',
    'The run ended by cancellation.',
    z.object({ ...endOfRun, reason: z.string() }),
  ),
  quarantined: eventType(
    'run.quarantined',
    'A defect in folding or deciding isolated this run.',
    z.object({
      error: z.object({ code: z.string(), message: z.string(), stack: z.string().optional() }),
      /** The version after which the defect showed. */
      streamVersion: fields.count,
      message: fields.value.optional(),
    }),
  ),
  forked: eventType(
    'run.forked',
    'The run began as a copy of another run at a version.',
    z.object({
      runId: z.string(),
      from: z.string(),
      at: fields.count,
      /** What was set for it: `inputs`, `parameters` by task, `outputs` by activation. */
      overrides: fields.value.optional(),
      dueAt: fields.time.optional(),
      /** Recorded answers are taken where the parameters are the same; `strict`: what changed fails. */
      sandbox: z.enum(['reuse', 'strict']).optional(),
      name: z.string().optional(),
      session: z.string().optional(),
      priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
      requestId: z.string().optional(),
      bodyHash: z.string().optional(),
    }),
  ),
  spawnProposed: eventType(
    'run.spawnProposed',
    'An agent proposed more tasks.',
    z.object({ taskId: z.string(), tasks: fields.value }),
  ),
  spawnRefused: eventType(
    'run.spawnRefused',
    'Proposed tasks were refused.',
    z.object({ taskId: z.string(), reason: z.string() }),
  ),
};

const timer = { timerId: z.string(), kind: z.string(), taskId: z.string().optional() };

export const timerEvents = {
  armed: eventType(
    'timer.armed',
    'A timer beside the state was set.',
    z.object({ ...timer, dueAt: fields.time }),
  ),
  fired: eventType(
    'timer.fired',
    'A timer beside the state fell due; of the kind `reminder`: those who are asked were told again.',
    z.object({
      ...timer,
      /** Of a reminder: how many there were with this one, and when the next one is due. */
      count: fields.count.optional(),
      nextAt: fields.time.optional(),
    }),
  ),
  disarmed: eventType('timer.disarmed', 'A timer beside the state was withdrawn.', z.object(timer)),
};

const escalated = { taskId: z.string(), attempt: fields.attempt.optional(), depth: fields.count };

export const escalationEvents = {
  requested: eventType(
    'escalation.requested',
    'A task asked for a more capable agent.',
    z.object({ ...escalated, reason: z.string(), evidence: fields.value.optional() }),
  ),
  routed: eventType(
    'escalation.routed',
    'The next agent was chosen.',
    z.object({ ...escalated, agent: z.string(), candidates: z.array(fields.candidate).optional() }),
  ),
  refused: eventType(
    'escalation.refused',
    'The policy refused another level.',
    z.object({ ...escalated, reason: z.string() }),
  ),
  resolved: eventType(
    'escalation.resolved',
    'The escalation ended.',
    z.object({ ...escalated, outcome: z.string() }),
  ),
};

export const permissionEvents = {
  denied: eventType(
    'permission.denied',
    'An agent wanted something that it may not do.',
    z.object({ taskId: z.string(), agent: z.string(), permission: z.string() }),
  ),
};

const budget = { taskId: z.string(), attempt: fields.attempt.optional(), amounts: fields.usage };

export const budgetEvents = {
  reserved: eventType('budget.reserved', 'Budget was set aside for an attempt.', z.object(budget)),
  settled: eventType('budget.settled', 'What an attempt used was booked.', z.object(budget)),
  exhausted: eventType(
    'budget.exhausted',
    'A limit was reached.',
    z.object({ limit: z.string(), amounts: fields.usage }),
  ),
};

export type RunLifecycleEvent = EventOf<typeof runEvents>;
export type TimerEvent = EventOf<typeof timerEvents>;
export type EscalationEvent = EventOf<typeof escalationEvents>;
export type PermissionEvent = EventOf<typeof permissionEvents>;
export type BudgetEvent = EventOf<typeof budgetEvents>;
