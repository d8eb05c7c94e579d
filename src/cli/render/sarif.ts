/**
 * Problems as SARIF 2.1.0 (OASIS), for code hosts and editors that show results of analysis. Pure.
 * Columns are UTF-16 units, as in our problems. Files below the working directory have relative URIs.
 */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { problemRules } from '../../workflow/problem-rules.ts';
import { hidesItsText, type Problem } from '../../workflow/problems.ts';
import { STDIN_NAME } from '../workflow-files.ts';
import type { SourceLines } from './problem-text.ts';

/** The base that consumers put in front of relative URIs. */
const BASE = '%SRCROOT%';

export interface SarifInput {
  readonly version: string;
  readonly workingDirectory: string;
  readonly files: readonly SarifFile[];
}

export interface SarifFile {
  readonly file: string;
  readonly problems: readonly Problem[];
  /** Absent where the file could not be read. */
  readonly lines: SourceLines | undefined;
}

/** One log with one run; every rule is listed, also those without a result. */
export function sarifLog({ version, workingDirectory, files }: SarifInput): object {
  const rules = Object.entries(problemRules).map(([id, { summary, help }]) => ({
    id,
    shortDescription: { text: summary },
    fullDescription: { text: `${summary} ${help}` },
    help: { text: help },
  }));
  const indexOf = new Map(rules.map(({ id }, index) => [id, index]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'troupe', semanticVersion: version, rules } },
        invocations: [{ executionSuccessful: true }],
        columnKind: 'utf16CodeUnits',
        artifacts: files.map(({ file }) => ({ location: locationOf(file, workingDirectory) })),
        results: files.flatMap((file, artifact) =>
          file.problems.map((problem) => ({
            ...optional('ruleIndex', indexOf.get(problem.code)),
            ...resultOf(problem, { ...file, artifact, workingDirectory }),
          })),
        ),
      },
    ],
  };
}

interface Where {
  readonly file: string;
  /** The index of the file in the list of artifacts. */
  readonly artifact: number;
  readonly lines: SourceLines | undefined;
  readonly workingDirectory: string;
}

function resultOf(problem: Problem, where: Where): object {
  const { code, severity, message, hint, path } = problem;
  const location = locationOf(where.file, where.workingDirectory);
  return {
    ruleId: code,
    level: severity,
    message: { text: `${message}. ${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { ...location, index: where.artifact },
          ...regionsOf(problem, where.lines),
        },
        ...(path === '' ? {} : { logicalLocations: [{ fullyQualifiedName: path }] }),
      },
    ],
    ...optional('fixes', fixesOf(problem, where)),
  };
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined) {
  return value === undefined ? {} : { [key]: value };
}

function locationOf(file: string, workingDirectory: string): { uri: string; uriBaseId?: string } {
  if (file === STDIN_NAME) return { uri: 'stdin' };
  const path = relative(workingDirectory, resolve(workingDirectory, file));
  const parts = path.split(sep);
  if (!isAbsolute(path) && parts[0] !== '..')
    return { uri: parts.map(encodeURIComponent).join('/'), uriBaseId: BASE };
  return { uri: pathToFileURL(resolve(workingDirectory, file)).href };
}

/** The wrong characters, and the line around them. */
function regionsOf(problem: Problem, lines: SourceLines | undefined): object {
  if (problem.line === 0) return {};
  // A secret that stands in a file is not copied into a report.
  const text = hidesItsText(problem.code) ? undefined : lines?.line(problem.line);
  if (text === undefined) return { region: regionOf(problem) };
  const { line, column, endColumn } = problem;
  const wrong = { text: text.slice(column - 1, endColumn - 1) };
  return {
    region: { ...regionOf(problem), snippet: wrong },
    contextRegion: { startLine: line, endLine: line, snippet: { text } },
  };
}

function regionOf({ line, column, endColumn }: Problem): object {
  return { startLine: line, startColumn: column, endLine: line, endColumn };
}

/** The replacement of one wrong word by the one that was meant, in the quotes of the source. */
function fixesOf(problem: Problem, where: Where): object[] | undefined {
  const { suggestion, line, column, endColumn } = problem;
  const text = where.lines?.line(line);
  if (suggestion === undefined || text === undefined || endColumn === column) return undefined;
  const written = text.slice(column - 1, endColumn - 1);
  const quote = /^(["']).*\1$/.exec(written)?.[1] ?? '';
  return [
    {
      description: { text: problem.hint },
      artifactChanges: [
        {
          artifactLocation: locationOf(where.file, where.workingDirectory),
          replacements: [
            {
              deletedRegion: regionOf(problem),
              insertedContent: { text: `${quote}${suggestion}${quote}` },
            },
          ],
        },
      ],
    },
  ];
}
