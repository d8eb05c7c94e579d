/** The sections of a report that speak of several files: dependencies, cycles, copies, unused exports, calls. */
import type { FileAnalysis } from '../codebase-analyzer/analysis.ts';
import { MIN_TOKENS } from '../codebase-analyzer/duplicates.ts';
import type { Relations } from '../codebase-analyzer/relations.ts';
import { folderDiagram } from './folder-diagram.ts';
import { code, count, number, parts, rest, section, table } from './markdown.ts';

const MAX_ROWS = 10;
const MAX_CYCLES = 15;
const MAX_FILES_OF_CYCLE = 12;
const MAX_COPIES = 20;
const MAX_UNUSED = 40;
const MAX_UNRESOLVED = 15;

export function dependencySection(files: readonly FileAnalysis[], relations: Relations): string {
  const { mermaid, note } = folderDiagram(
    files.map(({ file }) => file),
    relations.folders,
  );
  const fanRows = (fans: Relations['fans']): string[][] =>
    fans.slice(0, MAX_ROWS).map((fan) => [code(fan.file), number(fan.fanIn), number(fan.fanOut)]);
  const columns = ['File', 'Imported by', 'Imports'];
  const widest = relations.fans
    .filter(({ fanOut }) => fanOut > 0)
    .toSorted((a, b) => b.fanOut - a.fanOut || (a.file < b.file ? -1 : 1));
  const external = relations.external
    .slice(0, MAX_ROWS)
    .map(({ module, files: importers }) => [code(module), number(importers)]);
  return parts(
    section('Dependencies between folders', parts(mermaid, note)),
    section(
      'Files others depend on',
      table(columns, fanRows(relations.fans.filter((fan) => fan.fanIn > 0))),
    ),
    section('Files that depend on most', table(columns, fanRows(widest))),
    section('Most imported modules', table(['Module', 'Files'], external)),
    section('Calls between files', callsOf(relations)),
    section('Imports that lead nowhere', unresolvedOf(relations)),
  );
}

function callsOf({ calls }: Relations): string {
  if (calls.resolved + calls.unresolved + calls.dynamic === 0) return '';
  const rows = calls.edges
    .slice(0, MAX_ROWS)
    .map(({ name, from, to, line, count: times }) => [
      code(name),
      code(`${from}:${line}`),
      code(to),
      number(times),
    ]);
  const note = `Resolved: ${count(calls.resolved, 'call')} into other files of this report. Not resolved: ${number(calls.unresolved)} by name (of other packages, or of several files) and ${number(calls.dynamic)} on values, whose target only running the program would tell.`;
  return parts(note, table(['Called', 'First from', 'In', 'Times'], rows));
}

function unresolvedOf({ unresolved, unresolvedCount }: Relations): string {
  if (unresolvedCount === 0) return '';
  const named = unresolved
    .slice(0, MAX_UNRESOLVED)
    .map(({ file, line, module }) => `- ${code(`${file}:${line}`)}: ${code(module)}`);
  return parts(
    'They should lead to a file of this report and do not, or could lead to several.',
    named.join('\n'),
    rest(named.length, unresolvedCount, 'import'),
  );
}

export function cycleSection({ cycles, folderCycles }: Relations): string {
  const body =
    cycles.length === 0
      ? 'No file imports itself over others.'
      : parts(
          `${count(cycles.length, 'group')} of files that import each other in a circle; imports of types alone are left out.`,
          cycles.slice(0, MAX_CYCLES).map(cycleInWords).join('\n'),
          rest(Math.min(cycles.length, MAX_CYCLES), cycles.length, 'group'),
        );
  const folders =
    folderCycles.length === 0
      ? ''
      : `Folders in a circle: ${folderCycles
          .slice(0, MAX_ROWS)
          .map((cycle) => cycle.slice(0, MAX_FILES_OF_CYCLE).map(code).join(', '))
          .join('; ')}.`;
  return section('Cycles', parts(body, folders));
}

function cycleInWords(cycle: readonly string[]): string {
  const named = cycle.slice(0, MAX_FILES_OF_CYCLE).map(code).join(', ');
  const more = cycle.length - MAX_FILES_OF_CYCLE;
  return `- ${count(cycle.length, 'file')}: ${named}${more > 0 ? ` and ${number(more)} more` : ''}`;
}

export function duplicationSection({ duplication }: Relations, codeLines: number): string {
  const { copies, count: all, lines } = duplication;
  const least = `Compared token by token, comments and imports left out; ${MIN_TOKENS} like tokens or more are a copy.`;
  if (all === 0) return section('Duplication', `No copies. ${least}`);
  const share = codeLines === 0 ? 0 : Math.round((1000 * lines) / codeLines) / 10;
  const rows = copies
    .slice(0, MAX_COPIES)
    .map(({ tokens, first, second }) => [
      number(tokens),
      code(`${first.file}:${first.line}-${first.endLine}`),
      code(`${second.file}:${second.line}-${second.endLine}`),
    ]);
  return section(
    'Duplication',
    parts(
      `${count(all, 'copy', 'copies')} in ${count(lines, 'line')}, ${share} % of the code. ${least}`,
      table(['Tokens', 'Here', 'And here'], rows),
      rest(rows.length, all, 'copy', 'copies'),
    ),
  );
}

export function unusedSection({ unusedExports }: Relations): string {
  const { names, count: all, looked } = unusedExports;
  if (looked.length === 0)
    return section(
      'Unused exports',
      'Not looked for: no analysed language says by its imports what it uses of a file.',
    );
  const scope = `Looked for in ${looked.join(' and ')}, in files that others import by name; entry files, tests and files imported as a whole are left out.`;
  if (all === 0) return section('Unused exports', `None found. ${scope}`);
  const byFile = new Map<string, string[]>();
  for (const { file, line, name } of names) {
    const known = byFile.get(file) ?? [];
    byFile.set(file, [...known, `${code(name)} (line ${line})`]);
  }
  const shown = [...byFile].slice(0, MAX_UNUSED);
  const list = shown.map(
    ([file, exports]) =>
      `- ${code(file)}: ${exports.slice(0, MAX_ROWS).join(', ')}${exports.length > MAX_ROWS ? ` and ${exports.length - MAX_ROWS} more` : ''}`,
  );
  return section(
    'Unused exports',
    parts(
      `${count(all, 'export')} that no analysed file imports. ${scope} A name may still be used within its own file.`,
      list.join('\n'),
      rest(shown.length, byFile.size, 'file'),
    ),
  );
}
