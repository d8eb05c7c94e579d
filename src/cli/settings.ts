/**
 * Every setting of contracts.md, "Environment": its one schema, and where each value came from.
 * A flag wins over the environment, that over `troupe.config.yaml`, that over the default.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { limitsSchema } from '../messages/limits.ts';
import type { ServerTls } from '../messaging/server-tls.ts';
import { parseDuration } from '../workflow/durations.ts';
import { didYouMean } from '../workflow/suggest.ts';
import { type SettingProblem, SettingsInvalidError } from './errors.ts';
import { logLevels } from './logger.ts';
import type { RawSettings } from './settings-sources.ts';

const MAX_CONCURRENCY = 10_000;
/** What may stand before `v1` in subjects: NATS tokens, dots allowed between them. */
const PREFIX = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

const numeric = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], {
  error: 'needs a whole number',
});

const time = z.union([z.string(), z.number()]).transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined)
    context.addIssue({ code: 'custom', message: 'needs a time like 12h or 30d' });
  return milliseconds ?? 0;
});

/** `retention:` of the file. */
const retentionSchema = z
  .strictObject(
    {
      action: z.enum(['archive', 'delete']).default('archive'),
      older_than: time.optional(),
      beyond: z.number().int().min(0).optional(),
      every: time.default(60 * 60 * 1_000),
    },
    { error: 'needs `older_than` or `beyond`; also known are `action` and `every`' },
  )
  .refine(
    (policy) => policy.older_than !== undefined || policy.beyond !== undefined,
    'needs `older_than` or `beyond`',
  );

/** Text that is no JSON stays text: then the schema says what is needed. */
function fromJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const path = z.string().min(1, 'needs a path').optional();

/** The one schema of all settings. */
export const settingsSchema = z.object({
  /** A NATS server to use; absent: the embedded broker. */
  natsUrl: z
    .string()
    .regex(
      /^(nats|tls|ws|wss):\/\/[^\s/,]+(,((nats|tls):\/\/)?[^\s/,]+)*\/?$/,
      'needs a URL like nats://127.0.0.1:4222',
    )
    .optional(),
  /** Files in PEM form for TLS to that server. Absolute. */
  natsCa: path,
  natsCert: path,
  natsKey: path,
  /** Port of the embedded broker; 0 picks a free one. */
  natsPort: numeric.pipe(z.number().int().min(0).max(65_535)),
  /** Absolute. */
  dataDir: z.string().min(1, 'needs a path'),
  store: z.enum(['level', 'memory']),
  prefix: z
    .string()
    .max(100)
    .regex(PREFIX, 'needs letters, digits, "_" and "-", dots between words'),
  durability: z.enum(['fsync', 'relaxed']),
  /** Attempts that a worker holds at a time; absent: the worker's own choice. */
  concurrency: numeric.pipe(z.number().int().min(1).max(MAX_CONCURRENCY)).optional(),
  logLevel: z.enum(logLevels),
  /** Which ended runs leave the log by themselves; absent: none. */
  retention: retentionSchema.optional(),
  /** How much runs at once, how often, and whose share is larger. As a flag or a variable it is JSON. */
  limits: z.preprocess(fromJson, limitsSchema),
  /** `TROUPE_LLM_*` without the prefix, in lower case. */
  llm: z.record(z.string(), z.string()),
});
export type Settings = z.infer<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** Where a value came from: `--data-dir`, `TROUPE_DATA_DIR`, `troupe.config.yaml: data_dir`, `default`. */
export type Provenance = Readonly<Record<SettingName, string>>;

export interface ResolvedSettings {
  settings: Settings;
  provenance: Provenance;
}

/**
 * Checks raw values and fills in defaults. Throws `settings.invalid` with every problem.
 * `workingDirectory` is what a relative data directory starts from.
 */
export function resolveSettings(
  raw: RawSettings,
  options: { workingDirectory: string },
): ResolvedSettings {
  const values: Record<string, unknown> = {};
  const provenance: Record<string, string> = {};
  for (const name of Object.keys(settingsSchema.shape) as SettingName[]) {
    const found = raw[name];
    values[name] = found?.value;
    provenance[name] = found?.source ?? 'default';
  }
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success)
    throw new SettingsInvalidError(
      parsed.error.issues.map((issue) => problemOf(issue, { provenance, values })),
    );
  const settings = { ...parsed.data };
  for (const name of ['dataDir', 'natsCa', 'natsCert', 'natsKey'] as const) {
    const given = settings[name];
    if (given !== undefined) settings[name] = resolve(options.workingDirectory, given);
  }
  const lone = loneOf(settings);
  if (lone !== undefined) {
    const message = `needs ${lone === 'natsCert' ? '--nats-key' : '--nats-cert'} as well`;
    const hint = 'A certificate and its key belong together.';
    throw new SettingsInvalidError([{ source: provenance[lone] ?? lone, message, hint }]);
  }
  return { settings, provenance: provenance as Record<SettingName, string> };
}

/** Of a certificate and its key the one that stands alone. */
function loneOf({ natsCert, natsKey }: Settings): 'natsCert' | 'natsKey' | undefined {
  if ((natsCert === undefined) === (natsKey === undefined)) return undefined;
  return natsCert === undefined ? 'natsKey' : 'natsCert';
}

/**
 * How a server is spoken to: that of the settings by TLS where a file for it is named, another one (of `up.json`) where its
 * URL says so.
 */
export function serverAt(
  url: string,
  { natsUrl, natsCa, natsCert, natsKey }: Settings,
): { url: string; tls?: ServerTls } {
  const isTls = url === natsUrl || url.startsWith('tls://');
  if (!isTls || (natsCa === undefined && natsCert === undefined)) return { url };
  const tls = { caFile: natsCa, certFile: natsCert, keyFile: natsKey };
  return { url: url.replaceAll(/(^|,)nats:\/\//g, '$1tls://'), tls };
}

function problemOf(
  issue: { path: PropertyKey[]; message: string; values?: readonly unknown[] },
  found: { provenance: Record<string, string>; values: Record<string, unknown> },
): SettingProblem {
  const name = String(issue.path[0] ?? '');
  const source = found.provenance[name] ?? 'default';
  const value = found.values[name];
  const isMap = typeof value === 'object' || issue.path.length > 1;
  const within = issue.path.slice(1).map(String).join('.');
  const shown = isMap ? '' : ` (is ${JSON.stringify(value)})`;
  const choices = issue.values?.map(String) ?? [];
  const said = choices.length === 0 ? issue.message : `needs one of ${choices.join(', ')}`;
  const message = within === '' ? said : `${within}: ${said}`;
  const hint = didYouMean(String(value), choices, `Correct or remove ${source}.`);
  return { source, message: `${message}${shown}`, hint };
}
