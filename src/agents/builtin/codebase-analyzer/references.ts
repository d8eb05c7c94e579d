/** What a file uses of others: calls by name, and names of modules and types that it mentions. */
import { isSelf } from '../syntax/calls.ts';
import type { FlatTree } from '../syntax/flat-tree.ts';
import type { Definition, Flow, ImportFact } from '../syntax/grammar.ts';
import type { CallFact } from './analysis.ts';

/** Of one file; further ones are left out. */
const MAX_CALLS = 200;
const MAX_MENTIONS = 200;
/** The kinds of `a.B` in the languages where a module's name stands before what it gives. */
const QUALIFIED: Readonly<Record<string, readonly string[]>> = {
  go: ['selector_expression', 'qualified_type'],
  python: ['attribute'],
};
const TYPE_NAMES: Readonly<Record<string, readonly string[]>> = {
  java: ['type_identifier', 'identifier'],
  csharp: ['identifier'],
  php: ['name'],
  ruby: ['constant'],
};

export interface References {
  calls: CallFact[];
  dynamicCalls: number;
  mentions: string[];
}

export interface Known {
  language: string;
  flow: Flow;
  imports: readonly ImportFact[];
  definitions: readonly Definition[];
}

/** Calls in the order of their first line; mentions sorted. */
export function referencesOf(tree: FlatTree, known: Known): References {
  const own = new Set(
    known.definitions
      .filter(({ kind }) => kind !== 'namespace')
      .map(({ name }) => name.slice(name.lastIndexOf('.') + 1)),
  );
  const modules = new Set(
    known.imports.flatMap(({ as, names = [] }) => (as === undefined ? names : [as, ...names])),
  );
  const calls = new Map<string, CallFact>();
  const mentions = new Set<string>();
  const qualified = new Set(QUALIFIED[known.language] ?? []);
  const types = new Set(TYPE_NAMES[known.language] ?? []);
  let dynamicCalls = 0;
  for (let index = 0; index < tree.size; index += 1) {
    if (!tree.isNamed(index)) continue;
    const kind = tree.kind(index);
    if (known.flow.calls.has(kind) && !addCall(calls, { tree, index, known, own, modules }))
      dynamicCalls += 1;
    if (qualified.has(kind)) addQualified(mentions, { tree, index, modules });
    else if (types.has(kind)) addType(mentions, { tree, index, own });
  }
  return {
    calls: [...calls.values()].slice(0, MAX_CALLS),
    dynamicCalls,
    mentions: [...mentions].slice(0, MAX_MENTIONS).sort(),
  };
}

/** False for a call whose target cannot be told by its name. Calls within the file are told, and left out. */
function addCall(
  calls: Map<string, CallFact>,
  at: {
    tree: FlatTree;
    index: number;
    known: Known;
    own: ReadonlySet<string>;
    modules: ReadonlySet<string>;
  },
): boolean {
  const { tree, index, known, own, modules } = at;
  const call = known.flow.callOf(tree.node(index));
  if (call === undefined) return false;
  const { name, receiver } = call;
  if (receiver === undefined ? own.has(name) : isSelf(receiver)) return true;
  const isScope = receiver !== undefined && /^[A-Z][\w:\\]*$|::/.test(receiver);
  if (receiver !== undefined && !modules.has(receiver) && !isScope) return false;
  if (receiver !== undefined && own.has(receiver)) return true;
  const key = `${receiver ?? ''}\0${name}`;
  const seen = calls.get(key);
  if (seen !== undefined) seen.count += 1;
  else {
    const { line } = tree.placeOf(tree.start(index));
    const on = receiver === undefined ? {} : { on: receiver };
    calls.set(key, { name, ...on, line, count: 1 });
  }
  return true;
}

function addQualified(
  mentions: Set<string>,
  { tree, index, modules }: { tree: FlatTree; index: number; modules: ReadonlySet<string> },
): void {
  if (tree.end(index) - tree.start(index) > 200) return;
  const text = tree.textOf(index);
  const dot = text.lastIndexOf('.');
  if (dot > 0 && modules.has(text.slice(0, dot))) mentions.add(text);
}

function addType(
  mentions: Set<string>,
  { tree, index, own }: { tree: FlatTree; index: number; own: ReadonlySet<string> },
): void {
  const name = tree.textOf(index);
  if (/^\p{Lu}/u.test(name) && !own.has(name)) mentions.add(name);
}
