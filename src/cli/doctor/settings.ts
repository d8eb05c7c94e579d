/** The settings: names that nobody knows, values that do not fit, pairs that contradict each other. */
import { withoutCredentials } from '../../messaging/server-url.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import type { CommandContext } from '../command.ts';
import { type SettingProblem, SettingsInvalidError } from '../errors.ts';
import { type Provenance, type Settings, serverAt } from '../settings.ts';
import { loadSettings, variableNames } from '../settings-sources.ts';
import { readUpFile } from '../up-file.ts';
import { type Finding, findings } from './finding.ts';

const { ok, warn, fail } = findings('settings');

/** Variables that are no settings of a command and mean something elsewhere. */
const OTHERS = ['TROUPE_WRAPPED', 'TROUPE_SETUP'];

export interface SettingRow {
  name: string;
  /** Without credentials. */
  value: unknown;
  source: string;
}

export interface CheckedSettings {
  findings: Finding[];
  /** Absent when they cannot be used. */
  loaded?: { settings: Settings; provenance: Provenance };
  rows: SettingRow[];
}

export async function checkSettings(context: CommandContext): Promise<CheckedSettings> {
  const unknown = unknownVariables(context.environment);
  try {
    const loaded = await loadSettings(context, { logLevel: 'warn' });
    const found = [...unknown, ...conflicts(loaded)];
    const fine = found.length === 0 ? [ok('values', 'every setting is known and fits')] : [];
    return { findings: [...fine, ...found], loaded, rows: rowsOf(loaded) };
  } catch (error) {
    if (!(error instanceof SettingsInvalidError)) throw error;
    const problems = error.details['problems'] as SettingProblem[];
    const invalid = problems.map(({ source, message, hint }) =>
      fail('values', `${source}: ${message}`, hint),
    );
    return { findings: [...unknown, ...invalid], rows: [] };
  }
}

function unknownVariables(environment: CommandContext['environment']): Finding[] {
  const known = [...variableNames(), ...OTHERS];
  return Object.keys(environment)
    .filter((name) => name.startsWith('TROUPE_') && !name.startsWith('TROUPE_LLM_'))
    .filter((name) => !known.includes(name))
    .map((name) =>
      warn(
        'names',
        `${name} is no setting and has no effect`,
        didYouMean(name, known, `Known are ${known.join(', ')} and TROUPE_LLM_*.`),
      ),
    );
}

function conflicts({ settings, provenance }: NonNullable<CheckedSettings['loaded']>): Finding[] {
  const found: Finding[] = [];
  const isGiven = (name: keyof Settings): boolean => provenance[name] !== 'default';
  if (settings.natsUrl !== undefined && isGiven('natsPort'))
    found.push(
      warn(
        'conflict',
        `${provenance.natsPort} has no effect: ${provenance.natsUrl} names a server`,
        'Remove one of them.',
      ),
    );
  if (settings.store === 'memory')
    found.push(
      warn(
        'conflict',
        `${provenance.store}: nothing survives the process${isGiven('dataDir') ? `, ${provenance.dataDir} has no effect` : ''}`,
        'Use the store `level` for anything that matters.',
      ),
    );
  if (settings.durability === 'relaxed')
    found.push(
      warn(
        'conflict',
        `${provenance.durability}: a power loss may take the last commits`,
        'Use `fsync` unless that is meant.',
      ),
    );
  return [...found, ...againstUp({ settings, provenance })];
}

/** The `up` of the data directory has settings of its own. */
function againstUp({ settings, provenance }: NonNullable<CheckedSettings['loaded']>): Finding[] {
  const up = readUpFile(settings.dataDir);
  if (up === undefined) return [];
  if (
    settings.natsUrl !== undefined &&
    serverAt(settings.natsUrl, settings).url.replace(/\/$/, '') !== up.nats
  )
    return [
      warn(
        'conflict',
        `commands ask ${withoutCredentials(settings.natsUrl)} (${provenance.natsUrl}), but the orchestrator of ${settings.dataDir} is on ${up.nats}`,
        `Remove ${provenance.natsUrl}, or point it to ${up.nats}.`,
      ),
    ];
  if (provenance.prefix !== 'default' && settings.prefix !== up.prefix)
    return [
      warn(
        'conflict',
        `${provenance.prefix} is ${settings.prefix}, but the orchestrator of ${settings.dataDir} uses ${up.prefix}`,
        'Give both the same prefix.',
      ),
    ];
  return [];
}

function rowsOf({ settings, provenance }: NonNullable<CheckedSettings['loaded']>): SettingRow[] {
  return Object.entries(settings).map(([name, value]) => ({
    name,
    value: shownValue(name, value),
    source: provenance[name as keyof Settings],
  }));
}

/** Keys of models and passwords in addresses are nobody's business. */
function shownValue(name: string, value: unknown): unknown {
  if (name === 'llm') return Object.keys(value as object);
  return name === 'natsUrl' && typeof value === 'string'
    ? withoutCredentials(value)
    : (value ?? null);
}
