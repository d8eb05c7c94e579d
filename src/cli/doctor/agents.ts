/** The agents: who answers now, and whom the workflows of this folder need that nobody offers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../workflow/value.ts';
import type { Connection } from '../connect.ts';
import { type Finding, findings } from './finding.ts';

const { ok, warn, fail } = findings('agents');
const MAX_AGENTS = 1_000;
const MAX_FILES = 500;
/** Where workflows are looked for, below the working directory. */
const FOLDERS = ['workflows', join('.claude', 'workflows')];

export async function checkAgents(
  workingDirectory: string,
  found: Connection | undefined,
): Promise<Finding[]> {
  const offered = found === undefined ? await builtIn() : await answering(found);
  const names = [...offered].sort().join(', ');
  const who =
    found === undefined
      ? ok('offered', `no orchestrator runs; a run has the built-in agents: ${names}`)
      : offered.size === 0
        ? fail('offered', 'no agent answers', 'Start a worker with `troupe worker`.')
        : ok('offered', `these answer: ${names}`);
  return [who, ...(await checkWorkflows(workingDirectory, offered))];
}

async function builtIn(): Promise<Set<string>> {
  const { builtinAgents } = await import('../../agents/builtin/index.ts');
  return new Set(builtinAgents().map(({ name }) => name));
}

async function answering({ client }: Connection): Promise<Set<string>> {
  const { documents } = await client.query('agents', { limit: MAX_AGENTS });
  const agents = documents.map(({ document }) => document as JsonObject);
  return new Set(
    agents.flatMap(({ agent, state }) => (state === 'available' ? [String(agent)] : [])),
  );
}

async function checkWorkflows(
  workingDirectory: string,
  offered: ReadonlySet<string>,
): Promise<Finding[]> {
  const files = workflowFiles(workingDirectory);
  if (files.length === 0) return [];
  const [{ checkWithChildren }, { agentsOf }] = await Promise.all([
    import('../child-files.ts'),
    import('../../workflow/definition.ts'),
  ]);
  const missing = new Map<string, string[]>();
  const found: Finding[] = [];
  for (const file of files) {
    const source = readFileSync(join(workingDirectory, file), 'utf8');
    const { definition } = (await checkWithChildren({ file, source }, { workingDirectory })).root;
    if (definition === undefined)
      found.push(warn('workflow', `${file} is not valid`, `See \`troupe validate ${file}\`.`));
    for (const agent of definition === undefined ? [] : agentsOf(definition))
      if (!offered.has(agent))
        missing.set(agent, [...new Set([...(missing.get(agent) ?? []), file])]);
  }
  for (const [agent, users] of missing)
    found.push(
      warn(
        'missing',
        `nobody offers ${agent}, which ${users.join(', ')} needs`,
        `Start a worker that offers ${agent}, or correct the name.`,
      ),
    );
  if (found.length > 0) return found;
  return [ok('needed', `the ${files.length} workflows here need no other agents`)];
}

function workflowFiles(workingDirectory: string): string[] {
  return FOLDERS.flatMap((folder) => {
    const path = join(workingDirectory, folder);
    if (!existsSync(path)) return [];
    const names = readdirSync(path).filter((name) => /\.(ya?ml|json)$/i.test(name));
    return names.map((name) => join(folder, name));
  }).slice(0, MAX_FILES);
}
