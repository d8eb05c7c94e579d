/** Who imports whom, as a Mermaid chart of folders that a screen can hold. */

import type { Relations } from '../codebase-analyzer/relations.ts';
import { folderOf } from '../codebase-analyzer/resolve-imports.ts';

const MAX_FOLDERS = 20;
const MAX_EDGES = 40;
const MAX_DEPTH = 12;

/**
 * Folders are drawn as deep as at most 20 remain; deeper ones count to those above. Of the arrows the 40 with the most
 * imports. Empty when no folder imports another. `note` says what was left out.
 */
export function folderDiagram(
  files: readonly string[],
  folders: Relations['folders'],
): { mermaid: string; note: string } {
  const all = [...new Set(files.map((file) => folderOf(file) || '.'))];
  const depth = deepestThatFits(all);
  const edges = new Map<string, { from: string; to: string; imports: number }>();
  for (const { from, to, imports } of folders) {
    const [source, target] = [cut(from, depth), cut(to, depth)];
    if (source === target) continue;
    const known = edges.get(`${source}\0${target}`);
    if (known !== undefined) known.imports += imports;
    else edges.set(`${source}\0${target}`, { from: source, to: target, imports });
  }
  const sorted = [...edges.values()].sort(
    (a, b) => b.imports - a.imports || compare(a.from, b.from) || compare(a.to, b.to),
  );
  const { shown, names } = withinBounds(sorted);
  if (shown.length === 0) return { mermaid: '', note: '' };
  const ids = new Map(names.map((name, index) => [name, `f${index}`]));
  const lines = [
    'flowchart LR',
    ...names.map((name) => `  ${ids.get(name)}["${name.replaceAll(/["`<>&]/g, '_')}"]`),
    ...shown.map(({ from, to, imports }) => `  ${ids.get(from)} -->|${imports}| ${ids.get(to)}`),
  ];
  const left = sorted.length - shown.length;
  const note = left === 0 ? '' : `Left out: ${left} thinner arrows.`;
  return { mermaid: `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\``, note };
}

function withinBounds<Edge extends { from: string; to: string }>(
  sorted: readonly Edge[],
): { shown: Edge[]; names: string[] } {
  const names = new Set<string>();
  const shown: Edge[] = [];
  for (const edge of sorted) {
    const added = [edge.from, edge.to].filter((name) => !names.has(name));
    if (shown.length >= MAX_EDGES || names.size + added.length > MAX_FOLDERS) continue;
    for (const name of added) names.add(name);
    shown.push(edge);
  }
  return { shown, names: [...names].sort(compare) };
}

function deepestThatFits(folders: readonly string[]): number {
  let fits = 1;
  for (let depth = 1; depth <= MAX_DEPTH; depth += 1) {
    const names = new Set(folders.map((folder) => cut(folder, depth)));
    if (names.size > MAX_FOLDERS) break;
    fits = depth;
  }
  return fits;
}

function cut(folder: string, depth: number): string {
  return folder.split('/').slice(0, depth).join('/');
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
