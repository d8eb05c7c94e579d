/**
 * A graph as a Mermaid flowchart. Node ids are our own (`t0`, `t1`), since task ids may be words that Mermaid reserves;
 * texts are quoted, and what could end or mark up a quoted text is written as an entity. Pure.
 */
import {
  type GraphEdge,
  type GraphNode,
  type GraphView,
  headingOf,
  linesOf,
} from './graph-view.ts';

/** Above these Mermaid's own defaults refuse to draw. */
const MERMAID_MAX_EDGES = 500;
const MERMAID_MAX_LENGTH = 50_000;

const ARROWS: Readonly<Record<GraphEdge['kind'], string>> = {
  needs: '-->',
  on_failure: '-. on failure .->',
  after: '-.->',
};

const STYLES: Readonly<Record<GraphNode['status'], string>> = {
  planned: 'fill:#eef2ff,stroke:#4f5b93,color:#111827',
  never: 'fill:#f3f4f6,stroke:#6b7280,color:#374151,stroke-dasharray:2 3',
  pending: 'fill:#f3f4f6,stroke:#6b7280,color:#111827',
  retrying: 'fill:#fef3c7,stroke:#b45309,color:#111827',
  running: 'fill:#dbeafe,stroke:#1d4ed8,color:#111827,stroke-width:2px',
  waiting: 'fill:#ede9fe,stroke:#6d28d9,color:#111827',
  success: 'fill:#dcfce7,stroke:#15803d,color:#111827',
  failed: 'fill:#fee2e2,stroke:#b91c1c,color:#111827,stroke-width:3px',
  skipped: 'fill:#f3f4f6,stroke:#6b7280,color:#374151,stroke-dasharray:4 3',
  canceled: 'fill:#ffedd5,stroke:#c2410c,color:#111827,stroke-dasharray:4 3',
};

export function graphMermaid(view: GraphView): string {
  const ids = new Map(view.nodes.map(({ id }, index) => [id, `t${index}`]));
  const groupOf = new Map<string, string>();
  for (const [index, group] of view.groups.entries())
    for (const id of group) groupOf.set(id, `g${index}`);
  const title = view.runId === undefined ? view.name : `${view.name}: ${view.status ?? ''}`;
  const lines = ['---', `title: ${JSON.stringify(printable(title))}`, '---', 'flowchart TD'];
  const byId = new Map(view.nodes.map((node) => [node.id, node]));
  for (const node of view.nodes) if (!groupOf.has(node.id)) lines.push(`  ${nodeText(node, ids)}`);
  for (const [index, group] of view.groups.entries()) {
    lines.push(`  subgraph g${index}["${group.length} tasks"]`);
    for (const id of group) {
      const node = byId.get(id);
      if (node !== undefined) lines.push(`    ${nodeText(node, ids)}`);
    }
    lines.push('  end');
  }
  const drawn = new Set<string>();
  for (const edge of view.edges) {
    const from = groupOf.get(edge.from) ?? ids.get(edge.from);
    const to = groupOf.get(edge.to) ?? ids.get(edge.to);
    if (from !== undefined && to !== undefined) drawn.add(`  ${from} ${ARROWS[edge.kind]} ${to}`);
  }
  for (const { from, to } of view.loops)
    drawn.add(
      `  ${groupOf.get(from) ?? ids.get(from)} -. again .-> ${groupOf.get(to) ?? ids.get(to)}`,
    );
  return [...lines, ...drawn, ...styleLines(view, ids)].join('\n');
}

/** What is too much for Mermaid's defaults (`maxEdges`, `maxTextSize`); undefined where nothing is. */
export function mermaidLimit(text: string): string | undefined {
  const edges = text.match(/^ {2}\w+ -[-.]/gm)?.length ?? 0;
  if (edges > MERMAID_MAX_EDGES)
    return `${edges} edges are more than the ${MERMAID_MAX_EDGES} of Mermaid`;
  if (text.length <= MERMAID_MAX_LENGTH) return undefined;
  return `${text.length} characters are more than the ${MERMAID_MAX_LENGTH} of Mermaid`;
}

function nodeText(node: GraphNode, ids: ReadonlyMap<string, string>): string {
  const [open, close] =
    node.kind === 'foreach' ? ['[[', ']]'] : node.kind === 'wait' ? ['([', '])'] : ['[', ']'];
  const text = [`<b>${escaped(headingOf(node))}</b>`, ...linesOf(node).map(escaped)].join('<br/>');
  return `${ids.get(node.id)}${open}"${text}"${close}`;
}

/** One class a status that occurs. */
function styleLines(view: GraphView, ids: ReadonlyMap<string, string>): string[] {
  const byStatus = new Map<GraphNode['status'], string[]>();
  for (const { id, status } of view.nodes) {
    const list = byStatus.get(status) ?? [];
    list.push(ids.get(id) ?? '');
    byStatus.set(status, list);
  }
  return [...byStatus].flatMap(([status, list]) => [
    `  classDef ${status} ${STYLES[status]}`,
    `  class ${list.join(',')} ${status}`,
  ]);
}

/** Letters, digits, most punctuation and all of Unicode as they are; what Mermaid or Markdown reads as entities. */
function escaped(text: string): string {
  return printable(text).replace(
    /[^\p{L}\p{N}\p{S}\p{Pd} .,:/()!?'+=_]|[<>`$^|~]/gu,
    (letter) => `#${letter.codePointAt(0)};`,
  );
}

/** On one line, without control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
}
