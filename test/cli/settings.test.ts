import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { settingOptions } from '../../src/cli/common-options.ts';
import { loadSettings } from '../../src/cli/settings-sources.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'troupe-settings-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function load(
  given: { argv?: string[]; environment?: Record<string, string>; file?: string } = {},
) {
  if (given.file !== undefined) writeFileSync(join(directory, 'troupe.config.yaml'), given.file);
  return loadSettings(
    {
      arguments: parseArguments(given.argv ?? [], {
        command: 'up',
        options: settingOptions,
        words: [],
      }),
      environment: given.environment ?? {},
      workingDirectory: directory,
    },
    { logLevel: 'warn' },
  );
}

describe('settings', () => {
  it('has the defaults of the contract', async () => {
    const { settings, provenance } = await load();
    expect(settings).toEqual({
      natsPort: 4222,
      dataDir: join(directory, '.troupe'),
      store: 'level',
      prefix: 'troupe',
      durability: 'fsync',
      logLevel: 'warn',
      limits: {},
      llm: {},
    });
    expect(new Set(Object.values(provenance))).toEqual(new Set(['default']));
  });

  it('takes limits from the file, or as JSON from a variable or a flag', async () => {
    const file = 'limits:\n  agents: { shell: { concurrency: 4, rate: 10/s } }\n  live_runs: 100\n';
    const { settings, provenance } = await load({ file });
    expect(settings.limits).toEqual({
      agents: { shell: { concurrency: 4, rate: '10/s' } },
      live_runs: 100,
    });
    expect(provenance.limits).toBe('troupe.config.yaml: limits');
    const environment = { TROUPE_LIMITS: '{"node": 2}' };
    expect((await load({ file, environment })).settings.limits).toEqual({ node: 2 });
    const argv = ['--limits', '{"keys": {"github": {"rate": "1/s"}}}'];
    expect((await load({ argv, environment })).settings.limits.keys).toEqual({
      github: { rate: '1/s' },
    });
  });

  it.each([
    ['agents: { shell: { rate: fast } }', 'agents.shell.rate: needs a rate like 10/s'],
    ['agents: { shell: { rate: 0/s } }', 'agents.shell.rate: needs a rate like 10/s'],
    ['nodes: 3', 'Unrecognized key: "nodes"'],
    ['tenants: { a: { weight: 0 } }', 'tenants.a.weight: '],
  ])('says where limits are wrong: %s', async (text, message) => {
    await expect(load({ file: `limits: { ${text} }\n` })).rejects.toMatchObject({
      code: 'settings.invalid',
      details: { problems: [{ message: expect.stringContaining(message) as string }] },
    });
  });

  it('keeps its data under .claude where such a folder is', async () => {
    mkdirSync(join(directory, '.claude'));
    expect((await load()).settings.dataDir).toBe(join(directory, '.claude', 'workflow-state'));
  });

  it('lets a flag win over the environment, that over the file, that over the default', async () => {
    const file = 'nats_port: 1\nprefix: from-file\nstore: memory\n';
    const environment = { TROUPE_NATS_PORT: '2', TROUPE_PREFIX: 'from-environment' };
    const { settings, provenance } = await load({ argv: ['--nats-port', '3'], environment, file });
    expect(settings).toMatchObject({
      natsPort: 3,
      prefix: 'from-environment',
      store: 'memory',
      durability: 'fsync',
    });
    expect(provenance).toMatchObject({
      natsPort: '--nats-port',
      prefix: 'TROUPE_PREFIX',
      store: 'troupe.config.yaml: store',
      durability: 'default',
    });
  });

  it('collects TROUPE_LLM_*', async () => {
    const { settings } = await load({
      environment: { TROUPE_LLM_URL: 'http://localhost:1', TROUPE_LLM_MODEL: 'm' },
    });
    expect(settings.llm).toEqual({ url: 'http://localhost:1', model: 'm' });
  });

  it('reports every invalid value at once, with who said it', async () => {
    const environment = {
      TROUPE_STORE: 'disk',
      TROUPE_NATS_PORT: '99999',
      TROUPE_PREFIX: 'a b',
      TROUPE_NATS_URL: 'here',
    };
    const error = await load({ environment }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'settings.invalid' });
    const { problems } = (error as { details: { problems: { source: string }[] } }).details;
    expect(problems.map(({ source }) => source).sort()).toEqual(Object.keys(environment).sort());
  });

  it('suggests the key that was meant in the file', async () => {
    const error = await load({ file: 'sotre: level\n' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'settings.invalid', hint: 'Did you mean `store`?' });
  });

  it.each(['- a list\n', 'a: [', 'text'])('refuses a file that is no mapping: %j', async (file) => {
    await expect(load({ file })).rejects.toMatchObject({
      code: expect.stringMatching(/settings.invalid|cli.file-unreadable/),
    });
  });
});
