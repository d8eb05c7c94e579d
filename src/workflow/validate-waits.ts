/** What a well-shaped `wait`, feed or `join` may still get wrong. Linear. */
import { signalNames, type TaskDefinition, type WorkflowDefinition } from './definition.ts';
import { asObject, isObject } from './loose.ts';
import type { Findings, Path } from './problems.ts';
import { checkApprovalPolicy } from './validate-approvals.ts';
import type { JsonObject, JsonValue } from './value.ts';

const KINDS = ['timer', 'signal', 'approval', 'first'] as const;

interface Place {
  index: number;
  task: TaskDefinition;
  /** The task as it stands in the file. */
  source: JsonObject;
}

/** Checks what the tasks wait for, each and together. */
export function checkWaits(
  list: {
    tasks: readonly TaskDefinition[];
    sources: readonly JsonValue[];
    definition: Pick<WorkflowDefinition, 'settings'>;
  },
  findings: Findings,
): void {
  const { tasks, sources } = list;
  const { groups } = list.definition.settings;
  for (const [index, task] of tasks.entries()) {
    const place = { index, task, source: asObject(sources[index]) };
    if (isObject(place.source.wait)) {
      checkWait(place, findings);
      const { approval } = place.source.wait;
      const path: Path = ['tasks', index, 'wait', 'approval'];
      if (isObject(approval) && task.wait?.kind === 'approval')
        checkApprovalPolicy({ wait: task.wait, source: approval, path, groups }, findings);
    }
    checkJoin(place, findings);
  }
  checkFeeds(tasks, findings);
}

function checkWait({ index, task, source }: Place, findings: Findings): void {
  const wait = asObject(source.wait);
  const path: Path = ['tasks', index, 'wait'];
  oneKind(wait, { path, known: KINDS, what: 'A wait' }, findings);
  if (isObject(wait.approval)) checkApproval(wait.approval, [...path, 'approval'], findings);
  if (isObject(wait.signal)) needsTimeout(wait.signal, [...path, 'signal'], findings);
  if (isObject(wait.first)) checkFirst(wait.first, [...path, 'first'], findings);
  for (const field of ['timeout', 'retry'] as const) {
    if (source[field] === undefined) continue;
    findings.add({
      code: 'workflow.no-attempts',
      severity: 'warning',
      message: `\`${field}\` is about the attempts of an agent, and \`${task.id}\` waits without one`,
      hint:
        field === 'timeout'
          ? 'Give the `signal` or the `approval` its own `timeout`.'
          : `Remove \`${field}\`.`,
      path: ['tasks', index, field],
      atKey: true,
    });
  }
}

function oneKind(
  given: JsonObject,
  { path, known, what }: { path: Path; known: readonly string[]; what: string },
  findings: Findings,
): void {
  const kinds = known.filter((kind) => Object.hasOwn(given, kind));
  if (kinds.length === 1) return;
  findings.add({
    code: 'workflow.wait-kind',
    message:
      kinds.length === 0
        ? `\`${String(path.at(-1))}\` waits for nothing`
        : `\`${String(path.at(-1))}\` has ${kinds.join(' and ')}`,
    hint: `${what} has exactly one of ${known.map((kind) => `\`${kind}\``).join(', ')}.`,
    path,
    atKey: true,
  });
}

function checkApproval(approval: JsonObject, path: Path, findings: Findings): void {
  needsTimeout(approval, path, findings);
  const escalates = approval.on_timeout === 'escalate';
  if (escalates === (approval.escalate_to !== undefined)) return;
  findings.add({
    code: 'workflow.escalate-to',
    message: escalates
      ? '`on_timeout: escalate` does not say who is asked next'
      : '`escalate_to` has a meaning only beside `on_timeout: escalate`',
    hint: escalates
      ? 'Add `escalate_to: <group>`.'
      : 'Remove it, or add `on_timeout: escalate` and a `timeout`.',
    path: [...path, escalates ? 'on_timeout' : 'escalate_to'],
  });
}

function needsTimeout(given: JsonObject, path: Path, findings: Findings): void {
  if (given.on_timeout === undefined || given.timeout !== undefined) return;
  findings.add({
    code: 'workflow.needs-timeout',
    message: '`on_timeout` has a meaning only beside `timeout`',
    hint: 'Add `timeout`, or remove `on_timeout`.',
    path: [...path, 'on_timeout'],
    atKey: true,
  });
}

function checkFirst(first: JsonObject, path: Path, findings: Findings): void {
  const names = Object.keys(first);
  if (names.length === 0) oneKind({}, { path, known: KINDS, what: 'Each event' }, findings);
  const signals = new Map<string, string>();
  for (const name of names) {
    const event = asObject(first[name]);
    const at = [...path, name];
    oneKind(event, { path: at, known: ['timer', 'signal'], what: 'Each event' }, findings);
    if (isObject(event.signal)) needsTimeout(event.signal, [...at, 'signal'], findings);
    const signal = isObject(event.signal) ? event.signal.name : event.signal;
    if (typeof signal !== 'string') continue;
    const other = signals.get(signal);
    if (other === undefined) signals.set(signal, name);
    else
      findings.add({
        code: 'workflow.same-signal',
        message: `\`${name}\` waits for the signal \`${signal}\`, as \`${other}\` does: it can never be first`,
        hint: 'Give each event a signal of its own, or leave one out.',
        path: at,
        atKey: true,
      });
  }
}

function checkJoin({ index, task }: Place, findings: Findings): void {
  if (task.join?.until === undefined || task.join.count === undefined) return;
  findings.add({
    code: 'workflow.join-twice',
    message: '`join` has `count` and `until`, and each says when enough have succeeded',
    hint: 'Keep one: `until` can count too, `collect.output.size() >= 3`.',
    path: ['tasks', index, 'join', 'until'],
    atKey: true,
  });
}

/** A feed takes every signal of its name, so nobody else gets one while it is open. */
function checkFeeds(tasks: readonly TaskDefinition[], findings: Findings): void {
  const feeds = new Map<string, string>();
  for (const { id, feed } of tasks) if (feed !== undefined) feeds.set(feed, id);
  if (feeds.size === 0) return;
  for (const [index, task] of tasks.entries()) {
    for (const name of signalNames(task)) {
      const other = feeds.get(name);
      if (other === undefined || other === task.id) continue;
      findings.add({
        code: 'workflow.shared-signal',
        severity: 'warning',
        message: `\`${task.id}\` waits for the signal \`${name}\`, which feeds \`${other}\`: the one that waits longer gets it`,
        hint: 'Give them signals of different names.',
        path: ['tasks', index, task.feed === undefined ? 'wait' : 'foreach'],
        atKey: true,
      });
    }
  }
}
