/** Which layer each box is in, and the bends of edges that cross layers. */
import type { Edge, Size } from './layout.ts';

/** Layers an edge may cross with bends of its own; one that is longer goes straight. */
const MAX_BENDS = 24;
/** Bends of all edges of one part together. */
const MAX_BENDS_IN_ALL = 20_000;
/** Room that a passing line takes. */
const BEND_WIDTH = 10;

/**
 * Boxes and bends of one part as nodes: first the boxes, then the bends. `layers` holds nodes from left to right and is
 * changed in place by the ordering.
 */
export interface LayeredGraph {
  readonly layers: number[][];
  readonly layerOf: number[];
  readonly widths: number[];
  readonly heights: number[];
  readonly layerHeights: readonly number[];
  /** Number of boxes; nodes from here on are bends. */
  readonly boxCount: number;
  /** Neighbours one layer up and one layer down. */
  readonly above: readonly number[][];
  readonly below: readonly number[][];
  /** Bends of each edge, from above; undefined where it goes straight. */
  readonly bends: readonly (readonly number[] | undefined)[];
}

/** The layers of a connected acyclic graph; every box as high up as its dependencies allow, starts next to what follows. */
export function layerGraph(boxes: readonly Size[], edges: readonly Edge[]): LayeredGraph {
  const layerOf = longestPaths(boxes.length, edges);
  const widths = boxes.map(({ width }) => width);
  const heights = boxes.map(({ height }) => height);
  const layers: number[][] = [];
  const layerHeights: number[] = [];
  for (const [node, layer] of layerOf.entries()) {
    for (let next = layers.length; next <= layer; next += 1) {
      layers.push([]);
      layerHeights.push(0);
    }
    layers[layer]?.push(node);
    layerHeights[layer] = Math.max(layerHeights[layer] ?? 0, heights[node] ?? 0);
  }
  const above: number[][] = boxes.map(() => []);
  const below: number[][] = boxes.map(() => []);
  const graph = { layers, layerOf, widths, heights, layerHeights, above, below };
  const bends = bendEdges(graph, edges);
  return { ...graph, boxCount: boxes.length, bends };
}

function bendEdges(
  graph: Pick<LayeredGraph, 'layers' | 'layerOf' | 'widths' | 'heights' | 'above' | 'below'>,
  edges: readonly Edge[],
): (number[] | undefined)[] {
  const { layers, layerOf, widths, heights } = graph;
  const above = graph.above as number[][];
  const below = graph.below as number[][];
  let left = MAX_BENDS_IN_ALL;
  return edges.map(([from, to]) => {
    const first = (layerOf[from] as number) + 1;
    const count = (layerOf[to] as number) - first;
    if (count > MAX_BENDS || count > left) return undefined;
    left -= count;
    const bends: number[] = [];
    let before = from;
    for (let layer = first; layer < first + count; layer += 1) {
      const bend = widths.length;
      widths.push(BEND_WIDTH);
      heights.push(0);
      layerOf.push(layer);
      layers[layer]?.push(bend);
      above.push([before]);
      below.push([]);
      below[before]?.push(bend);
      bends.push(bend);
      before = bend;
    }
    below[before]?.push(to);
    above[to]?.push(before);
    return bends;
  });
}

function longestPaths(count: number, edges: readonly Edge[]): number[] {
  const dependents: number[][] = Array.from({ length: count }, () => []);
  const open = new Int32Array(count);
  for (const [from, to] of edges) {
    dependents[from]?.push(to);
    open[to] = (open[to] as number) + 1;
  }
  const hasDependencies = Uint8Array.from(open, (number) => (number > 0 ? 1 : 0));
  const layerOf = new Array<number>(count).fill(0);
  const order: number[] = [];
  for (let node = 0; node < count; node += 1) if (open[node] === 0) order.push(node);
  for (let at = 0; at < order.length; at += 1) {
    const node = order[at] as number;
    for (const dependent of dependents[node] as number[]) {
      layerOf[dependent] = Math.max(layerOf[dependent] as number, (layerOf[node] as number) + 1);
      open[dependent] = (open[dependent] as number) - 1;
      if (open[dependent] === 0) order.push(dependent);
    }
  }
  for (const [node, list] of dependents.entries()) {
    if (hasDependencies[node] === 1 || list.length === 0) continue;
    let nearest = Number.POSITIVE_INFINITY;
    for (const dependent of list) nearest = Math.min(nearest, layerOf[dependent] as number);
    layerOf[node] = nearest - 1;
  }
  return layerOf;
}
