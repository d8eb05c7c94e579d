/**
 * The `task.*` events of a run's stream. `taskId` is the activation (`contracts.md`, Activations).
 */
import { z } from 'zod';
import { type EventOf, eventType, fields } from './event-type.ts';

/** What every task event carries. */
const task = {
  taskId: z.string(),
  definitionTaskId: z.string().optional(),
  attempt: fields.attempt.optional(),
  hook: z.string().optional(),
};
const attempted = { ...task, attempt: fields.attempt };
/** What ends an attempt repeats who worked on it since when, for projections see nothing else. */
const endOfAttempt = {
  ...task,
  agent: z.string().optional(),
  worker: z.string().optional(),
  startedAt: fields.time.optional(),
  /** The child run whose end this is. */
  child: z.string().optional(),
};
/** A child run that is not wanted any more: it is told (`actors/services/children-reactor.ts`). */
const leavesChild = {
  leaves: z.object({ runId: z.string(), how: z.enum(['cancel', 'terminate']) }).optional(),
};

export const taskEvents = {
  scheduled: eventType(
    'task.scheduled',
    'The task is ready; its next attempt has a number.',
    z.object({
      ...attempted,
      retryBase: fields.count.optional(),
      /** Of an instance: the `streamVersion` of the signal whose payload is its item. */
      signal: fields.version.optional(),
    }),
  ),
  preparing: eventType(
    'task.preparing',
    'The task was admitted and what its decision needs is being fetched.',
    z.object({ ...attempted, agent: z.string().optional() }),
  ),
  started: eventType(
    'task.started',
    'The attempt was admitted and routed, and is owed to an agent.',
    z.object({
      ...attempted,
      agent: z.string(),
      rule: z.string(),
      candidates: z.array(fields.candidate).max(5).optional(),
      parameters: fields.value,
      dueAt: fields.time.optional(),
    }),
  ),
  reused: eventType(
    'task.reused',
    'A cached result was taken instead of an execution.',
    z.object({ ...endOfAttempt, output: fields.value, cacheKey: z.string() }),
  ),
  progressed: eventType(
    'task.progressed',
    'The agent reported progress.',
    z.object({
      ...attempted,
      percent: z.number().min(0).max(100).optional(),
      message: z.string().optional(),
      usage: fields.usage.optional(),
      worker: z.string().optional(),
    }),
  ),
  attemptFailed: eventType(
    'task.attemptFailed',
    'The attempt ended without a result; what follows is in the same commit.',
    z.object({
      ...endOfAttempt,
      attempt: fields.attempt,
      error: fields.failure,
      usage: fields.usage.optional(),
      ...leavesChild,
    }),
  ),
  retryScheduled: eventType(
    'task.retryScheduled',
    'Another attempt was decided; it is due at `dueAt`.',
    z.object({
      ...attempted,
      rule: z.string(),
      dueAt: fields.time,
      /** The attempt was decided before, and the delay before it is over: no attempt failed now. */
      isDelayOver: z.boolean().optional(),
    }),
  ),
  handedOff: eventType(
    'task.handedOff',
    'The task was given to another agent, with the next attempt number.',
    z.object({ ...attempted, agent: z.string(), rule: z.string() }),
  ),
  waiting: eventType(
    'task.waiting',
    'The task waits for something other than an agent.',
    z.object({
      ...task,
      kind: z.enum(['approval', 'signal', 'first', 'timer', 'run']),
      dueAt: fields.time.optional(),
      details: fields.value.optional(),
      /** Of a child run: what it is started with. */
      inputs: fields.value.optional(),
    }),
  ),
  expanded: eventType(
    'task.expanded',
    'A `foreach` task has its items; its instances run.',
    z.object({
      ...task,
      items: fields.value,
      count: fields.count,
      /** The signal that adds more instances. */
      feed: z.string().optional(),
    }),
  ),
  succeeded: eventType(
    'task.succeeded',
    'The task has its result.',
    z.object({
      ...endOfAttempt,
      output: fields.value,
      usage: fields.usage.optional(),
      /** Another round follows: dependents do not see this one. */
      repeats: z.boolean().optional(),
      /** The task that runs again, where an edge led back. */
      loop: z.string().optional(),
      /** The bound of a loop ended it although its condition still held: the task that would have run again. */
      exhausted: z.string().optional(),
      /** The newer attempt that was running when this late result came; it is canceled. */
      superseded: fields.attempt.optional(),
      /** The `streamVersion` of the signal that it took. */
      signal: fields.version.optional(),
    }),
  ),
  failed: eventType(
    'task.failed',
    'The task ended without a result.',
    z.object({
      ...endOfAttempt,
      error: fields.failure,
      output: fields.value.optional(),
    }),
  ),
  skipped: eventType(
    'task.skipped',
    'The task will not run, for the reason given.',
    z.object({
      ...task,
      reason: z.enum([
        'condition',
        'trigger',
        'on_failure',
        'stopped',
        'canceled',
        'completed',
        'unreached',
        'inactive',
        'milestone',
      ]),
      /** The task that canceled it, or that ended its milestone. */
      by: z.string().optional(),
    }),
  ),
  cancelRequested: eventType(
    'task.cancelRequested',
    'The agent was asked to stop; it is forced at `dueAt`.',
    z.object({
      ...task,
      reason: z.string(),
      dueAt: fields.time.optional(),
      /** Of an instance: enough of the others have succeeded. */
      join: z.boolean().optional(),
      /** It starts again once it has stopped, for its run was paused. */
      resumes: z.boolean().optional(),
      ...leavesChild,
    }),
  ),
  cancelAcknowledged: eventType(
    'task.cancelAcknowledged',
    'The agent said that it stopped.',
    z.object({ ...task, worker: z.string().optional() }),
  ),
  cancelForced: eventType(
    'task.cancelForced',
    'The agent did not stop in time and was given up.',
    z.object({ ...task, ...leavesChild }),
  ),
  canceled: eventType(
    'task.canceled',
    'The task ended by cancellation.',
    z.object({
      ...endOfAttempt,
      reason: z.string(),
      /** The run, which closes or undoes, is being ended at once for this reason: what is left follows. */
      terminates: z.string().optional(),
    }),
  ),
  reset: eventType(
    'task.reset',
    'The task goes back to pending and may run again.',
    z.object({
      ...endOfAttempt,
      reason: z.string(),
      /** The state in which it was. */
      from: z.string().optional(),
    }),
  ),
  compensating: eventType(
    'task.compensating',
    'The compensation of a succeeded task began.',
    z.object({ ...task }),
  ),
  compensated: eventType(
    'task.compensated',
    'What the task did was undone.',
    z.object({ ...task }),
  ),
  compensationFailed: eventType(
    'task.compensationFailed',
    'What the task did could not be undone.',
    z.object({ ...task, error: fields.failure }),
  ),
};

export type TaskEvent = EventOf<typeof taskEvents>;
