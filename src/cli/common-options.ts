/** Options that every command takes. The settings among them win over their environment variables. */
import type { OptionTable } from './arguments.ts';

export const helpOption: OptionTable = {
  help: { type: 'boolean', short: 'h', description: 'Show this help' },
};

/** One flag for each setting; `settings.ts` has the schema and the defaults. */
export const settingOptions: OptionTable = {
  'data-dir': { type: 'string', value: 'DIR', description: 'Where the log is (TROUPE_DATA_DIR)' },
  'nats-url': { type: 'string', value: 'URL', description: 'NATS server to use (TROUPE_NATS_URL)' },
  'nats-ca': {
    type: 'string',
    value: 'FILE',
    description: 'Authorities (PEM) whose servers are trusted; asks for TLS (TROUPE_NATS_CA)',
  },
  'nats-cert': {
    type: 'string',
    value: 'FILE',
    description: 'Certificate (PEM) to show to the server (TROUPE_NATS_CERT)',
  },
  'nats-key': {
    type: 'string',
    value: 'FILE',
    description: 'Its private key (PEM) (TROUPE_NATS_KEY)',
  },
  'nats-port': {
    type: 'string',
    value: 'PORT',
    description: 'Port of the embedded broker, 0 picks one (TROUPE_NATS_PORT)',
  },
  prefix: {
    type: 'string',
    value: 'NAME',
    description: 'First token of all subjects (TROUPE_PREFIX)',
  },
  store: {
    type: 'string',
    value: 'KIND',
    choices: ['level', 'memory'],
    description: 'level or memory (TROUPE_STORE)',
  },
  durability: {
    type: 'string',
    value: 'MODE',
    choices: ['fsync', 'relaxed'],
    description: 'fsync or relaxed (TROUPE_DURABILITY)',
  },
  concurrency: {
    type: 'string',
    value: 'N',
    description: 'Attempts the worker holds at a time (TROUPE_CONCURRENCY)',
  },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    description: 'debug, info, warn, error or silent (TROUPE_LOG_LEVEL)',
  },
  limits: {
    type: 'string',
    value: 'JSON',
    description: 'How much runs at once and how often, as JSON (TROUPE_LIMITS)',
  },
};

export const jsonOption: OptionTable = {
  json: { type: 'boolean', description: 'Print one JSON document on stdout' },
};

export const timesOption: OptionTable = {
  times: { type: 'boolean', description: 'Show the local time, with its zone, on every line' },
};

export const jsonlOption: OptionTable = {
  jsonl: { type: 'boolean', description: 'Print a stream of JSON Lines on stdout' },
};
