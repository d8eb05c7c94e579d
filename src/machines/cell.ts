/**
 * Folding: the one file where an XState machine takes an event.
 * A cell is one actor's state. Two kinds, with the same answers for every history (a test folds all both ways):
 * a live cell is a running XState actor, which inspectors and tools see; a folded cell is a snapshot moved on by
 * `machine.transition` with one shared inert scope, four times faster, for recovery, replay and time travel.
 *
 * F1 An event that the state does not handle throws `fold.illegal-event`; XState would ignore it in silence.
 * F2 An exception inside `assign` reaches the caller and nobody else: a live actor has an error observer.
 * F3 Nothing here executes an effect: machines have none (style.md, M1).
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createEmptyActor,
  type EventObject,
  type Snapshot,
} from 'xstate';
import { IllegalEvent } from './errors.ts';

/** An event as machines take it: the recorded type and data plus the commit's time. */
export interface FoldEvent extends EventObject {
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  data: unknown;
}

/** One actor's state and how it takes an event. */
export interface Cell {
  readonly snapshot: AnyMachineSnapshot;
  /** Throws `fold.illegal-event`, or what an `assign` threw. */
  take(event: FoldEvent): void;
  /** Ends a live actor; a folded cell has nothing to end. */
  stop(): void;
}

/** Makes cells of one kind. */
export interface CellFactory {
  readonly kind: 'live' | 'folded';
  /** `persisted` is a snapshot from `persistedOf`; without it the machine's initial state. */
  create(machine: AnyStateMachine, persisted?: Snapshot<unknown>): Cell;
}

function assertLegal(snapshot: AnyMachineSnapshot, event: FoldEvent): void {
  if (!snapshot.can(event)) {
    throw new IllegalEvent({
      machine: snapshot.machine.id,
      state: JSON.stringify(snapshot.value),
      type: event.type,
    });
  }
}

const idleActor = createEmptyActor();
/** What `machine.transition` asks of its surroundings; with machines by the rules it uses none of it. */
const inertScope = {
  self: idleActor,
  id: '',
  sessionId: '',
  system: idleActor.system,
  logger: () => {},
  defer: () => {},
  stopChild: () => {},
  emit: () => {},
  actionExecutor: () => {},
} as unknown as Parameters<AnyStateMachine['transition']>[2];

const initialSnapshots = new WeakMap<AnyStateMachine, AnyMachineSnapshot>();

function initialSnapshot(machine: AnyStateMachine): AnyMachineSnapshot {
  let snapshot = initialSnapshots.get(machine);
  if (snapshot === undefined) {
    snapshot = machine.getInitialSnapshot(inertScope);
    initialSnapshots.set(machine, snapshot);
  }
  return snapshot;
}

class FoldedCell implements Cell {
  snapshot: AnyMachineSnapshot;
  readonly #machine: AnyStateMachine;

  constructor(machine: AnyStateMachine, persisted?: Snapshot<unknown>) {
    this.#machine = machine;
    this.snapshot =
      persisted === undefined
        ? initialSnapshot(machine)
        : (machine.restoreSnapshot(persisted, inertScope) as AnyMachineSnapshot);
  }

  take(event: FoldEvent): void {
    assertLegal(this.snapshot, event);
    this.snapshot = this.#machine.transition(this.snapshot, event, inertScope);
  }

  stop(): void {}
}

class LiveCell implements Cell {
  readonly #actor: ReturnType<typeof createActor<AnyStateMachine>>;

  constructor(machine: AnyStateMachine, persisted?: Snapshot<unknown>) {
    this.#actor = createActor(machine, persisted === undefined ? {} : { snapshot: persisted });
    // F2: without an observer XState rethrows from a timer and ends the process.
    this.#actor.subscribe({ error: () => {} });
    this.#actor.start();
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  take(event: FoldEvent): void {
    assertLegal(this.snapshot, event);
    this.#actor.send(event);
    const after = this.#actor.getSnapshot() as AnyMachineSnapshot;
    if (after.status === 'error') throw after.error;
  }

  stop(): void {
    this.#actor.stop();
  }
}

/** Cells for histories. */
export const foldedCells: CellFactory = {
  kind: 'folded',
  create: (machine, persisted) => new FoldedCell(machine, persisted),
};

/** Cells for actors that live. */
export const liveCells: CellFactory = {
  kind: 'live',
  create: (machine, persisted) => new LiveCell(machine, persisted),
};

/** What a cell is stored as: plain data that `CellFactory.create` takes back. */
export function persistedOf(cell: Cell): Snapshot<unknown> {
  const { status, value, context } = cell.snapshot;
  return { status, value, context, historyValue: {}, children: {} } as unknown as Snapshot<unknown>;
}
