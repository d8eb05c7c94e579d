/** Which functions of a file call themselves, directly or over others of the same file. */
import { isSelf } from '../syntax/calls.ts';
import type { FlatTree } from '../syntax/flat-tree.ts';
import type { Flow } from '../syntax/grammar.ts';
import type { NamedFunction } from './cognitive.ts';
import { stronglyConnected } from './strongly-connected.ts';

/**
 * Indexes of the functions in a cycle. A plain call means a function of that name, or a method of the same class where
 * the language has no other way to say so; a call on `this` or on the class means a method of the class.
 */
export function recursiveFunctions(
  tree: FlatTree,
  flow: Flow,
  functions: readonly NamedFunction[],
): Set<number> {
  const byName = new Map(functions.map((one) => [one.name, one.index]));
  const nameOf = new Map(functions.map((one) => [one.index, one.name]));
  const calls = new Map<number, Set<number>>(functions.map(({ index }) => [index, new Set()]));
  const owners = new Int32Array(tree.size).fill(-1);
  for (let index = 0; index < tree.size; index += 1) {
    const parent = tree.parents[index] ?? -1;
    owners[index] = nameOf.has(index) ? index : parent < 0 ? -1 : (owners[parent] ?? -1);
    const owner = owners[index] ?? -1;
    if (owner < 0 || !tree.isNamed(index) || !flow.calls.has(tree.kind(index))) continue;
    const call = flow.callOf(tree.node(index));
    if (call === undefined || /^(new_expression|object_creation)/.test(tree.kind(index))) continue;
    const target = targetOf(call, nameOf.get(owner) ?? '', byName);
    if (target !== undefined) calls.get(owner)?.add(target);
  }
  return new Set(stronglyConnected(calls).flat());
}

function targetOf(
  { name, receiver }: { name: string; receiver?: string },
  caller: string,
  byName: ReadonlyMap<string, number>,
): number | undefined {
  const dot = caller.lastIndexOf('.');
  const owner = dot < 0 ? undefined : caller.slice(0, dot);
  if (receiver === undefined) {
    const method = owner === undefined ? undefined : byName.get(`${owner}.${name}`);
    return byName.get(name) ?? method;
  }
  if (owner === undefined) return undefined;
  const isOwn = isSelf(receiver) || receiver === owner;
  return isOwn && receiver !== 'super' ? byName.get(`${owner}.${name}`) : undefined;
}
