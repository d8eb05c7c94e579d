/** How long a workflow would take at least without one dependency or another of its longest way. */
import { ownLengths } from './critical-path.ts';
import type { FlowModel, FlowTask } from './flow-model.ts';

/**
 * For each of the first steps of the longest way, from a task to the next: the length of the longest way where the
 * second does not wait for the first. Linear, however many are asked.
 *
 * A cut of the order behind the first task is crossed once by every way from one side to the other: the longest way
 * without that dependency crosses it elsewhere, or stays on one side.
 */
export function lengthsWithout(model: FlowModel, way: readonly number[], steps: number): number[] {
  const { tasks, order } = model;
  const own = ownLengths(model).of;
  const count = Math.max(0, Math.min(steps, way.length - 1));
  const cutsBefore = cutsBeforeEach(model, way.slice(0, count));
  const next = new Int32Array(tasks.length).fill(-1);
  for (const [at, index] of way.slice(0, count).entries()) next[index] = way[at + 1] as number;
  const until = longestUntil(model, own);
  const behind = new Float64Array(tasks.length);
  const across = new HighestOfRanges(count);
  const left = new Float64Array(count + 1);
  const right = new Float64Array(count + 1);
  for (const index of order.toReversed()) {
    const since = (behind[index] as number) + (own[index] as number);
    const to = cutsBefore[index] as number;
    left[to] = Math.max(left[to] as number, until[index] as number);
    right[to] = Math.max(right[to] as number, since);
    for (const before of (tasks[index] as FlowTask).dependencies) {
      behind[before] = Math.max(behind[before] as number, since);
      const from = cutsBefore[before] as number;
      if (from < to && next[before] !== index)
        across.raise(from, to, (until[before] as number) + since);
    }
  }
  return withSides(across.highest(), left, right);
}

/** By task: how many of the cuts, each right behind one of `cuts`, come before it. */
function cutsBeforeEach({ tasks, order }: FlowModel, cuts: readonly number[]): Int32Array {
  const found = new Int32Array(tasks.length);
  let count = 0;
  for (const index of order) {
    found[index] = count;
    if (index === cuts[count]) count += 1;
  }
  return found;
}

/** By task: the longest way that ends with it. */
function longestUntil({ tasks, order }: FlowModel, own: Float64Array): Float64Array {
  const until = new Float64Array(tasks.length);
  for (const index of order) {
    let longest = 0;
    for (const before of (tasks[index] as FlowTask).dependencies)
      longest = Math.max(longest, until[before] as number);
    until[index] = longest + (own[index] as number);
  }
  return until;
}

/** `left[c]`: the longest way that ends between the cuts `c - 1` and `c`; `right[c]`: that begins there. */
function withSides(across: number[], left: Float64Array, right: Float64Array): number[] {
  let longest = 0;
  for (let at = 0; at < across.length; at += 1) {
    longest = Math.max(longest, left[at] as number);
    across[at] = Math.max(across[at] as number, longest);
  }
  longest = 0;
  for (let at = across.length - 1; at >= 0; at -= 1) {
    longest = Math.max(longest, right[at + 1] as number);
    across[at] = Math.max(across[at] as number, longest);
  }
  return across;
}

/** The highest value given to each place, where values are given to ranges. Each costs the same, long or short. */
class HighestOfRanges {
  /** By level: values for so many places, `2 ** level`, from a place on. */
  readonly #levels: Float64Array[];

  constructor(length: number) {
    const levels = length === 0 ? 1 : 32 - Math.clz32(length);
    this.#levels = Array.from({ length: levels }, () => new Float64Array(length));
  }

  /** From a place up to another one, which does not belong to it. */
  raise(from: number, to: number, value: number): void {
    const level = 31 - Math.clz32(to - from);
    const values = this.#levels[level] as Float64Array;
    const last = to - 2 ** level;
    values[from] = Math.max(values[from] as number, value);
    values[last] = Math.max(values[last] as number, value);
  }

  highest(): number[] {
    for (let level = this.#levels.length - 1; level > 0; level -= 1) {
      const below = this.#levels[level - 1] as Float64Array;
      for (const [at, value] of (this.#levels[level] as Float64Array).entries()) {
        const half = at + 2 ** (level - 1);
        below[at] = Math.max(below[at] as number, value);
        if (half < below.length) below[half] = Math.max(below[half] as number, value);
      }
    }
    return [...(this.#levels[0] as Float64Array)];
  }
}
