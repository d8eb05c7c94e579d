/**
 * Places boxes and the lines between them in layers, what comes before above what follows (Sugiyama, Tagawa and Toda
 * 1981). Pure, the same picture for the same graph, and bounded: its time grows with boxes, edges and layers crossed.
 *
 * L1 An edge leads from a layer to a lower one; boxes of one layer never overlap.
 * L2 Parts that nothing connects are laid out apart and put into shelves.
 * L3 An edge over more layers than the bound goes straight, below the boxes, and pushes nothing aside.
 */
import { type LayeredGraph, layerGraph } from './layers.ts';
import { orderLayers } from './ordering.ts';
import { placeLayers } from './placing.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels. `places` are the upper left corners of the boxes, `routes` the points of the edges, from start to end. */
export interface Layout extends Size {
  readonly places: readonly Point[];
  readonly routes: readonly (readonly Point[])[];
}

/** Indexes of boxes. */
export type Edge = readonly [from: number, to: number];

/** Pixels between layers; between boxes of one layer it is `BOX_GAP`. */
const LAYER_GAP = 44;
const PART_GAP = 40;
/** Parts are put side by side until the picture is about this much wider than high. */
const WIDTH_TO_HEIGHT = 1.6;

/** Lays out an acyclic graph; edges whose ends are the same box are left without a route. */
export function layoutGraph(boxes: readonly Size[], edges: readonly Edge[]): Layout {
  const places: Point[] = boxes.map(() => ({ x: 0, y: 0 }));
  const routes: Point[][] = edges.map(() => []);
  const parts = partsOf(boxes.length, edges).map((part) => layoutPart(part, boxes, edges));
  const shelfWidth = widthOfShelves(parts);
  let [x, y, shelfHeight, width] = [0, 0, 0, 0];
  for (const part of parts) {
    if (x > 0 && x + part.width > shelfWidth) {
      y += shelfHeight + PART_GAP;
      [x, shelfHeight] = [0, 0];
    }
    for (const [box, at] of part.places) places[box] = { x: at.x + x, y: at.y + y };
    for (const [edge, points] of part.routes)
      routes[edge] = points.map((point) => ({ x: point.x + x, y: point.y + y }));
    width = Math.max(width, x + part.width);
    shelfHeight = Math.max(shelfHeight, part.height);
    x += part.width + PART_GAP;
  }
  return { width, height: y + shelfHeight, places, routes };
}

interface Part {
  readonly boxes: number[];
  readonly edges: number[];
}

interface PlacedPart extends Size {
  readonly places: (readonly [box: number, at: Point])[];
  readonly routes: (readonly [edge: number, points: Point[]])[];
}

function widthOfShelves(parts: readonly Size[]): number {
  let area = 0;
  let widest = 0;
  for (const { width, height } of parts) {
    area += (width + PART_GAP) * (height + PART_GAP);
    widest = Math.max(widest, width);
  }
  return Math.max(widest, Math.sqrt(area * WIDTH_TO_HEIGHT));
}

/** Connected parts, each with its boxes and edges in the order given; the part of the first box first. */
function partsOf(count: number, edges: readonly Edge[]): Part[] {
  const leader = Int32Array.from({ length: count }, (_, index) => index);
  const find = (box: number): number => {
    let at = box;
    while (leader[at] !== at) {
      leader[at] = leader[leader[at] as number] as number;
      at = leader[at] as number;
    }
    return at;
  };
  for (const [from, to] of edges) leader[find(to)] = find(from);
  const parts = new Map<number, Part>();
  for (let box = 0; box < count; box += 1) {
    const root = find(box);
    const part = parts.get(root);
    if (part === undefined) parts.set(root, { boxes: [box], edges: [] });
    else part.boxes.push(box);
  }
  for (const [index, [from, to]] of edges.entries())
    if (from !== to) parts.get(find(from))?.edges.push(index);
  return [...parts.values()];
}

function layoutPart(part: Part, boxes: readonly Size[], edges: readonly Edge[]): PlacedPart {
  const local = new Map(part.boxes.map((box, index) => [box, index]));
  const own = part.edges.map((edge): [number, number] => {
    const [from, to] = edges[edge] as Edge;
    return [local.get(from) as number, local.get(to) as number];
  });
  const sizes = part.boxes.map((box) => boxes[box] as Size);
  const graph = layerGraph(sizes, own);
  orderLayers(graph);
  const centres = placeLayers(graph);
  return draw(part, { graph, centres, own });
}

/** Coordinates of a part from the order and the centres of its layers, moved to begin at zero. */
// Length: one pass over boxes, one over edges, with the same shift.
function draw(
  part: Part,
  placed: { graph: LayeredGraph; centres: Float64Array; own: readonly Edge[] },
): PlacedPart {
  const { graph, centres, own } = placed;
  const tops: number[] = [];
  let bottom = 0;
  for (const height of graph.layerHeights) {
    tops.push(bottom);
    bottom += height + LAYER_GAP;
  }
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (let node = 0; node < graph.widths.length; node += 1) {
    const half = (graph.widths[node] as number) / 2;
    left = Math.min(left, (centres[node] as number) - half);
    right = Math.max(right, (centres[node] as number) + half);
  }
  const centreOf = (node: number): number => (centres[node] as number) - left;
  const topOf = (node: number): number => tops[graph.layerOf[node] as number] as number;
  const places = part.boxes.map((box, node): [number, Point] => [
    box,
    { x: centreOf(node) - (graph.widths[node] as number) / 2, y: topOf(node) },
  ]);
  const routes = part.edges.map((edge, index): [number, Point[]] => {
    const [from, to] = own[index] as Edge;
    const height = graph.heights[from] as number;
    const points: Point[] = [{ x: centreOf(from), y: topOf(from) + height }];
    for (const bend of graph.bends[index] ?? []) {
      // Upright through the layer, so that it touches none of its boxes.
      const x = centreOf(bend);
      const height = graph.layerHeights[graph.layerOf[bend] as number] as number;
      points.push({ x, y: topOf(bend) }, { x, y: topOf(bend) + height });
    }
    points.push({ x: centreOf(to), y: topOf(to) });
    return [edge, points];
  });
  return { width: right - left, height: bottom - LAYER_GAP, places, routes };
}
