/** The workflows and examples that come with Troupe are valid, say what they are for, and name who has to be there. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseWorkflow } from '../../src/workflow/parse.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const templates = readdirSync(new URL('workflows/', root)).map((name) => `workflows/${name}`);
const examples = ['examples/hello.yaml'];
/** Those that every worker has. */
const ALWAYS = ['codebase-analyzer', 'codebase-locator', 'echo', 'report-writer', 'shell'];

/** The values under any `agent` of a file, and those of any `fallback`. */
function agentsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    if (key === 'agent' && typeof part === 'string') return [part];
    return key === 'fallback' ? (part as string[]) : agentsOf(part);
  });
}

describe('shipped workflows', () => {
  it('are those of the language page, and one that needs nobody', () => {
    expect(templates.map((file) => file.replace(/^workflows\/(.*)\.yaml$/, '$1'))).toEqual([
      'analyze-repository',
      'bug-fix',
      'code-review',
      'full-stack-feature',
      'incident-triage',
      'refactor-with-rollback',
      'research-swarm',
      'security-audit',
      'supervised-batch',
    ]);
  });

  it.each([...templates, ...examples])('%s has no problem, not even a warning', (file) => {
    const agents = [...ALWAYS, ...rolesOf(read(file))];
    expect(parseWorkflow(read(file), { file, agents }).problems).toEqual([]);
  });

  it.each(templates)('%s says what it is for, and what each input is', (file) => {
    const { definition } = parseWorkflow(read(file), { file });
    expect(definition?.name).toBe(file.replace(/^workflows\/(.*)\.yaml$/, '$1'));
    expect(definition?.description).toMatch(/^[A-Z].{40,}\.$/);
    const inputs = Object.entries(definition?.inputs ?? {});
    expect(inputs.length).toBeGreaterThan(0);
    expect(inputs.filter(([, { description }]) => description === undefined)).toEqual([]);
  });

  it.each(templates)(
    '%s names in its first lines the agents that somebody has to offer',
    (file) => {
      const used = agentsOf(parse(read(file))).filter((agent) => !ALWAYS.includes(agent));
      expect([...new Set(used)].sort()).toEqual(rolesOf(read(file)).sort());
    },
  );
});

/** `# Agents: a, b; ...` or `# Agents: a, b.` */
function rolesOf(source: string): string[] {
  const [, list] = /^# Agents: ([a-z, -]+)[.;]/m.exec(source) ?? [];
  return list?.split(', ') ?? [];
}
