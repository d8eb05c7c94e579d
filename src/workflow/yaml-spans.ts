/** Where the values of a YAML document stand in its text. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Path } from './problems.ts';
import type { Spans } from './source-places.ts';

/** Spans by path; without a document, everything is the text as a whole. */
export function nodeSpans(document: Document.Parsed | undefined): Spans {
  return (path, atKey) => {
    const node = document === undefined ? undefined : nodeAt(document, path, atKey);
    const [start = 0, end = 0] = node?.range ?? [];
    return { start, end };
  };
}

/** The node at a path, or the last one on the way to it. */
function nodeAt(document: Document.Parsed, path: Path, atKey: boolean): Node | undefined {
  let node: unknown = document.contents;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
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
