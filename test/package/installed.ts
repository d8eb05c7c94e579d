/** What the installed package must do on a runtime: the suite of `installed.test.ts` and of the next Node. */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Consumer } from './consumer.ts';

/** What each entry promises at run time; types are checked by the compiler elsewhere. */
const EXPORTS = {
  'troupe/agents': ['builtinAgents', 'defineAgent', 'functionAgent', 'shellAgent', 'startWorker'],
  'troupe/client': ['Client', 'RemoteError', 'connectBus', 'connectClient', 'createClient'],
  'troupe/workflow': ['compileWorkflow', 'defineWorkflow', 'parseWorkflow', 'workflowJsonSchema'],
  'troupe/testing': ['startTestTroupe'],
};

const OWN_TEST = `
import { defineWorkflow, functionAgent } from 'troupe';
import { startTestTroupe } from 'troupe/testing';
type Parameters = { n: number };
const square = functionAgent<Parameters>({ name: 'square', run: ({ n }) => n * n });
await using troupe = await startTestTroupe({ agents: [square] });
const workflow = defineWorkflow({ name: 'w', tasks: [{ id: 'a', agent: 'square', parameters: { n: 7 } }], outputs: { is: '\${a.output}' } });
console.log(JSON.stringify((await troupe.client.runWorkflow({ workflow })).output));
`;

/** Every entry, in strict mode: what must compile, and what must not. */
const OWN_CODE = `
import * as everything from 'troupe';
import type { Agent, WorkerOptions } from 'troupe/agents';
import { connectClient, type RunOutcome } from 'troupe/client';
import { startTestTroupe, type TestTroupe } from 'troupe/testing';
import { defineWorkflow, type Problem, parseWorkflow } from 'troupe/workflow';

export const agent: Agent = everything.functionAgent<{ n: number }>({ name: 'square', run: ({ n }) => n * n });
export const options: Pick<WorkerOptions, 'agents'> = { agents: [agent] };
export const problems: Problem[] = parseWorkflow('name: w').problems;
export async function ask(): Promise<RunOutcome> {
  const client = await connectClient({ url: 'nats://127.0.0.1:4222' });
  // @ts-expect-error A request has no such field.
  await client.runWorkflow({ workfow: 'name: w' });
  return client.runWorkflow({ workflow: 'name: w' });
}
export const started: Promise<TestTroupe> = startTestTroupe(options);
// @ts-expect-error No task has this id.
defineWorkflow({ name: 'w', tasks: [{ id: 'a', agent: 'echo', dependencies: ['b'] }] });
// @ts-expect-error The default is not a number.
defineWorkflow({ name: 'w', inputs: { n: { type: 'number', default: 'one' } }, tasks: [{ id: 'a', agent: 'echo' }] });
`;

const COMPILER = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');

/** `runtimeOf` gets the consumer after the installation; `packages` are installed beside the tarball. */
// Length: one list of promises.
export function testInstalledPackage(options: {
  packages: string[];
  major: number;
  runtimeOf(consumer: Consumer): string;
}): void {
  const consumer = new Consumer();
  beforeAll(() => {
    consumer.install(inject('tarball'), ...options.packages);
    consumer.use(options.runtimeOf(consumer));
    cpSync(consumer.installed('dist', 'examples'), join(consumer.path, 'examples'), {
      recursive: true,
    });
  });
  afterAll(() => consumer.dispose());

  it('is tried on the runtime that is meant', () => {
    expect(consumer.node('--version').stdout).toMatch(new RegExp(`^v${options.major}\\.`));
  });

  describe('the command', () => {
    it('says its version and keeps compiled code beside the packages', () => {
      expect(consumer.troupe('--version')).toMatchObject({
        code: 0,
        stdout: '0.1.0\n',
        stderr: '',
      });
      const cache = join(consumer.path, 'node_modules', '.cache', 'troupe');
      expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(1);
    });

    it('runs a workflow to its end, in the folder where it is called', () => {
      const run = consumer.troupe('run', 'examples/hello.yaml', '-i', 'name=Ada');
      expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('Hello, Ada. ADA!') });
      expect(consumer.troupe('runs', 'list', '--json').stdout).toContain('"hello"');
    });

    it('finds nothing broken in its own set-up', () => {
      const { code, stdout } = consumer.troupe('doctor');
      expect(stdout.split('\n').filter((line) => line.startsWith('fail'))).toEqual([]);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/ok +runtime +classic-level loads/),
      ]);
    });

    it('refuses a bad workflow with 2 and its place', () => {
      consumer.write('bad.yaml', 'name: bad\ntasks:\n  - { id: a, agnt: echo }\n');
      const { code, stdout, stderr } = consumer.troupe('validate', 'bad.yaml');
      expect(code).toBe(2);
      expect(stdout + stderr).toContain('bad.yaml:3:');
    });

    it('analyses code with the workflow and the parsers that came along', () => {
      const folder = join(consumer.path, 'examples');
      const workflow = consumer.installed('workflows', 'analyze-repository.yaml');
      const run = consumer.troupe('run', workflow, '-i', `path=${folder}`);
      expect(run).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('word-count-agent.py'),
      });
    });
  });

  describe('the imports', () => {
    it.each(Object.entries(EXPORTS))(
      '%s has what it promises, and troupe too',
      (name, expected) => {
        const names = namesOf(consumer, name);
        expect(names).toEqual(expect.arrayContaining(expected));
        if (name !== 'troupe/testing')
          expect(namesOf(consumer, 'troupe')).toEqual(expect.arrayContaining(names));
      },
    );

    it('gives the JSON Schema of workflow files', () => {
      const script = `import schema from 'troupe/schema/workflow.schema.json' with { type: 'json' };
        console.log(schema.required.join());`;
      expect(consumer.node('--input-type=module', '-e', script).stdout).toContain('name');
    });

    it('can be required too', () => {
      const { stdout } = consumer.node('-p', "typeof require('troupe/client').connectClient");
      expect(stdout).toBe('function\n');
    });

    it('has no other door', () => {
      const { code, stderr } = consumer.node('-e', "import('troupe/dist/lib/index.js')");
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
    });

    it('runs a workflow and an agent in a test of their own, in TypeScript as it stands', () => {
      consumer.write('own-test.ts', OWN_TEST);
      expect(consumer.node('own-test.ts')).toMatchObject({ code: 0, stdout: '{"is":49}\n' });
    });
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('compiles in strict mode with its declarations checked too (%s, %s)', (module, resolution) => {
    consumer.write('own-code.ts', OWN_CODE);
    const flags = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--target', 'es2024'];
    const modes = ['--module', module, '--moduleResolution', resolution, '--types', 'node'];
    const { code, stdout } = consumer.node(COMPILER, ...flags, ...modes, 'own-code.ts');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  it('runs the examples beside an orchestrator', async () => {
    const url = await consumer.up();
    const typed = consumer.node('examples/typed-run.ts', url);
    expect(typed).toMatchObject({ code: 0, stdout: expect.stringContaining('"squares":[9,16]') });
    const { port } = new URL(url);
    const raw = consumer.node('examples/request.mjs', 'examples/hello.yaml', 'demo-1', port);
    expect(raw).toMatchObject({ code: 0, stdout: expect.stringContaining('run.succeeded') });
  });
}

function namesOf(consumer: Consumer, entry: string): string[] {
  const script = `console.log(JSON.stringify(Object.keys(await import('${entry}'))))`;
  const { stdout, stderr } = consumer.node('--input-type=module', '-e', script);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}
