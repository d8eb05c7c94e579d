/**
 * Signals of a run: how they are kept and taken (fold), and what a task that waits for them does (decide).
 * The kept ones and the waiting tasks are in `kept-signals.ts`.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import type { CommandMessage } from '../../messages/request.ts';
import type { SignalWait, TaskDefinition } from '../../workflow/definition.ts';
import { isObject } from '../../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { endOfAttempt } from '../task/decide.ts';
import type { TaskState } from '../task/machine.ts';
import type { Activation, RunAggregate, WaitState } from './aggregate.ts';
import { type Decision, events, nothing, rejected } from './decision.ts';
import type { FoldedEvent } from './evolve-task.ts';
import { type Delivery, MAX_KEPT } from './kept-signals.ts';
import { firstReminder } from './reminders.ts';
import { knownValue, valueRef, wakeExpansion } from './values.ts';

type SignalData = Extract<RunEvent, { type: 'run.signalReceived' }>['data'];

/** The names of answers to approvals, and of what hands one on: signals to one task. */
export const VOTES = { approve: 'approve', reject: 'reject', delegate: 'delegate' } as const;

/** A signal is kept until somebody takes it; an answer of a person belongs to its task. */
export function foldSignal(
  run: RunAggregate,
  { data, streamVersion }: { data: SignalData; streamVersion: number },
): void {
  const { name, payload, taskId } = data;
  if (taskId !== undefined) {
    foldAnswer(run.activations.get(taskId)?.wait, name, payload);
    return;
  }
  run.signals.add(name, {
    streamVersion,
    payload: payload === undefined ? undefined : valueRef(payload, streamVersion, 'payload'),
    closes: closesFeed(payload),
  });
  wakeFeed(run, name);
}

/** A `foreach` whose feed has something for it now has something to decide. */
function wakeFeed(run: RunAggregate, name: string): void {
  const fed = run.signals.next(name)?.activation;
  if (fed?.expansion !== undefined) wakeExpansion(run, fed);
}

function foldAnswer(
  wait: WaitState | undefined,
  name: string,
  payload: JsonValue | undefined,
): void {
  if (wait === undefined) return;
  const { by, to, comment, for: whose } = (isObject(payload) ? payload : {}) as JsonObject;
  const said = typeof comment === 'string' ? { comment } : {};
  if (name === VOTES.delegate) {
    wait.delegations = [...(wait.delegations ?? []), { from: String(by), to: String(to), ...said }];
    return;
  }
  wait.votes.push({
    by: String(by),
    approves: name === VOTES.approve,
    ...said,
    ...(typeof whose === 'string' ? { for: whose } : {}),
  });
}

/** Exactly `{"close": true}`: an item may well have a field of that name. */
function closesFeed(payload: JsonValue | undefined): boolean {
  return isObject(payload) && payload.close === true && Object.keys(payload).length === 1;
}

/** What a task event says about waiting, once its machine has taken it. */
export function foldWait(
  run: RunAggregate,
  activation: Activation,
  change: { before: TaskState; event: FoldedEvent },
): void {
  const { type, data, streamVersion } = change.event;
  const { signal } = data as { signal?: number };
  if (signal !== undefined) {
    const taken = run.signals.take(signal);
    if (type === 'task.scheduled')
      activation.item = taken?.payload ?? { at: 'inline', value: null };
  }
  if (change.before !== activation.state && activation.wait !== undefined) {
    for (const { name } of namesOf(activation)) {
      run.signals.leave(name, activation);
      // What it did not take may be for another one, which comes first now.
      wakeFeed(run, name);
    }
    activation.wait = undefined;
  }
  if (type === 'task.waiting') {
    const { kind, details } = data as { kind: string; details?: JsonValue };
    // What waits for a child run has it in `child`.
    if (kind === 'run') return;
    const reminders = firstReminder(details);
    activation.wait = {
      ...{ since: streamVersion, kind, details: details ?? null, votes: [] },
      ...(reminders === undefined ? {} : { reminders }),
    };
    listen(run, activation);
  }
  if (type === 'task.expanded' && (data as { feed?: string }).feed !== undefined) {
    activation.wait = { since: streamVersion, kind: 'feed', details: null, votes: [] };
    listen(run, activation);
  }
}

/** Lets the waiting activations of a snapshot wait again, in the order in which they began. */
export function listenAgain(run: RunAggregate): void {
  const waiting = [...run.open].filter(({ wait }) => wait !== undefined);
  waiting.sort((a, b) => (a.wait?.since ?? 0) - (b.wait?.since ?? 0));
  for (const activation of waiting) listen(run, activation);
}

function listen(run: RunAggregate, activation: Activation): void {
  for (const { name, isTransient } of namesOf(activation))
    run.signals.listen(name, activation, isTransient);
  if (activation.wait?.kind === 'feed') wakeExpansion(run, activation);
}

/** The signals that an activation waits for. Between two rounds it waits for the time alone. */
function namesOf({ node, wait: waits }: Activation): { name: string; isTransient: boolean }[] {
  const { wait, feed } = node.task;
  if (waits?.kind === 'timer') return [];
  if (feed !== undefined) return [{ name: feed, isTransient: false }];
  return signalsOf(wait).map((signal) => ({
    name: signal.name,
    isTransient: signal.transient === true,
  }));
}

function signalsOf(wait: TaskDefinition['wait']): SignalWait[] {
  if (wait?.kind === 'signal') return [wait];
  if (wait?.kind !== 'first') return [];
  return Object.values(wait.of).filter((each) => each.kind === 'signal');
}

/** The command `signal`: recorded and kept, whoever waits for it. */
export function decideSignal(
  run: RunAggregate,
  { name, payload }: Extract<CommandMessage, { type: 'signal' }>,
): Decision {
  if (run.signals.size >= MAX_KEPT) {
    return rejected({
      status: 429,
      code: 'signal.mailbox-full',
      message: `the run keeps ${MAX_KEPT} signals that nobody took`,
      hint: 'Send it again once tasks have taken some.',
      details: { kept: run.signals.size },
    });
  }
  return events(
    event('run.signalReceived', { name, ...(payload === undefined ? {} : { payload }) }),
  );
}

/** The next waiting task that has its signal; undefined when there is none. */
export function advanceSignals(run: RunAggregate): Decision | undefined {
  const name = run.signals.due.values().next();
  if (name.done) return undefined;
  const delivery = run.signals.next(name.value);
  return delivery === undefined ? nothing : deliver(run, name.value, delivery);
}

function deliver(run: RunAggregate, name: string, { activation, signal }: Delivery): Decision {
  const payload = signal.payload === undefined ? null : knownValue(run, signal.payload);
  if (payload === undefined && signal.payload !== undefined)
    return { kind: 'needs', refs: [signal.payload] };
  return events(
    event('task.succeeded', {
      ...endOfAttempt(activation, undefined),
      output: outputOf(activation.node.task.wait, name, payload ?? null),
      signal: signal.streamVersion,
    }),
  );
}

function outputOf(wait: TaskDefinition['wait'], name: string, payload: JsonValue): JsonObject {
  if (wait?.kind !== 'first') return { signal: name, payload };
  const chosen = Object.entries(wait.of).find(
    ([, each]) => each.kind === 'signal' && each.name === name,
  );
  return { event: chosen?.[0] ?? name, payload };
}
