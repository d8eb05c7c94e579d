/**
 * The state of a run as plain fields under readable names, and the difference that an event makes to it. Read from the
 * run aggregate, which `evolve` alone changes: nothing is folded here. Pure.
 */
import {
  type Activation,
  dueAtOf,
  type RunAggregate,
  runContext,
  runState,
  type ValueRef,
} from '../../machines/run/aggregate.ts';
import type { TriggerCounters } from '../../workflow/triggers.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';

/** Fields of the run or of one activation; what is not there has no value yet. */
export type Fields = Readonly<Record<string, JsonValue>>;

/** By `run` or `tasks.<activation>`. */
export type StateView = Map<string, Fields>;

/** `path` is `run.status` or `tasks.<activation>.<field>`; a side that is left out has no value. */
export interface Change {
  path: string;
  before?: JsonValue;
  after?: JsonValue;
}

const NOTHING: Fields = {};

/** The view after the first event: the run, and every task of the definition. */
export function firstView(run: RunAggregate, quarantine: string | undefined): StateView {
  const view: StateView = new Map([['run', runFields(run, quarantine)]]);
  for (const { task } of run.plan.nodes) view.set(`tasks.${task.id}`, taskFields(run, task.id));
  return view;
}

/**
 * What differs from the view after an event was folded into the aggregate; the view is brought up to date. Looks at what
 * the fold touched, the parents of those instances and their dependents: O(1) plus the out-degree. Clears `touched`.
 */
export function changesAfter(
  view: StateView,
  run: RunAggregate,
  quarantine: string | undefined,
): Change[] {
  const ids = new Set<string>();
  for (const activation of run.touched) {
    ids.add(activation.id);
    for (let up = activation.parent; up !== undefined; up = up.parent) ids.add(up.id);
    if (activation.parent !== undefined) continue;
    for (const dependent of activation.node.dependents) ids.add(run.plan.at(dependent).task.id);
  }
  run.touched.clear();
  const changes: Change[] = [];
  update(view, { key: 'run', fields: runFields(run, quarantine), changes });
  for (const id of ids) update(view, { key: `tasks.${id}`, fields: taskFields(run, id), changes });
  return changes;
}

/** Every field as a change from nothing. */
export function changesOfFirst(view: StateView): Change[] {
  const changes: Change[] = [];
  for (const [key, fields] of view) compare(changes, key, [NOTHING, fields]);
  return changes;
}

/** Moves a view over one event, forwards or backwards. */
export function applyChanges(
  view: StateView,
  changes: readonly Change[],
  direction: 'forwards' | 'backwards',
): void {
  for (const { path, before, after } of changes) {
    const dot = path.lastIndexOf('.');
    const [key, field] = [path.slice(0, dot), path.slice(dot + 1)];
    const value = direction === 'forwards' ? after : before;
    const fields: Record<string, JsonValue> = { ...view.get(key) };
    if (value === undefined) delete fields[field];
    else fields[field] = value;
    if (Object.keys(fields).length === 0) view.delete(key);
    else view.set(key, fields);
  }
}

/** The whole view as one object: `{run, tasks: {<activation>: {...}}}`; `under` keeps the keys that begin with it. */
export function stateObject(view: StateView, under = ''): JsonObject {
  const tasks: JsonObject = {};
  const state: JsonObject = {};
  for (const [key, fields] of view) {
    if (!isUnder(key, under)) continue;
    if (key === 'run') state['run'] = { ...fields };
    else tasks[key.slice('tasks.'.length)] = { ...fields };
  }
  return { ...state, ...(Object.keys(tasks).length === 0 ? {} : { tasks }) };
}

/** `tasks.each` holds `tasks.each~3` and `tasks.each@2` but not `tasks.eaches`. */
function isUnder(key: string, under: string): boolean {
  if (under === '' || key === under || under === 'tasks') return under !== 'tasks' || key !== 'run';
  return key.startsWith(under) && /^[@~!]/.test(key.slice(under.length));
}

function update(
  view: StateView,
  { key, fields, changes }: { key: string; fields: Fields; changes: Change[] },
): void {
  compare(changes, key, [view.get(key) ?? NOTHING, fields]);
  view.set(key, fields);
}

function compare(changes: Change[], key: string, [before, after]: readonly [Fields, Fields]): void {
  for (const field in after) {
    const [old, value] = [before[field], after[field]];
    if (old === value || value === undefined || sameReference(old, value)) continue;
    changes.push({
      path: `${key}.${field}`,
      ...(old === undefined ? {} : { before: old }),
      after: value,
    });
  }
  for (const field in before) {
    const old = before[field];
    if (old !== undefined && !(field in after))
      changes.push({ path: `${key}.${field}`, before: old });
  }
}

/** Values that are objects come from events and stay the same objects; references are made anew for each view. */
function sameReference(left: JsonValue | undefined, right: JsonValue): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return false;
  const [one, other] = [left as JsonObject, right as JsonObject];
  const name = '$event' in one ? '$event' : '$blob';
  return one[name] !== undefined && one[name] === other[name];
}

function runFields(run: RunAggregate, quarantine: string | undefined): Fields {
  const { startedAt, dueAt, pausedAt, endedAt, cancelReason } = runContext(run);
  return present({
    status: quarantine === undefined ? runState(run) : 'quarantined',
    startedAt,
    dueAt,
    pausedAt,
    endedAt,
    openTasks: run.open.size,
    slots: run.slots,
    cancelReason,
    error: run.error === undefined ? undefined : `${run.error.code}: ${run.error.message}`,
    quarantine,
    output: shown(run.output),
  });
}

function taskFields(run: RunAggregate, id: string): Fields {
  const activation = run.activations.get(id);
  const node = run.plan.byId(id);
  const counters = node === undefined ? undefined : run.progress[node.index]?.counters;
  const waits =
    counters === undefined || counters.total === 0 ? {} : { waitsFor: openOf(counters) };
  if (activation !== undefined) return { ...activationFields(activation), ...waits };
  return node === undefined ? NOTHING : { status: 'pending', ...waits };
}

/** Dependencies that have not ended. */
function openOf({ total, succeeded, failed, skipped, canceled }: TriggerCounters): number {
  return total - succeeded - failed - skipped - canceled;
}

function activationFields(activation: Activation): Fields {
  const { state, context, error, reason, expansion } = activation;
  const { attempt, agent, rule, startedAt, endedAt, losses, retryBase, wonBy } = context;
  return present({
    status: state,
    attempt,
    agent,
    rule,
    startedAt,
    endedAt,
    dueAt: dueAtOf(activation),
    retryBase: retryBase === 0 ? undefined : retryBase,
    losses: losses === 0 ? undefined : losses,
    wonBy,
    error: error === undefined ? undefined : `${error.code}: ${error.message}`,
    reason,
    instances: expansion?.count,
    instancesOpen: expansion?.open,
    instancesSucceeded: expansion?.succeeded,
    instancesUnsuccessful: expansion?.unsuccessful,
    output: shown(activation.output),
  });
}

/** A value that is not in memory is named by the event that has it. */
function shown(ref: ValueRef | undefined): JsonValue | undefined {
  if (ref === undefined) return undefined;
  if (ref.at === 'inline') return ref.value;
  return ref.at === 'blob' ? { ...ref.blob } : { $event: ref.streamVersion, field: ref.field };
}

function present(fields: Readonly<Record<string, JsonValue | undefined>>): Fields {
  const made: Record<string, JsonValue> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined && value !== null) made[name] = value;
  }
  return made;
}
