/** Waits, from the fields of a file to the internal form. */
import type {
  ApprovalWait,
  ReminderPolicy,
  SignalWait,
  TimerWait,
  WaitDefinition,
} from './definition.ts';
import { parseDuration } from './durations.ts';
import { asNumber, asObject, asText, isObject, oneOf, optional } from './loose.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** `wait` of a file; undefined where it has none that can be read. */
export function compileWait(source: JsonValue | undefined): WaitDefinition | undefined {
  if (!isObject(source)) return undefined;
  if (isObject(source.approval)) return compileApproval(source.approval);
  if (isObject(source.first)) return compileFirst(source.first);
  return compileSimpleWait(source);
}

function compileSimpleWait(source: JsonObject): TimerWait | SignalWait | undefined {
  if (source.signal !== undefined) return compileSignal(source.signal);
  const { timer } = source;
  const milliseconds = parseDuration(timer);
  if (milliseconds !== undefined) return { kind: 'timer', duration: milliseconds };
  return typeof timer === 'string' ? { kind: 'timer', duration: timer } : undefined;
}

function compileSignal(source: JsonValue): SignalWait | undefined {
  const given = asObject(source);
  const name = asText(source) ?? asText(given.name);
  if (name === undefined) return undefined;
  return {
    kind: 'signal',
    name,
    ...(given.transient === true ? { transient: true } : {}),
    ...optional('timeoutMs', parseDuration(given.timeout)),
    onTimeout: oneOf(given.on_timeout, ['fail', 'continue']) ?? 'fail',
  };
}

const DEFAULT_REMINDERS = 10;

function compileApproval(source: JsonObject): ApprovalWait {
  const onTimeout =
    source.on_timeout === 'reject'
      ? 'deny'
      : oneOf(source.on_timeout, ['deny', 'fail', 'approve', 'escalate', 'wait']);
  return {
    kind: 'approval',
    ...optional('group', asText(source.group)),
    ...optional('message', asText(source.message)),
    quorum: asNumber(source.quorum) ?? 1,
    ...optional('timeoutMs', parseDuration(source.timeout)),
    onTimeout: onTimeout ?? 'deny',
    ...optional('escalateTo', asText(source.escalate_to)),
    ...optional('remind', compileReminders(source.remind)),
    ...(source.delegate === false ? { delegate: false } : {}),
  };
}

function compileReminders(source: JsonValue | undefined): ReminderPolicy | undefined {
  const given = asObject(source);
  const everyMs = parseDuration(isObject(source) ? given.every : source);
  if (everyMs === undefined) return undefined;
  const afterMs = parseDuration(given.after) ?? everyMs;
  return { afterMs, everyMs, max: asNumber(given.max) ?? DEFAULT_REMINDERS };
}

function compileFirst(source: JsonObject): WaitDefinition {
  const of: Record<string, TimerWait | SignalWait> = {};
  for (const [name, event] of Object.entries(source)) {
    const compiled = compileSimpleWait(asObject(event));
    if (compiled !== undefined) of[name] = compiled;
  }
  return { kind: 'first', of };
}
