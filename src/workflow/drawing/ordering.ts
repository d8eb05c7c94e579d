/** The order of nodes within their layers, so that few lines cross: barycenters, swept down and up. */
import type { LayeredGraph } from './layers.ts';

const SWEEPS = 8;

/** Sorts every layer in place; keeps the best order it has seen. */
export function orderLayers(graph: LayeredGraph): void {
  const { layers } = graph;
  const position = new Int32Array(graph.widths.length);
  for (const layer of layers) number(layer, position);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(graph, position);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (let step = 1; step < layers.length; step += 1) {
      const layer = layers[isDown ? step : layers.length - 1 - step] as number[];
      sortLayer(layer, { neighbours: isDown ? graph.above : graph.below, position });
    }
    const count = crossings(graph, position);
    if (count >= fewest) continue;
    fewest = count;
    best = layers.map((layer) => [...layer]);
  }
  for (const [index, layer] of best.entries()) layers[index] = layer;
}

function number(layer: readonly number[], position: Int32Array): void {
  for (const [index, node] of layer.entries()) position[node] = index;
}

/** By the mean position of the neighbours; what has none keeps its place. */
function sortLayer(
  layer: number[],
  by: { neighbours: readonly (readonly number[])[]; position: Int32Array },
): void {
  const wanted = new Map<number, number>();
  for (const [index, node] of layer.entries()) {
    const near = by.neighbours[node] as readonly number[];
    let sum = 0;
    for (const other of near) sum += by.position[other] as number;
    wanted.set(node, near.length === 0 ? index : sum / near.length);
  }
  layer.sort((left, right) => (wanted.get(left) as number) - (wanted.get(right) as number));
  number(layer, by.position);
}

/** How many pairs of lines cross, over all layers (Barth, Jünger and Mutzel 2002: counting inversions with a tree). */
function crossings(graph: LayeredGraph, position: Int32Array): number {
  let count = 0;
  for (const [index, layer] of graph.layers.entries()) {
    const width = graph.layers[index + 1]?.length ?? 0;
    if (width < 2) continue;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const node of layer) {
      const targets = (graph.below[node] as number[]).map((other) => position[other] as number);
      for (const target of targets) count += seen - upTo(tree, target + 1);
      for (const target of targets) add(tree, target + 1);
      seen += targets.length;
    }
  }
  return count;
}

function upTo(tree: Int32Array, index: number): number {
  let sum = 0;
  for (let at = index; at > 0; at -= at & -at) sum += tree[at] as number;
  return sum;
}

function add(tree: Int32Array, index: number): void {
  for (let at = index; at < tree.length; at += at & -at) tree[at] = (tree[at] as number) + 1;
}
