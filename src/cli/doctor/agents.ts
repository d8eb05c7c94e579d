/** The agents: who answers now, and whom the workflows of this folder need that nobody offers. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Connection } from '../connect.ts';
import { agentDocuments } from '../known-agents.ts';
import { isShipped, workflowFiles } from '../named-workflows.ts';
import { type Finding, findings } from './finding.ts';

const { ok, warn, fail } = findings('agents');

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
  const agents = await agentDocuments(client);
  return new Set(
    agents.flatMap(({ agent, state }) => (state === 'available' ? [String(agent)] : [])),
  );
}

async function checkWorkflows(
  workingDirectory: string,
  offered: ReadonlySet<string>,
): Promise<Finding[]> {
  // a template asks for agents that nobody has to have; in a checkout it is a file of the project
  const files = workflowFiles(workingDirectory).filter(
    ({ file }) => !isShipped(resolve(workingDirectory, file)),
  );
  if (files.length === 0) return [];
  const [{ checkWithChildren }, { agentsOf }] = await Promise.all([
    import('../child-files.ts'),
    import('../../workflow/definition.ts'),
  ]);
  const missing = new Map<string, string[]>();
  const found: Finding[] = [];
  for (const { file } of files) {
    const source = readFileSync(resolve(workingDirectory, file), 'utf8');
    const { definition } = (await checkWithChildren({ file, source }, { workingDirectory })).root;
    if (definition === undefined)
      found.push(warn('workflow', `${file} is not valid`, `See \`troupe validate ${file}\`.`));
    for (const agent of definition === undefined ? [] : agentsOf(definition))
      if (!offered.has(agent))
        missing.set(agent, [...new Set([...(missing.get(agent) ?? []), file])]);
  }
  found.push(...[...missing].map(missingAgent));
  if (found.length > 0) return found;
  return [
    ok(
      'needed',
      files.length === 1
        ? 'the workflow here needs no other agents'
        : `the ${files.length} workflows here need no other agents`,
    ),
  ];
}

function missingAgent([agent, users]: readonly [string, string[]]): Finding {
  return warn(
    'missing',
    `nobody offers ${agent}, which ${users.join(', ')} needs`,
    `Start a worker that offers ${agent}, or correct the name.`,
  );
}
