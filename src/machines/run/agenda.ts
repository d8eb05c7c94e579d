/**
 * What is to be decided next, in order, as a snapshot keeps it. A commit may end in the middle of a turn (a turn has a
 * bound): whoever goes on from the snapshot goes on in the same order. What belongs to it follows from the activations;
 * only the order does not.
 */
import type { Activation, RunAggregate } from './aggregate.ts';

/** Activations by id, tasks by index; lists with fewer than two entries have no order and are left out. */
export interface StoredAgenda {
  runnable?: number[];
  skippable?: number[];
  due?: number[];
  expansions?: string[];
  startable?: string[];
  children?: string[];
  signals?: string[];
}

/** Undefined where nothing has an order. */
export function agendaOf(run: RunAggregate): StoredAgenda | undefined {
  const { steering, flow, signals } = run;
  const agenda: StoredAgenda = {
    ...list('runnable', run.runnable),
    ...list('skippable', run.skippable),
    ...list('due', flow?.due ?? []),
    ...list('signals', signals.due),
    ...list('expansions', ids(run.expansions)),
    ...list('startable', ids(steering.startable)),
    ...list('children', ids(run.startingChildren)),
  };
  return Object.keys(agenda).length === 0 ? undefined : agenda;
}

function list<Key extends keyof StoredAgenda, Entry>(
  key: Key,
  entries: Iterable<Entry>,
): Partial<Record<Key, Entry[]>> {
  const all = [...entries];
  return all.length < 2 ? {} : ({ [key]: all } as Record<Key, Entry[]>);
}

function* ids(activations: Iterable<Activation>): Generator<string> {
  for (const { id } of activations) yield id;
}

/** Puts the agenda of a restored run in order; what the snapshot does not name stands at the end. */
export function restoreAgenda(run: RunAggregate, stored: StoredAgenda = {}): void {
  const { steering, flow, signals } = run;
  const named = (entries: readonly string[] = []): Activation[] =>
    entries.flatMap((id) => run.activations.get(id) ?? []);
  reorder(run.runnable, stored.runnable);
  reorder(run.skippable, stored.skippable);
  if (flow !== undefined) reorder(flow.due, stored.due);
  reorder(signals.due, stored.signals);
  reorder(run.expansions, named(stored.expansions));
  reorder(steering.startable, named(stored.startable));
  reorder(run.startingChildren, named(stored.children));
}

function reorder<Entry>(entries: Set<Entry>, order: readonly Entry[] = []): void {
  const first = order.filter((entry) => entries.has(entry));
  const rest = [...entries];
  entries.clear();
  for (const entry of [...first, ...rest]) entries.add(entry);
}
