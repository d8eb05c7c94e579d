/** Workflows by name: where they are looked for, and what a name that nothing has is answered with. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { locateWorkflow, workflowFiles } from '../../src/cli/named-workflows.ts';
import { Folder } from '../e2e/troupe.ts';

let project: Folder;

beforeEach(() => {
  project = new Folder();
});
afterEach(() => project.dispose());

function put(folder: string, name: string, says: string): void {
  mkdirSync(join(project.path, folder), { recursive: true });
  const task = `{ id: a, agent: echo, parameters: { says: ${says} } }`;
  writeFileSync(
    join(project.path, folder, `${name}.yaml`),
    `name: ${says}\ntasks: [${task}]\noutputs: { says: "\${a.output.says}" }\n`,
  );
}

it('finds a name in workflows/ before .claude/workflows/ before the package', async () => {
  put('workflows', 'release', 'one');
  put('.claude/workflows', 'release', 'two');
  put('.claude/workflows', 'analyze-repository', 'three');
  const { stdout, code } = await project.troupe(['run', 'release']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^says: one\n/);
  expect((await project.troupe(['run', 'analyze-repository'])).stdout).toMatch(/^says: three\n/);
  const places = workflowFiles(project.path).map(({ place }) => place);
  expect(places.slice(0, 3)).toEqual(['project', 'claude', 'claude']);
  expect([...new Set(places.slice(3))]).toEqual(['package']);
});

it('finds the name that a file declares, after the names of files', async () => {
  put('workflows', 'a', 'b');
  put('.claude/workflows', 'b', 'c');
  expect(await locateWorkflow('b', project.path)).toBe(join('.claude', 'workflows', 'b.yaml'));
  expect((await project.troupe(['validate', 'c'])).stdout).toContain('"c" is valid');
});

it('answers an unknown name with the nearest one and exit code 3', async () => {
  put('.claude/workflows', 'release', 'one');
  for (const command of ['run', 'validate']) {
    const unknown = await project.troupe([command, 'relaese']);
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toMatch(
      /"relaese"[\s\S]*Did you mean `release`\?[\s\S]*workflow\.not-found/,
    );
  }
});

it('takes a path for a path and a sentence for a text', async () => {
  expect(await locateWorkflow('some/file.yaml', project.path)).toBe('some/file.yaml');
  expect(await locateWorkflow('write a report', project.path)).toBeUndefined();
});

it('takes a device or a pipe for a path: `run <(command)` runs, and a device is refused as what it is', async () => {
  expect(await locateWorkflow('/dev/null', project.path)).toBe('/dev/null');
});

it('lists all of them, with what is hidden and what is not valid', async () => {
  put('workflows', 'release', 'one');
  put('.claude/workflows', 'release', 'two');
  writeFileSync(join(project.path, 'workflows', 'broken.yaml'), 'tasks: [');
  const listed = (await project.troupe(['templates', '--json'])).json().templates;
  const seen = listed.map((entry: Record<string, unknown>) => [
    entry['name'],
    entry['place'],
    entry['valid'],
    entry['hiddenBy'],
  ]);
  expect(seen.slice(0, 4)).toEqual([
    ['broken', 'project', false, undefined],
    ['release', 'project', true, undefined],
    ['release', 'claude', true, join('workflows', 'release.yaml')],
    ['analyze-repository', 'package', true, undefined],
  ]);
});

it('shows what one of them takes and who has to be there, or its text', async () => {
  const shown = await project.troupe(['templates', 'code-review']);
  expect(shown.stdout).toContain('agents to offer: reviewer, checker, writer\n');
  expect(shown.stdout).toMatch(
    /\nbase +string +"origin\/main" +What the change is compared with\n/,
  );
  const json = (await project.troupe(['templates', 'code-review', '--json'])).json();
  expect(json).toMatchObject({
    name: 'code-review',
    inputs: { path: { type: 'string', default: '.' } },
    agents: ['reviewer', 'checker', 'writer'],
  });
  const { stdout } = await project.troupe(['templates', 'code-review', '--source']);
  expect(stdout).toBe(readFileSync(json.file, 'utf8'));
});

it('shows nothing of what is not there, or is not valid', async () => {
  mkdirSync(join(project.path, 'workflows'));
  writeFileSync(join(project.path, 'workflows', 'broken.yaml'), 'tasks: []');
  const codes = [];
  for (const words of [['code-revew'], ['broken'], ['--source'], ['code-review', 'bug-fix']])
    codes.push((await project.troupe(['templates', ...words])).code);
  expect(codes).toEqual([3, 2, 2, 2]);
});
