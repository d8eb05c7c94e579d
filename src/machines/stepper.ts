/**
 * Transitions of a flat machine as a table: what a state does with an event is looked up, not searched again.
 * Our machines have no guards, no effects and no nested states (style.md, M1 to M3), so the answer depends on the
 * state and the event's type alone. The table is derived from the machine itself on first use, and a test compares
 * it with `machine.transition` for every state and event. A parallel machine is left to XState.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, assign, type EventObject } from 'xstate';

/** An event as machines take it: the recorded type and data plus the commit's time. */
export interface FoldEvent extends EventObject {
  type: string;
  /** Milliseconds since the epoch. */
  at: number;
  data: unknown;
}

type Fold = (context: object, event: FoldEvent) => object;

/** The fold behind each action that `foldAction` made. */
const folds = new WeakMap<object, Fold>();

/** An `assign` that changes the context by `change`; the only kind of action that a machine may have. */
export function foldAction<Context extends object, Event extends FoldEvent>(
  change: (context: Context, event: FoldEvent) => Partial<Context>,
) {
  const action = assign<Context, Event, undefined, Event, never>(({ context, event }) =>
    change(context, event),
  );
  folds.set(action, change as unknown as Fold);
  return action;
}

interface Step {
  /** A snapshot of the target state; its context is replaced. Undefined: the state stays. */
  target: AnyMachineSnapshot | undefined;
  folds: Fold[];
}

const steppers = new WeakMap<AnyStateMachine, Stepper>();

/** The table of a machine. */
export function stepperOf(machine: AnyStateMachine): Stepper {
  let stepper = steppers.get(machine);
  if (stepper === undefined) {
    stepper = new Stepper(machine);
    steppers.set(machine, stepper);
  }
  return stepper;
}

export class Stepper {
  readonly #machine: AnyStateMachine;
  /** By state, then by event type; null for an event that the state does not take. */
  readonly #steps = new Map<string, Map<string, Step | null>>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** True for machines whose state is one name. */
  static handles(snapshot: AnyMachineSnapshot): boolean {
    return typeof snapshot.value === 'string';
  }

  /** The snapshot after an event; undefined when the state does not take it. */
  next(snapshot: AnyMachineSnapshot, event: FoldEvent): AnyMachineSnapshot | undefined {
    const step = this.#stepOf(snapshot, event);
    if (step === null) return undefined;
    let context: object = snapshot.context;
    for (const fold of step.folds) context = { ...context, ...fold(context, event) };
    if (step.target === undefined && context === snapshot.context) return snapshot;
    return { ...(step.target ?? snapshot), context } as AnyMachineSnapshot;
  }

  #stepOf(snapshot: AnyMachineSnapshot, event: FoldEvent): Step | null {
    const state = snapshot.value as string;
    let byType = this.#steps.get(state);
    if (byType === undefined) {
      byType = new Map();
      this.#steps.set(state, byType);
    }
    let step = byType.get(event.type);
    if (step === undefined) {
      step = this.#derive(snapshot, event);
      byType.set(event.type, step);
    }
    return step;
  }

  #derive(snapshot: AnyMachineSnapshot, event: FoldEvent): Step | null {
    const transition = this.#machine.getTransitionData(snapshot, event)[0];
    if (transition === undefined) return null;
    const target = transition.target?.[0]?.key;
    return {
      target:
        target === undefined ? undefined : this.#snapshotOf(target, snapshot.context as object),
      folds: transition.actions.map((action) => {
        const fold = folds.get(action as object);
        if (fold === undefined) throw new TypeError(`an action of "${event.type}" is no fold`);
        return fold;
      }),
    };
  }

  #snapshotOf(value: string, context: object): AnyMachineSnapshot {
    return this.#machine.resolveState({ value, context } as never) as AnyMachineSnapshot;
  }
}
