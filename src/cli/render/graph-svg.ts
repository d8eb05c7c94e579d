/**
 * A graph as one SVG file: no scripts, no fonts, nothing from elsewhere; readable on light and dark pages, and without
 * colours, since each state has a symbol and a word. Pure.
 */
import {
  type Edge,
  type Layout,
  layoutGraph,
  type Point,
  type Size,
} from '../../workflow/drawing/layout.ts';
import { duration } from './format.ts';
import {
  type GraphEdge,
  type GraphNode,
  type GraphView,
  headingOf,
  linesOf,
  type NodeStatus,
  symbols,
} from './graph-view.ts';
import { attribute, graphStyle, text } from './svg-text.ts';
import { countsText, statusWord } from './words.ts';

const MARGIN = 24;
const PADDING = 10;
const LINE_HEIGHT = 16;
/** Of the letters of the lines, on average, and of the bold ones in the heading. */
const LETTER_WIDTH = 6.4;
const BOLD_WIDTH = 7.6;
const MIN_WIDTH = 120;
const MAX_LETTERS = 44;
const HEAD_HEIGHT = 46;
const LEGEND_HEIGHT = 40;
const GRID_GAP = 12;
const GROUP_TITLE = 24;
/** A group is about this much wider than high. */
const GROUP_SHAPE = 1.6;
const CORNER = 14;

interface Box extends Size {
  /** One task, or the members of a group with their places in it. */
  readonly members: readonly { node: GraphNode; at: Point; size: Size }[];
  readonly isGroup: boolean;
}

/** The document, ending in a line break. */
export function graphSvg(view: GraphView): string {
  const boxes = boxesOf(view);
  const boxOf = new Map<string, number>();
  for (const [index, { members }] of boxes.entries())
    for (const { node } of members) boxOf.set(node.id, index);
  const joined = joinedEdges(view.edges, boxOf);
  const layout = layoutGraph(
    boxes,
    joined.map(({ ends }) => ends),
  );
  const width = Math.max(layout.width, 420) + 2 * MARGIN;
  const height = layout.height + 2 * MARGIN + HEAD_HEIGHT + LEGEND_HEIGHT;
  const body = [
    ...joined.map(({ kind }, index) => edgeLine(layout.routes[index] ?? [], kind)),
    ...boxes.flatMap((box, index) => boxLines(box, layout.places[index] as Point)),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}">`,
    `<title id="title">${text(titleOf(view))}</title>`,
    `<desc id="desc">${text(descriptionOf(view))}</desc>`,
    `<style>${graphStyle}</style>`,
    arrowHeads,
    `<rect class="page" width="100%" height="100%"/>`,
    `<text class="name" x="${MARGIN}" y="${MARGIN + 14}">${text(titleOf(view))}</text>`,
    `<text class="line" x="${MARGIN}" y="${MARGIN + 32}">${text(subtitleOf(view))}</text>`,
    `<g transform="translate(${px(offsetX(layout, width))} ${MARGIN + HEAD_HEIGHT})">`,
    ...body,
    '</g>',
    legend(view, height - LEGEND_HEIGHT + 12),
    '</svg>',
    '',
  ].join('\n');
}

