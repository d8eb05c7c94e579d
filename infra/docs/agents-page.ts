/** docs/reference/agents.md, from the agents that every worker has and the schemas of their parameters. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Agent } from '../../src/agents/agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { code, fence, page } from './markdown.ts';
import { type Row, rowsOf, type Schema, schemaTable } from './schema-rows.ts';
import { commentsIn, declaration, declarationNote, readSource } from './source-notes.ts';

const root = join(import.meta.dirname, '..', '..');
/** Where an agent is described that is made by an adapter. */
const MADE_ELSEWHERE: Readonly<Record<string, string>> = {
  shell: 'src/agents/adapters/shell-agent.ts',
};

/** The types of outputs that the agents name, each with the file that has it. */
const OUTPUTS: Readonly<Record<string, readonly (readonly [file: string, type: string])[]>> = {
  'codebase-locator': [['src/agents/builtin/codebase-locator/location.ts', 'Location']],
  'codebase-analyzer': [
    ['src/agents/builtin/codebase-analyzer/analysis.ts', 'FileAnalysis'],
    ['src/agents/builtin/codebase-analyzer/relations.ts', 'Relations'],
  ],
  'report-writer': [['src/agents/builtin/report-writer/summary.ts', 'Summary']],
};

export function agentsPage(): string {
  return page('Agents that are always there', [
    'Every worker offers these. Each takes the parameters of its task, after all expressions. A parameter that does not fit fails the attempt with `agent.invalid-parameters`, which is not retried.',
    ...builtinAgents().flatMap(section),
  ]);
}

function section(agent: Agent): string[] {
  const file = sourceOf(agent.name);
  const source = readSource(file);
  const camel = agent.name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const note = declarationNote(source, file === MADE_ELSEWHERE[agent.name] ? 'shellAgent' : camel);
  const rows = parameterRows(agent, source);
  return [
    `## ${agent.name}`,
    agent.description,
    note,
    `Capabilities: ${agent.capabilities.map(code).join(', ') || 'none'}.`,
    rows.length === 0 ? 'Takes any parameters.' : schemaTable(rows),
    ...(OUTPUTS[agent.name] ?? []).map(([path, type]) =>
      fence(`ts excerpt=${path}`, declaration(readSource(path), type)),
    ),
  ];
}

function sourceOf(name: string): string {
  const file = `src/agents/builtin/${name}.ts`;
  return (
    MADE_ELSEWHERE[name] ??
    (existsSync(join(root, file)) ? file : `src/agents/builtin/${name}/index.ts`)
  );
}

/** `output`: what is left of the schema of a parameter that may be written in several ways. */
function parameterRows(agent: Agent, source: string): Row[] {
  if (agent.parametersSchema === undefined) return [];
  const schema = z.toJSONSchema(agent.parametersSchema, { io: 'output', unrepresentable: 'any' });
  const { required = [], ...rest } = schema as Schema;
  const needed = required.filter((name) => rest.properties?.[name]?.default === undefined);
  return rowsOf({ ...rest, required: needed }, commentsIn(source));
}
