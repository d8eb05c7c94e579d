/**
 * Which demand is served next where more than one could be: by the priority of its head as F1 to F3 of
 * `policies/admission-order.ts` say, then the one that was served least lately. Costs one look at each of them.
 */
import {
  comparePlaces,
  finishOf,
  type Place,
  PRIORITY_WEIGHTS,
  rankOf,
  startOf,
} from '../../policies/admission-order.ts';
import type { Priority } from '../../workflow/definition.ts';
import type { ShareQueue } from './share-queue.ts';

/** Those who wait for one demand. */
export interface OrderedLine {
  readonly queue: ShareQueue;
  /** When it was served last, in the order of all of them. */
  servedAt: number;
}

export class LineOrder {
  readonly #places = new Map<Priority, Place>();
  #now = 0;
  #sequence = 0;

  next<Line extends OrderedLine>(lines: ReadonlySet<Line>): Line | undefined {
    let best: Line | undefined;
    let place: Place | undefined;
    for (const line of lines) {
      if (lines.size === 1) return line;
      const priority = line.queue.nextPriority;
      if (priority === undefined) continue;
      const own = this.#placeOf(priority);
      const order = place === undefined ? -1 : comparePlaces(own, place);
      if (order > 0 || (order === 0 && best !== undefined && line.servedAt >= best.servedAt))
        continue;
      best = line;
      place = own;
    }
    return best;
  }

  /** Its head gets the slot. */
  served(line: OrderedLine): void {
    this.#sequence += 1;
    line.servedAt = this.#sequence;
    const priority = line.queue.nextPriority;
    if (priority === undefined) return;
    const place = this.#placeOf(priority);
    this.#now = place.start;
    place.finish = finishOf(place.start, PRIORITY_WEIGHTS[priority]);
  }

  #placeOf(priority: Priority): Place {
    let place = this.#places.get(priority);
    if (place === undefined) {
      place = { start: 0, finish: 0, rank: rankOf('priority', priority), sequence: 0 };
      this.#places.set(priority, place);
    }
    place.start = startOf(place, this.#now);
    return place;
  }
}
