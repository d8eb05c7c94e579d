/** Reads settings from flags, environment, `troupe.config.yaml` and defaults; checks nothing but names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../workflow/suggest.ts';
import type { Arguments } from './arguments.ts';
import { FileUnreadableError, type SettingProblem, SettingsInvalidError } from './errors.ts';
import { type ResolvedSettings, resolveSettings, type SettingName } from './settings.ts';

/** A value before it is checked, and who said so. */
export type RawSettings = Partial<Record<SettingName, { value: unknown; source: string }>>;

export interface SettingSources {
  arguments: Arguments;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
}

export const CONFIG_FILE = 'troupe.config.yaml';
const LLM_PREFIX = 'TROUPE_LLM_';

/** Flag, variable and key of the file for each setting that has all three; `llm` and `retention` have the file's alone. */
const names: Readonly<Record<Exclude<SettingName, 'llm' | 'retention'>, string>> = {
  natsUrl: 'nats-url',
  natsCa: 'nats-ca',
  natsCert: 'nats-cert',
  natsKey: 'nats-key',
  natsPort: 'nats-port',
  dataDir: 'data-dir',
  store: 'store',
  prefix: 'prefix',
  durability: 'durability',
  concurrency: 'concurrency',
  logLevel: 'log-level',
  limits: 'limits',
};

/** Every variable that is a setting, but for `TROUPE_LLM_*`. */
export function variableNames(): string[] {
  return Object.values(names).map(variableOf);
}

function variableOf(flag: string): string {
  return `TROUPE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The settings of a command. `logLevel` is the default of that command. Throws `settings.invalid`, `cli.file-unreadable`. */
export async function loadSettings(
  sources: SettingSources,
  options: { logLevel: 'warn' | 'info' },
): Promise<ResolvedSettings> {
  const raw: RawSettings = {
    ...defaults(sources.workingDirectory, options.logLevel),
    ...(await fromFile(sources.workingDirectory)),
    ...fromEnvironment(sources.environment),
    ...fromFlags(sources.arguments),
  };
  return resolveSettings(raw, { workingDirectory: sources.workingDirectory });
}

function defaults(workingDirectory: string, logLevel: string): RawSettings {
  const hasClaudeFolder = existsSync(join(workingDirectory, '.claude'));
  const values: Partial<Record<SettingName, unknown>> = {
    natsPort: 4222,
    dataDir: hasClaudeFolder ? join('.claude', 'workflow-state') : '.troupe',
    store: 'level',
    prefix: 'troupe',
    durability: 'fsync',
    logLevel,
    limits: {},
    llm: {},
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, source: 'default' }]),
  );
}

function fromFlags(parsed: Arguments): RawSettings {
  const raw: RawSettings = {};
  for (const [name, flag] of Object.entries(names)) {
    const value = parsed.text(flag);
    if (value !== undefined) raw[name as SettingName] = { value, source: `--${flag}` };
  }
  return raw;
}

function fromEnvironment(environment: SettingSources['environment']): RawSettings {
  const raw: RawSettings = {};
  for (const [name, flag] of Object.entries(names)) {
    const variable = variableOf(flag);
    const value = environment[variable];
    if (value !== undefined && value !== '') raw[name as SettingName] = { value, source: variable };
  }
  const llm = Object.entries(environment).flatMap(([variable, value]) =>
    variable.startsWith(LLM_PREFIX) && value !== undefined
      ? [[variable.slice(LLM_PREFIX.length).toLowerCase(), value]]
      : [],
  );
  if (llm.length > 0) raw.llm = { value: Object.fromEntries(llm), source: `${LLM_PREFIX}*` };
  return raw;
}

async function fromFile(workingDirectory: string): Promise<RawSettings> {
  const path = join(workingDirectory, CONFIG_FILE);
  if (!existsSync(path)) return {};
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    throw new FileUnreadableError(path, cause);
  }
  return checkedFile(document);
}

function checkedFile(document: unknown): RawSettings {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new SettingsInvalidError([
      {
        source: CONFIG_FILE,
        message: 'needs a mapping of settings',
        hint: 'Write `store: level`.',
      },
    ]);
  }
  const keys = new Map(
    Object.entries({ ...names, llm: 'llm', retention: 'retention' }).map(([name, flag]) => [
      flag.replaceAll('-', '_'),
      name as SettingName,
    ]),
  );
  const raw: RawSettings = {};
  const problems: SettingProblem[] = [];
  for (const [key, value] of Object.entries(document)) {
    const name = keys.get(key);
    const source = `${CONFIG_FILE}: ${key}`;
    if (name === undefined)
      problems.push({
        source,
        message: 'is no setting',
        hint: didYouMean(key, keys.keys(), `Settings are ${[...keys.keys()].join(', ')}.`),
      });
    else raw[name] = { value, source };
  }
  if (problems.length > 0) throw new SettingsInvalidError(problems);
  return raw;
}