const arrowHeads = `<defs>${['needs', 'on_failure', 'after']
  .map(
    (kind) =>
      `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head ${kind}" d="M0 0L8 4L0 8z"/></marker>`,
  )
  .join('')}</defs>`;

function offsetX(layout: Layout, width: number): number {
  return Math.max(MARGIN, (width - layout.width) / 2);
}

function titleOf({ name, runId, status }: GraphView): string {
  return runId === undefined ? name : `${name}: ${status ?? ''}`;
}

function subtitleOf(view: GraphView): string {
  const tasks = `${view.nodes.length} tasks`;
  if (view.runId === undefined) return [tasks, view.description ?? ''].filter(Boolean).join(', ');
  return [view.runId, tasks, duration(view.durationMs ?? 0)].join(', ');
}

/** What a screen reader says: counts, and every task that failed. */
function descriptionOf(view: GraphView): string {
  const failed = view.nodes.filter(({ status }) => status === 'failed');
  const states = countsText(countsOf(view.nodes));
  const failures = failed.map(({ id, errorCode }) => `${id} failed (${errorCode ?? 'no code'})`);
  return [`${view.nodes.length} tasks: ${states}.`, ...failures.slice(0, 20)].join(' ');
}

function countsOf(nodes: readonly GraphNode[]): Map<NodeStatus, number> {
  const counts = new Map<NodeStatus, number>();
  for (const { status } of nodes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** `✓ 2 succeeded, ✗ 1 failed`. */
function stateWords(nodes: readonly GraphNode[]): string {
  return [...countsOf(nodes)]
    .map(([status, count]) => `${symbols[status]} ${count} ${statusWord(status)}`.trim())
    .join(', ');
}

function boxesOf(view: GraphView): Box[] {
  const byId = new Map(view.nodes.map((node) => [node.id, node]));
  const grouped = new Map<string, number>();
  for (const [index, group] of view.groups.entries())
    for (const id of group) grouped.set(id, index);
  const boxes: Box[] = [];
  for (const node of view.nodes) {
    const group = grouped.get(node.id);
    if (group === undefined) {
      const size = sizeOf(node);
      boxes.push({ ...size, members: [{ node, at: { x: 0, y: 0 }, size }], isGroup: false });
    } else if (view.groups[group]?.[0] === node.id) {
      boxes.push(gridOf((view.groups[group] ?? []).flatMap((id) => byId.get(id) ?? [])));
    }
  }
  return boxes;
}

/** Members side by side in rows, all of the size of the largest. */
function gridOf(nodes: readonly GraphNode[]): Box {
  const sizes = nodes.map(sizeOf);
  const width = Math.max(...sizes.map((size) => size.width));
  const height = Math.max(...sizes.map((size) => size.height));
  const cell = { x: width + GRID_GAP, y: height + GRID_GAP };
  const ideal = Math.sqrt((nodes.length * GROUP_SHAPE * cell.y) / cell.x);
  const columns = Math.max(1, Math.min(nodes.length, Math.round(ideal)));
  const rows = Math.ceil(nodes.length / columns);
  return {
    width: columns * cell.x + GRID_GAP,
    height: rows * cell.y + GRID_GAP + GROUP_TITLE,
    members: nodes.map((node, index) => ({
      node,
      size: { width, height },
      at: {
        x: GRID_GAP + (index % columns) * cell.x,
        y: GROUP_TITLE + GRID_GAP + Math.floor(index / columns) * cell.y,
      },
    })),
    isGroup: true,
  };
}

function sizeOf(node: GraphNode): Size {
  const lines = linesOf(node).map((line) => Math.min(line.length, MAX_LETTERS) * LETTER_WIDTH);
  const heading = Math.min(headingOf(node).length, MAX_LETTERS) * BOLD_WIDTH;
  return {
    width: Math.ceil(Math.max(MIN_WIDTH, heading, ...lines) + 2 * PADDING),
    height: (lines.length + 1) * LINE_HEIGHT + 2 * PADDING - 2,
  };
}

/** Edges between boxes, each once: what goes to several members of a group is one line. */
function joinedEdges(
  edges: readonly GraphEdge[],
  boxOf: ReadonlyMap<string, number>,
): { ends: Edge; kind: GraphEdge['kind'] }[] {
  const joined = new Map<string, { ends: Edge; kind: GraphEdge['kind'] }>();
  for (const { from, to, kind } of edges) {
    const [start, end] = [boxOf.get(from), boxOf.get(to)];
    if (start === undefined || end === undefined) continue;
    joined.set(`${start} ${end} ${kind}`, { ends: [start, end], kind });
  }
  return [...joined.values()];
}

/** Down from point to point in curves that leave and arrive upright. */
function edgeLine(points: readonly Point[], kind: GraphEdge['kind']): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${px(first.x)} ${px(first.y)}`;
  let from = first;
  for (const to of rest) {
    const bend = Math.max(CORNER, (to.y - from.y) / 2);
    path +=
      from.x === to.x
        ? `L${px(to.x)} ${px(to.y)}`
        : `C${px(from.x)} ${px(from.y + bend)} ${px(to.x)} ${px(to.y - bend)} ${px(to.x)} ${px(to.y)}`;
    from = to;
  }
  return `<path class="edge ${kind}" d="${path}" marker-end="url(#${kind})"/>`;
}

function boxLines(box: Box, place: Point): string[] {
  const members = box.members.map(({ node, at, size }) =>
    nodeLines(node, { x: place.x + at.x, y: place.y + at.y }, size),
  );
  if (!box.isGroup) return members;
  const words = stateWords(box.members.map(({ node }) => node));
  const title = `${box.members.length} tasks: ${words}`;
  return [
    `<rect class="group" x="${px(place.x)}" y="${px(place.y)}" width="${px(box.width)}" height="${px(box.height)}" rx="8"/>`,
    `<text class="line" x="${px(place.x + GRID_GAP)}" y="${px(place.y + 18)}">${text(title)}</text>`,
    ...members,
  ];
}

function nodeLines(node: GraphNode, { x, y }: Point, { width, height }: Size): string {
  const radius = node.kind === 'wait' ? height / 2 : 6;
  const shape = `width="${px(width)}" height="${px(height)}" rx="${px(Math.min(radius, 20))}"`;
  const lines = linesOf(node).map(
    (line, index) =>
      `<text class="line" x="${px(x + PADDING)}" y="${px(y + PADDING + 12 + (index + 1) * LINE_HEIGHT)}">${text(cut(line))}</text>`,
  );
  const whole = [headingOf(node), ...linesOf(node), node.description ?? ''].filter(Boolean);
  return [
    `<g class="task ${node.status}" id="${attribute(`task-${node.id}`)}">`,
    `<title>${text(whole.join('\n'))}</title>`,
    // Several boxes behind one another: there are instances.
    node.kind === 'foreach' ? `<rect class="box" x="${px(x + 4)}" y="${px(y + 4)}" ${shape}/>` : '',
    `<rect class="box" x="${px(x)}" y="${px(y)}" ${shape}/>`,
    `<text class="id" x="${px(x + PADDING)}" y="${px(y + PADDING + 12)}">${text(cut(headingOf(node)))}</text>`,
    ...lines,
    '</g>',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function legend(view: GraphView, y: number): string {
  const kinds = new Set(view.edges.map(({ kind }) => kind));
  const edges = [
    ...(kinds.has('on_failure') ? ['dashed line: only after a failure'] : []),
    ...(kinds.has('after') ? ['dotted line: another trigger, named in the task'] : []),
  ];
  return [stateWords(view.nodes), edges.join(', ')]
    .map(
      (line, index) =>
        `<text class="line" x="${MARGIN}" y="${px(y + index * 16)}">${text(line)}</text>`,
    )
    .join('\n');
}

function cut(line: string): string {
  const letters = [...line];
  return letters.length <= MAX_LETTERS ? line : `${letters.slice(0, MAX_LETTERS - 1).join('')}…`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
