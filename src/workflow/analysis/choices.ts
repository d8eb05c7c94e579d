/** What the subjects of conditions are taken to be: a value, or none of some values. */
import type { Part } from './conditions.ts';

export type ValuePart = Extract<Part, { kind: 'value' }>;

interface Choice {
  /** The value, where it is chosen. */
  value: string | undefined;
  readonly excluded: Map<string, number>;
  /** Parts that rely on the value. */
  uses: number;
}

export class Choices {
  readonly #chosen = new Map<string, Choice>();

  /** A subject without a name is a choice of its own each time. */
  allows({ subject, value, holds }: ValuePart): boolean {
    const choice = this.#chosen.get(subject);
    if (subject === '' || choice === undefined) return true;
    if (!holds) return choice.value !== value;
    return choice.value === undefined ? !choice.excluded.has(value) : choice.value === value;
  }

  /** Takes an allowed part for given; `undo` takes that back, last first. */
  choose({ subject, value, holds }: ValuePart): void {
    if (subject === '') return;
    let choice = this.#chosen.get(subject);
    if (choice === undefined) {
      choice = { value: undefined, excluded: new Map(), uses: 0 };
      this.#chosen.set(subject, choice);
    }
    if (holds) {
      choice.value = value;
      choice.uses += 1;
    } else choice.excluded.set(value, (choice.excluded.get(value) ?? 0) + 1);
  }

  undo({ subject, value, holds }: ValuePart): void {
    const choice = this.#chosen.get(subject);
    if (choice === undefined) return;
    if (holds) {
      choice.uses -= 1;
      if (choice.uses === 0) choice.value = undefined;
      return;
    }
    const left = (choice.excluded.get(value) ?? 1) - 1;
    if (left === 0) choice.excluded.delete(value);
    else choice.excluded.set(value, left);
  }
}
