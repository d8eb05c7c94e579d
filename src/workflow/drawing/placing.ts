/**
 * Where the nodes of each layer stand: as near as possible to the nodes they are joined with, in the order given,
 * without overlap. Each layer is a least squares fit with distances to keep, solved exactly by pooling neighbours that
 * would collide (the pool adjacent violators algorithm, Ayer et al. 1955).
 */
import type { LayeredGraph } from './layers.ts';

const BOX_GAP = 24;
const PASSES = 6;
/** A line that passes through wants to stay straight more than a box wants to be in the middle. */
const BEND_WEIGHT = 4;

/** The centre of every node, in pixels; the least is anywhere. */
export function placeLayers(graph: LayeredGraph): Float64Array {
  const centres = new Float64Array(graph.widths.length);
  for (const layer of graph.layers) {
    const offsets = offsetsOf(layer, graph.widths);
    const middle = (offsets.at(-1) ?? 0) / 2;
    for (const [index, node] of layer.entries())
      centres[node] = (offsets[index] as number) - middle;
  }
  for (let pass = 0; pass < PASSES; pass += 1) {
    const isDown = pass % 2 === 0;
    const neighbours = isDown ? graph.above : graph.below;
    for (let step = 1; step < graph.layers.length; step += 1) {
      const layer = graph.layers[isDown ? step : graph.layers.length - 1 - step] as number[];
      placeLayer(layer, { graph, neighbours, centres });
    }
  }
  return centres;
}

/** The least distance of each node of a layer from the first one. */
function offsetsOf(layer: readonly number[], widths: readonly number[]): number[] {
  const offsets: number[] = [];
  let before = 0;
  for (const [index, node] of layer.entries()) {
    const half = (widths[node] as number) / 2;
    offsets.push(index === 0 ? 0 : (offsets[index - 1] as number) + before + BOX_GAP + half);
    before = half;
  }
  return offsets;
}

interface Pool {
  /** Sum of weighted wishes, and of weights. */
  sum: number;
  weight: number;
  count: number;
}

function placeLayer(
  layer: readonly number[],
  around: {
    graph: LayeredGraph;
    neighbours: readonly (readonly number[])[];
    centres: Float64Array;
  },
): void {
  const { graph, neighbours, centres } = around;
  const offsets = offsetsOf(layer, graph.widths);
  const pools: Pool[] = [];
  for (const [index, node] of layer.entries()) {
    const near = neighbours[node] as readonly number[];
    let sum = 0;
    for (const other of near) sum += centres[other] as number;
    const wish = near.length === 0 ? (centres[node] as number) : sum / near.length;
    const weight = node >= graph.boxCount ? BEND_WEIGHT : 1;
    let pool: Pool = { sum: (wish - (offsets[index] as number)) * weight, weight, count: 1 };
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.weight > pool.sum / pool.weight;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = {
        sum: pool.sum + last.sum,
        weight: pool.weight + last.weight,
        count: pool.count + last.count,
      };
    }
    pools.push(pool);
  }
  let index = 0;
  for (const { sum, weight, count } of pools) {
    for (const end = index + count; index < end; index += 1)
      centres[layer[index] as number] = sum / weight + (offsets[index] as number);
  }
}
