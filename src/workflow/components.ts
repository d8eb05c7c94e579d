/** The cycles of a graph: sets of nodes that all lead to each other. Linear. */

/** Tarjan's algorithm without recursion: components, the last ones of the flow first. */
export function stronglyConnected(after: readonly (readonly number[])[]): number[][] {
  const number = new Int32Array(after.length).fill(-1);
  const low = new Int32Array(after.length);
  const isOnStack = new Uint8Array(after.length);
  const stack: number[] = [];
  const components: number[][] = [];
  let count = 0;
  // In reverse file order, so that the components, turned round, keep the order of the file where it is free.
  for (let root = after.length - 1; root >= 0; root -= 1) {
    if (number[root] !== -1) continue;
    const path: { index: number; next: number }[] = [];
    const enter = (index: number): void => {
      number[index] = count;
      low[index] = count;
      count += 1;
      stack.push(index);
      isOnStack[index] = 1;
      path.push({ index, next: 0 });
    };
    enter(root);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { index } = at;
      const to = after[index]?.[at.next];
      if (to !== undefined) {
        at.next += 1;
        if (number[to] === -1) enter(to);
        else if (isOnStack[to] === 1)
          low[index] = Math.min(low[index] as number, number[to] as number);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined)
        low[above.index] = Math.min(low[above.index] as number, low[index] as number);
      if (low[index] === number[index]) components.push(takeComponent(stack, index, isOnStack));
    }
  }
  return components;
}

function takeComponent(stack: number[], root: number, isOnStack: Uint8Array): number[] {
  const component: number[] = [];
  for (;;) {
    const index = stack.pop() as number;
    isOnStack[index] = 0;
    component.push(index);
    if (index === root) return component.sort((a, b) => a - b);
  }
}
