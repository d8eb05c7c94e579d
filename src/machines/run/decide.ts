/**
 * The run's decider: `decide(run, message, input)` says what happens because of a message; `advance` says what
 * follows from that. Pure: the same run, message and input give the same answer.
 */
import { event } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import { strangeReference } from '../../workflow/secrets.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { decideLost, decideResult, decideTaskTimer, finalFailure } from '../task/decide.ts';
import type { AdaptSources } from './adapt.ts';
import { type RunAggregate, runContext, runState } from './aggregate.ts';
import { decideChildEnd, startChild } from './child-runs.ts';
import { decideCommand, decidePostpone, decideStart } from './commands.ts';
import { type Decision, events, nothing, type RunMessage, type TurnInput } from './decision.ts';
import { isHeld, RUN_DEADLINE, RUN_START } from './effects.ts';
import { identity } from './identity.ts';
import { withInterrupted } from './interrupt.ts';
import { endedRunStates, type RunState } from './machine.ts';
import type { PlanNode } from './plan.ts';
import { withPossible } from './possible.ts';
import { decideRecorded, parametersOf } from './recorded.ts';
import { withLoops } from './repeat.ts';
import { decideWaitTimer } from './wait-end.ts';

export function decide(run: RunAggregate, message: RunMessage, input: TurnInput): Decision {
  return withLoops(run, withInterrupted(run, message, decideMessage(run, message, input)));
}

function decideMessage(run: RunAggregate, message: RunMessage, input: TurnInput): Decision {
  switch (message.type) {
    case 'command':
      return withPossible(
        run,
        decideCommand(run, message.command, { ...input, ...sourcesOf(message) }),
      );
    case 'result':
      return decideResult(run, message, input);
    case 'admitted':
      return decideAdmitted(run, message, input);
    case 'progress':
      return decideProgress(run, message);
    case 'attemptLost':
      return decideLost(run, message, input);
    case 'timer':
      return decideTimer(run, message, input);
    case 'postpone':
      return decidePostpone(run, message);
    case 'startChild':
      return startChild(run, message, input);
    case 'childEnded':
      return decideChildEnd(run, message, input);
    case 'recorded':
      return decideRecorded(run, message);
    case 'proceed':
      return nothing;
  }
}

function sourcesOf({ definition, agents }: MessageOf<'command'>): AdaptSources {
  return definition === undefined && agents === undefined ? NO_SOURCES : { definition, agents };
}

const NO_SOURCES: AdaptSources = {};

type MessageOf<Type extends RunMessage['type']> = Extract<RunMessage, { type: Type }>;

const STARTING: ReadonlySet<RunState> = new Set([
  'running',
  'stopping',
  'compensating',
  'finishing',
]);

/** True while attempts may start: a run that stops still starts its clean-up, its compensations and its hooks. */
export function mayStartAttempts(run: RunAggregate): boolean {
  if (!mayStartChildren(run)) return false;
  return run.exclusiveSlots === 0 && run.slots < run.plan.definition.settings.maxParallel;
}

/** Child runs need no slot: what starts them waits, and what they do is bounded by their own settings. */
export function mayStartChildren(run: RunAggregate): boolean {
  return STARTING.has(runState(run)) && run.quarantine === undefined;
}

/** A slot was given and an agent chosen: the attempt starts, with its parameters as they are now. */
function decideAdmitted(
  run: RunAggregate,
  message: MessageOf<'admitted'>,
  input: TurnInput,
): Decision {
  const activation = run.activations.get(message.activation);
  if (activation === undefined || activation.state !== 'scheduled') return nothing;
  const parameters = parametersOf(run, activation);
  if (parameters.kind === 'needs') return parameters;
  if (parameters.kind === 'failed') {
    return events(...finalFailure(activation, { error: parameters.failure }));
  }
  const strange = refusedParameters(activation.node, parameters.value);
  if (strange !== undefined) return events(...finalFailure(activation, { error: strange }));
  const { timeoutMs } = activation.node.task;
  return events(
    event('task.started', {
      ...identity(activation),
      attempt: activation.context.attempt,
      agent: message.agent,
      rule: message.rule,
      ...(message.candidates === undefined ? {} : { candidates: message.candidates }),
      parameters: parameters.value,
      ...(timeoutMs === undefined ? {} : { dueAt: input.now + timeoutMs }),
    }),
  );
}

/** What came from elsewhere must not name a secret of the task: it would be put in where it does not belong. */
function refusedParameters(
  { parameters, secrets }: PlanNode,
  value: JsonValue,
): Failure | undefined {
  if (secrets === undefined || parameters.secrets === undefined) return undefined;
  const path = strangeReference(value, parameters.secrets.places);
  if (path === undefined) return undefined;
  const message = `parameters.${path.join('.')} holds what looks like a reference to a secret, and the definition has none there`;
  return { code: failureCodes.secretForged, message, retryable: false };
}

function decideProgress(run: RunAggregate, message: MessageOf<'progress'>): Decision {
  const activation = run.activations.get(message.activation);
  if (activation?.state !== 'running' || activation.context.attempt !== message.attempt)
    return nothing;
  const { percent, message: text, usage, worker } = message;
  return events(
    event('task.progressed', {
      ...identity(activation),
      attempt: message.attempt,
      ...(percent === undefined ? {} : { percent }),
      ...(text === undefined ? {} : { message: text }),
      ...(usage === undefined ? {} : { usage }),
      ...(worker === undefined ? {} : { worker }),
    }),
  );
}

function decideTimer(run: RunAggregate, message: MessageOf<'timer'>, input: TurnInput): Decision {
  if (endedRunStates.has(runState(run))) return nothing;
  if (message.timerId === RUN_DEADLINE) return decideDeadline(run, input);
  if (message.timerId === RUN_START) return decideStart(run, input);
  const id = message.timerId.split(':')[1] ?? '';
  const activation = run.activations.get(id);
  // A delay that fired while the pause was on its way is owed again, and later, once the run is resumed.
  if (activation === undefined || (run.delayed.has(activation) && isHeld(runState(run))))
    return nothing;
  return activation.state === 'waiting' && activation.node.kind === 'wait'
    ? decideWaitTimer(run, { activation, timerId: message.timerId }, input)
    : decideTaskTimer(activation, message, input);
}

function decideDeadline(run: RunAggregate, input: TurnInput): Decision {
  const { dueAt } = runContext(run);
  const state = runState(run);
  if (dueAt === null || dueAt > input.now || (state !== 'running' && state !== 'paused'))
    return nothing;
  const seconds = run.plan.definition.settings.timeoutMs / 1000;
  const message =
    run.header.deadline === dueAt
      ? 'the deadline of the request has passed'
      : `the run took longer than ${seconds} s`;
  const error = { code: failureCodes.runTimeout, message, retryable: false };
  return events(event('run.stopping', { error }));
}
