/** The work that loops add to what they repeat (K4 of the compiler). */
import type { Node } from './expression-node.ts';
import { elementsOf } from './operators.ts';

/** Nodes of a loop's body that are one step of each iteration; a smaller body costs no more than its iteration. */
const NODES_A_STEP = 16;

/** The body of a loop, which pays for its nodes at each iteration. */
export function charged(node: Node, nodes: number): Node {
  const steps = Math.floor(nodes / NODES_A_STEP);
  if (steps === 0) return node;
  const { run } = node;
  return {
    constant: node.constant,
    run: (evaluation) => {
      evaluation.charge(steps);
      return run(evaluation);
    },
  };
}

/** What a loop goes over: a list, or the keys of a map, which are counted where they are collected. */
export function overElements({ run, constant: isConstant }: Node): Node {
  return { constant: isConstant, run: (evaluation) => elementsOf(run(evaluation), evaluation) };
}
