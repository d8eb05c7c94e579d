/** Every state of a machine, its root included. */
import type { AnyStateNode } from 'xstate';

export function stateNodesOf(machine: { root: unknown }): AnyStateNode[] {
  const nodes = [machine.root as AnyStateNode];
  for (const node of nodes) nodes.push(...(Object.values(node.states) as AnyStateNode[]));
  return nodes;
}
