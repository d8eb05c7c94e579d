/**
 * Folding: the one file where an XState machine takes an event.
 * A cell is one actor's state. Two kinds, with the same answers for every history (a test folds all both ways):
 * a live cell is a running XState actor, which inspectors and tools see; a folded cell is a bare snapshot, for
 * recovery, replay and time travel. Both move by the table of `stepper.ts`, a parallel machine by `machine.transition`.
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
  type Snapshot,
} from 'xstate';
import { IllegalEvent } from './errors.ts';
import { type FoldEvent, Stepper, stepperOf } from './stepper.ts';

export type { FoldEvent } from './stepper.ts';

/** One actor's state and how it takes an event. */
export interface Cell {
  readonly snapshot: AnyMachineSnapshot;
  /** Throws `fold.illegal-event`, or what an `assign` threw. */
  take(event: FoldEvent): void;
  /** Ends a live actor; a folded cell has nothing to end. */
  stop(): void;
}

export interface CellOptions {
  /** A snapshot from `persistedOf`; without it the machine's initial state. */
  persisted?: Snapshot<unknown>;
  /** The cell of the actor that this one belongs to: a task's run. */
  parent?: Cell;
}

/** Makes cells of one kind. */
export interface CellFactory {
  readonly kind: 'live' | 'folded';
  create(machine: AnyStateMachine, options?: CellOptions): Cell;
}

/** What follows from an event; throws `fold.illegal-event`. */
function nextSnapshot(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: FoldEvent,
): AnyMachineSnapshot {
  if (Stepper.handles(snapshot)) {
    const next = stepperOf(machine).next(snapshot, event);
    if (next !== undefined) return next;
  } else if (snapshot.can(event)) {
    return machine.transition(snapshot, event, inertScope) as AnyMachineSnapshot;
  }
  throw new IllegalEvent({
    machine: machine.id,
    state: JSON.stringify(snapshot.value),
    type: event.type,
  });
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

  constructor(machine: AnyStateMachine, { persisted }: CellOptions = {}) {
    this.#machine = machine;
    this.snapshot =
      persisted === undefined
        ? initialSnapshot(machine)
        : (machine.restoreSnapshot(persisted, inertScope) as AnyMachineSnapshot);
  }

  take(event: FoldEvent): void {
    this.snapshot = nextSnapshot(this.#machine, this.snapshot, event);
  }

  stop(): void {}
}

/** The machine as actor logic: the same machine, with our transition. */
const logics = new WeakMap<AnyStateMachine, AnyStateMachine>();

function logicOf(machine: AnyStateMachine): AnyStateMachine {
  let logic = logics.get(machine);
  if (logic === undefined) {
    logic = Object.create(machine, {
      getInitialSnapshot: { value: () => initialSnapshot(machine) },
      transition: {
        value: (snapshot: AnyMachineSnapshot, event: FoldEvent) =>
          // A task that broke tells its parent; the host hears of it by the exception.
          event.type.startsWith('xstate.') ? snapshot : nextSnapshot(machine, snapshot, event),
      },
    }) as AnyStateMachine;
    logics.set(machine, logic);
  }
  return logic;
}

// F2: without an observer XState rethrows from a timer and ends the process.
const errorObserver = { error: () => {} };

class LiveCell implements Cell {
  readonly actor: ReturnType<typeof createActor<AnyStateMachine>>;

  constructor(machine: AnyStateMachine, options: CellOptions = {}) {
    const { persisted, parent } = options;
    this.actor = createActor(logicOf(machine), {
      ...(persisted === undefined ? {} : { snapshot: persisted }),
      // Tasks share the system of their run: an inspector sees them below it, and a system costs more than an actor.
      ...(parent instanceof LiveCell ? { parent: parent.actor } : {}),
    });
    this.actor.subscribe(errorObserver);
    this.actor.start();
  }

  get snapshot(): AnyMachineSnapshot {
    return this.actor.getSnapshot();
  }

  take(event: FoldEvent): void {
    this.actor.send(event);
    const after = this.actor.getSnapshot() as AnyMachineSnapshot;
    if (after.status === 'error') throw after.error;
  }

  stop(): void {
    stopActor(this.actor);
  }
}

/** `stop` is for roots: an actor with a parent is ended by what its parent would call. */
function stopActor(actor: { stop(): unknown }): void {
  const inner = actor as unknown as { _parent?: unknown; _stop(): void };
  if (inner._parent === undefined) actor.stop();
  else inner._stop();
}

/** Cells for histories. */
export const foldedCells: CellFactory = {
  kind: 'folded',
  create: (machine, options) => new FoldedCell(machine, options),
};

/** Cells for actors that live. */
export const liveCells: CellFactory = {
  kind: 'live',
  create: (machine, options) => new LiveCell(machine, options),
};

/** What a cell is stored as: plain data that `CellFactory.create` takes back. */
export function persistedOf(cell: Cell): Snapshot<unknown> {
  const { status, value, context } = cell.snapshot;
  return { status, value, context, historyValue: {}, children: {} } as unknown as Snapshot<unknown>;
}
