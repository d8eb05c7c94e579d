/** Where the values of a YAML document stand in its text. */
import type { Alias, Document, Node } from 'yaml';
import { yaml } from './late-libraries.ts';
import type { Path } from './problems.ts';
import type { Spans } from './source-places.ts';

/** Spans by path; without a document, everything is the text as a whole. */
export function nodeSpans(document: Document.Parsed | undefined): Spans {
  let targets: ReadonlyMap<Alias, Node> | undefined;
  const resolve = (alias: Alias): Node | undefined => {
    targets ??= targetsOf(document);
    return targets.get(alias);
  };
  return (path, atKey) => {
    const node = document === undefined ? undefined : nodeAt(document, { path, atKey, resolve });
    const [start = 0, end = 0] = node?.range ?? [];
    return { start, end };
  };
}

/** What every alias stands for, found in one walk: the parser's own way walks the document for each. */
function targetsOf(document: Document.Parsed | undefined): Map<Alias, Node> {
  const targets = new Map<Alias, Node>();
  const anchors = new Map<string, Node>();
  yaml().visit(document ?? null, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

interface Search {
  readonly path: Path;
  readonly atKey: boolean;
  readonly resolve: (alias: Alias) => Node | undefined;
}

/** The node at a path, or the last one on the way to it. */
function nodeAt(document: Document.Parsed, { path, atKey, resolve }: Search): Node | undefined {
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  let node: unknown = document.contents;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = resolve(node);
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      : undefined;
    const next: unknown = isSeq(node) && typeof part === 'number' ? node.items[part] : pair?.value;
    if (pair !== undefined && (atKey || next === null) && depth === path.length - 1)
      return pair.key as Node;
    if (next === undefined || next === null) break;
    node = next;
  }
  return node as Node | undefined;
}
