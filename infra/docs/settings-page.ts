/** docs/reference/settings.md, from the schema, the flags and the defaults. */
import { DEFAULT_CONCURRENCY } from '../../src/agents/worker-options.ts';
import { parseArguments } from '../../src/cli/arguments.ts';
import { settingOptions } from '../../src/cli/common-options.ts';
import { settingsSchema } from '../../src/cli/settings.ts';
import { loadSettings } from '../../src/cli/settings-sources.ts';
import { limitsSchema } from '../../src/messages/limits.ts';
import { code, fence, markdownTable, page } from './markdown.ts';
import { jsonSchemaOf, type Row, rowsOf, schemaTable, typeText } from './schema-rows.ts';
import { commentsIn, readSource } from './source-notes.ts';

const EMPTY_FOLDER = import.meta.dirname;

export async function settingsPage(): Promise<string> {
  const { settings } = await loadSettings(
    {
      arguments: parseArguments([], { command: '', options: settingOptions, words: [] }),
      environment: {},
      workingDirectory: EMPTY_FOLDER,
    },
    { logLevel: 'warn' },
  );
  const fields = jsonSchemaOf(settingsSchema).properties ?? {};
  const rows = Object.entries(settingOptions).map(([flag, { description }]) => {
    const name = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [
      code(variableOf(flag)),
      code(`--${flag}`),
      code(flag.replaceAll('-', '_')),
      description.replace(/ \(TROUPE_[A-Z_]+\)/, ''),
      fields[name]?.enum === undefined ? '' : typeText(fields[name]),
      defaultText(name, settings as Record<string, unknown>),
    ];
  });
  return page('Settings', [
    'A flag wins over the variable, the variable over `troupe.config.yaml` in the current folder, that over the default. An unknown key in the file, or a value that does not fit, is refused with `settings.invalid`, all problems at once.',
    markdownTable(['variable', 'flag', 'key in the file', 'meaning', 'values', 'default'], rows),
    'Variables `TROUPE_LLM_*` (in the file a map `llm`) are kept for agents that call language models.',
    'A map `retention` in the file lets `troupe up` take ended runs out of the log: `older_than` and `beyond` (one is enough), `action` (`archive` or `delete`), `every` (default 1h). [Keep the log small](../guides/keep-the-log-small.md).',
    fence('yaml title=troupe.config.yaml', 'data_dir: .troupe\nnats_port: 4222\nlog_level: info'),
    '## Limits',
    'The setting `limits` says how much runs at once, how often something begins, how many runs may live, and whose share is larger; [the guide](../guides/queues-and-limits.md) shows it. In the file it is a map, as a flag or a variable the same as JSON. `<name>` is a name, or `*` for all that are not named.',
    schemaTable(limitRows()),
    'Other variables: `NO_COLOR` switches colours off; `TROUPE_LOG_LEVEL=debug` also prints the stack trace of an error.',
  ]);
}

/** The fields of `limits`, those of each agent, key, tenant, session and workflow under `<name>`. */
function limitRows(): Row[] {
  const notes = commentsIn(readSource('src/messages/limits.ts'));
  return Object.entries(jsonSchemaOf(limitsSchema).properties ?? {}).flatMap(([name, field]) => {
    const each = field.additionalProperties;
    return typeof each === 'object'
      ? rowsOf(each, notes, `${name}.<name>`)
      : rowsOf({ properties: { [name]: field } }, notes);
  });
}

function variableOf(flag: string): string {
  return `TROUPE_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function defaultText(name: string, settings: Record<string, unknown>): string {
  if (name === 'dataDir') return '`.troupe`; `.claude/workflow-state` where a `.claude` folder is';
  if (name === 'logLevel') return '`warn`; `info` for `up` and `worker`';
  if (name === 'natsUrl') return 'none: an embedded broker is started';
  if (name === 'limits') return 'see [Limits](#limits)';
  if (name === 'concurrency') return code(String(DEFAULT_CONCURRENCY));
  const value = settings[name];
  return value === undefined ? '' : code(String(value));
}
