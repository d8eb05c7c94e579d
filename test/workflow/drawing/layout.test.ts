/** A layout is a picture that can be read: nothing overlaps, lines lead down, and it is there at once. */
import { describe, expect, it } from 'vitest';
import { type Edge, layoutGraph, type Size } from '../../../src/workflow/drawing/layout.ts';
import { costOf, unitCost } from '../../support/cost.ts';
import fc from '../../support/property.ts';
import { seededRandom } from '../../support/seeded.ts';

/** Of the floor; some two seconds on the reference machine. */
const BUDGET = 40;

const graph = fc.integer({ min: 2, max: 20 }).chain((count) =>
  fc.record({
    boxes: fc.array(
      fc.record({
        width: fc.integer({ min: 20, max: 300 }),
        height: fc.integer({ min: 10, max: 90 }),
      }),
      { minLength: count, maxLength: count },
    ),
    edges: fc.array(
      fc
        .tuple(fc.nat({ max: count - 1 }), fc.nat({ max: count - 1 }))
        .filter(([from, to]) => from !== to)
        .map(([from, to]): Edge => [Math.min(from, to), Math.max(from, to)]),
      { maxLength: 60 },
    ),
  }),
);

function boxesOf(count: number): Size[] {
  return Array.from({ length: count }, () => ({ width: 160, height: 40 }));
}

describe('layoutGraph', () => {
  it('lets no two boxes overlap and leaves none outside', () => {
    fc.assert(
      fc.property(graph, ({ boxes, edges }) => {
        const { places, width, height } = layoutGraph(boxes, edges);
        const areas = places.map(({ x, y }, index) => ({ x, y, ...(boxes[index] as Size) }));
        for (const [index, one] of areas.entries()) {
          expect(one.x).toBeGreaterThanOrEqual(-0.01);
          expect(one.x + one.width).toBeLessThanOrEqual(width + 0.01);
          expect(one.y + one.height).toBeLessThanOrEqual(height + 0.01);
          for (const other of areas.slice(index + 1)) {
            const isApart =
              one.x + one.width <= other.x ||
              other.x + other.width <= one.x ||
              one.y + one.height <= other.y ||
              other.y + other.height <= one.y;
            if (!isApart) throw new Error(`overlap: ${JSON.stringify([one, other])}`);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leads every line from the bottom of one box down to the top of the other', () => {
    fc.assert(
      fc.property(graph, ({ boxes, edges }) => {
        const { places, routes } = layoutGraph(boxes, edges);
        for (const [index, [from, to]] of edges.entries()) {
          const route = routes[index] ?? [];
          expect(route.length).toBeGreaterThanOrEqual(2);
          expect(route[0]?.y).toBeCloseTo((places[from]?.y ?? 0) + (boxes[from]?.height ?? 0));
          expect(route.at(-1)?.y).toBeCloseTo(places[to]?.y ?? 0);
          for (const [step, { y }] of route.slice(1).entries())
            expect(y).toBeGreaterThanOrEqual(route[step]?.y ?? 0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same picture for the same graph', () => {
    fc.assert(
      fc.property(graph, ({ boxes, edges }) => {
        expect(layoutGraph(boxes, edges)).toEqual(layoutGraph(boxes, edges));
      }),
      { numRuns: 20 },
    );
  });

  it('puts a chain into one column without a bend', () => {
    const { places, routes } = layoutGraph(boxesOf(3), [
      [0, 1],
      [1, 2],
    ]);
    expect(new Set(places.map(({ x }) => x)).size).toBe(1);
    expect(routes.map((route) => route.length)).toEqual([2, 2]);
  });

  it('crosses no lines where none need to cross', () => {
    // 0 and 1 above, their followers in the wrong order.
    const { places } = layoutGraph(boxesOf(5), [
      [4, 0],
      [4, 1],
      [0, 3],
      [1, 2],
    ]);
    const isLeft = (one: number, other: number): boolean =>
      (places[one]?.x ?? 0) < (places[other]?.x ?? 0);
    expect(isLeft(0, 1)).toBe(isLeft(3, 2));
  });

  it('lays out 1,000 boxes of any shape within the budget', () => {
    const random = seededRandom(7);
    const below = (limit: number): number => Math.floor(random() * limit);
    const count = 1_000;
    const numbers = Array.from({ length: count - 1 }, (_, index) => index + 1);
    const shapes: Record<string, Edge[]> = {
      chain: numbers.map((index) => [index - 1, index]),
      wide: numbers.map((index) => [0, index]),
      random: numbers.flatMap((index): Edge[] => [
        [below(index), index],
        [below(index), index],
      ]),
      dense: numbers.flatMap((index) =>
        Array.from({ length: 8 }, (): Edge => [Math.max(0, index - 1 - below(100)), index]),
      ),
      all: numbers.flatMap((index): Edge[] => [
        [index - 1, index],
        [0, index],
      ]),
    };
    for (const [name, edges] of Object.entries(shapes)) {
      const cost = costOf(() => layoutGraph(boxesOf(count), edges));
      expect(cost / unitCost(), `${name}: ${Math.round(cost)} ms`).toBeLessThan(BUDGET);
    }
  });
});
