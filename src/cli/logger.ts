/**
 * Structured logs on stderr: JSON lines in a pipe, readable lines on a terminal.
 * The interface is small enough to pass everywhere; rooms declare the part they use.
 */

import { styled } from './render/painted.ts';

/** From most to least. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

type LogCall = (message: string, fields?: Record<string, unknown>) => void;

/** Fields that readers look for: `runId`, `taskId`, `correlationId`, `error`. */
export interface Logger {
  debug: LogCall;
  info: LogCall;
  warn: LogCall;
  error: LogCall;
  /** A logger whose lines carry these fields too. */
  child(fields: Record<string, unknown>): Logger;
}

export interface LoggerOptions {
  level: LogLevel;
  format: 'json' | 'text';
  hasColor: boolean;
  /** Gets one line without its end. */
  write(line: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A logger that drops what is below its level. A field that JSON cannot carry is shown as text; logging never throws. */
export function createLogger(options: LoggerOptions, fields: Record<string, unknown> = {}): Logger {
  const lowest = logLevels.indexOf(options.level);
  const at = (level: Exclude<LogLevel, 'silent'>): LogCall => {
    if (logLevels.indexOf(level) < lowest) return ignore;
    return (message, more) => {
      const record: LogRecord = {
        at: options.now(),
        level,
        message,
        fields: { ...fields, ...more },
      };
      options.write(
        options.format === 'json' ? jsonLine(record) : textLine(record, options.hasColor),
      );
    };
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createLogger(options, { ...fields, ...more }),
  };
}

interface LogRecord {
  at: number;
  level: Exclude<LogLevel, 'silent'>;
  message: string;
  fields: Record<string, unknown>;
}

const STYLES = { debug: 'dim', info: 'busy', warn: 'wait', error: 'bad' } as const;
const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'message']);

function ignore(): void {
  // below the level of this logger
}

function jsonLine({ at, level, message, fields }: LogRecord): string {
  const safe = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      RESERVED.has(key) ? `field_${key}` : key,
      plain(value),
    ]),
  );
  return JSON.stringify({ time: new Date(at).toISOString(), level, message, ...safe });
}

function textLine({ at, level, message, fields }: LogRecord, hasColor: boolean): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const label = styled(level.padEnd(5), STYLES[level], hasColor);
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${textOf(plain(value))}`);
  return [time, label, message, ...pairs].join(' ');
}

/** What JSON can carry of a field; errors keep code, message and cause. */
function plain(value: unknown): unknown {
  if (value instanceof Error) {
    const { code } = value as { code?: unknown };
    return {
      ...(code === undefined ? {} : { code }),
      message: value.message,
      ...(value.cause instanceof Error && { cause: value.cause.message }),
    };
  }
  if (
    value === undefined ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    value === null
  )
    return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : JSON.parse(text);
  } catch {
    // a cycle or a bigint: the text is better than no line
    return String(value);
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
