/**
 * What a task with a `wait` waits for, as `task.waiting` records it.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { ApprovalWait, FirstWait, SignalWait, TimerWait } from '../../workflow/definition.ts';
import { parseDuration } from '../../workflow/durations.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { invariant } from '../errors.ts';
import type { RunAggregate } from './aggregate.ts';
import type { TurnInput } from './decision.ts';
import type { PlanNode } from './plan.ts';
import { type Evaluated, evaluate, notA } from './scope.ts';

/** Characters of the question that a person is asked. */
const MAX_QUESTION = 10_000;

/** One of the events that a `first` waits for. */
export type AwaitedEvent = { event: string; signal?: string; dueAt?: number };

/** The details of an approval. */
export type ApprovalDetails = {
  group?: string;
  message?: string;
  quorum: number;
  /** When an answer is wanted although nothing happens then. */
  wantedBy?: number;
  /** True once the first group let its time pass. */
  escalated?: true;
  /** Who belongs to the group, where the workflow says so. */
  members?: string[];
  /** `dueAt`: when the first reminder is due. */
  remind?: { dueAt: number; everyMs: number; max: number };
  /** False: nobody may hand an answer on. */
  delegate?: false;
};

type WaitData = Pick<
  Extract<RunEvent, { type: 'task.waiting' }>['data'],
  'kind' | 'dueAt' | 'details'
>;
type Waiting = Evaluated<WaitData>;

/** The data of `task.waiting` beside the activation; `needs` and failures are those of its expressions. */
export function waitData(
  run: RunAggregate,
  { node, id }: { node: PlanNode; id: string },
  input: TurnInput,
): Waiting {
  const { wait } = node.task;
  invariant(wait !== undefined, 'a task waits for nothing', { id: node.task.id });
  switch (wait.kind) {
    case 'timer':
      return forTimer(run, { node, id, wait, input });
    case 'signal':
      return { kind: 'value', value: forSignal(wait, input) };
    case 'approval':
      return forApproval(run, { node, id, wait, input });
    case 'first':
      return forFirst(run, { node, id, wait, input });
  }
}

interface Asked<Wait> {
  node: PlanNode;
  /** The activation. */
  id: string;
  wait: Wait;
  input: TurnInput;
}

function due(timeoutMs: number | undefined, { now }: TurnInput): { dueAt?: number } {
  return timeoutMs === undefined ? {} : { dueAt: now + timeoutMs };
}

function forSignal({ name, timeoutMs }: SignalWait, input: TurnInput): WaitData {
  return { kind: 'signal', ...due(timeoutMs, input), details: { signal: name } };
}

function forTimer(run: RunAggregate, { node, id, wait, input }: Asked<TimerWait>): Waiting {
  const delay = delayOf(run, { node, id }, wait);
  if (delay.kind !== 'value') return delay;
  return { kind: 'value', value: { kind: 'timer', ...due(delay.value, input) } };
}

function delayOf(
  run: RunAggregate,
  { node, id }: { node: PlanNode; id: string },
  { duration }: TimerWait,
): Evaluated<number> {
  if (typeof duration === 'number') return { kind: 'value', value: duration };
  const given = evaluate(run, undefined, (scope) => node.template(duration).render(scope), {
    at: id,
  });
  if (given.kind !== 'value') return given;
  const { value } = given;
  const isReadable = typeof value === 'number' || typeof value === 'string';
  const delayMs = isReadable ? parseDuration(value) : undefined;
  if (delayMs !== undefined) return { kind: 'value', value: delayMs };
  const wanted = 'seconds or a text such as "5m"';
  return { kind: 'failed', failure: notA('the duration of the wait', wanted, value) };
}

/** With `on_timeout: wait` nothing happens when the time is over, so nothing is due. */
function forApproval(run: RunAggregate, { node, id, wait, input }: Asked<ApprovalWait>): Waiting {
  const { group, message, quorum, timeoutMs, onTimeout } = wait;
  const asked = evaluate(
    run,
    undefined,
    (scope): JsonValue => (message === undefined ? null : node.template(message).render(scope)),
    { at: id },
  );
  if (asked.kind !== 'value') return asked;
  const { dueAt } = due(timeoutMs, input);
  const isDue = dueAt !== undefined && onTimeout !== 'wait';
  const details: ApprovalDetails = {
    ...asksOf(run, { wait, group, dueAt: isDue ? dueAt : undefined, input }),
    ...(asked.value === null ? {} : { message: question(asked.value) }),
    quorum,
    ...(dueAt === undefined || isDue ? {} : { wantedBy: dueAt }),
    ...(wait.delegate === false ? { delegate: false } : {}),
  };
  return { kind: 'value', value: { kind: 'approval', ...(isDue ? { dueAt } : {}), details } };
}

/** Who is asked, and when they are told again; `dueAt`: when that is over. */
export function asksOf(
  run: RunAggregate,
  asked: {
    wait: ApprovalWait;
    group: string | undefined;
    dueAt: number | undefined;
    input: TurnInput;
  },
): Pick<ApprovalDetails, 'group' | 'members' | 'remind'> {
  const { wait, group, dueAt, input } = asked;
  const { groups = {} } = run.plan.definition.settings;
  const members = group !== undefined && Object.hasOwn(groups, group) ? groups[group] : undefined;
  const { remind } = wait;
  const first = remind === undefined ? 0 : input.now + remind.afterMs;
  const isReminded = remind !== undefined && (dueAt === undefined || first < dueAt);
  return {
    ...(group === undefined ? {} : { group }),
    ...(members === undefined ? {} : { members }),
    ...(isReminded ? { remind: { dueAt: first, everyMs: remind.everyMs, max: remind.max } } : {}),
  };
}

function question(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_QUESTION ? text : `${text.slice(0, MAX_QUESTION)} (cut)`;
}

/** Due when the first of its events is. */
function forFirst(run: RunAggregate, { node, id, wait, input }: Asked<FirstWait>): Waiting {
  const awaited: AwaitedEvent[] = [];
  for (const [event, each] of Object.entries(wait.of)) {
    if (each.kind === 'timer') {
      const delay = delayOf(run, { node, id }, each);
      if (delay.kind !== 'value') return delay;
      awaited.push({ event, ...due(delay.value, input) });
    } else awaited.push({ event, signal: each.name, ...due(each.timeoutMs, input) });
  }
  const times = awaited.flatMap(({ dueAt }) => dueAt ?? []);
  return {
    kind: 'value',
    value: {
      kind: 'first',
      ...(times.length === 0 ? {} : { dueAt: Math.min(...times) }),
      details: { events: awaited as unknown as JsonObject[] },
    },
  };
}
