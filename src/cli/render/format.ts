/** Small pieces of text: durations, times, tables, values. Pure. */
import type { JsonValue } from '../../workflow/value.ts';
import { plainText, widthOf } from './painted.ts';

/** `850 ms`, `2.4 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600)
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3_600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} min`;
}

/** `1 task`, `2 tasks`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `850 B`, `2.4 kB`, `31.0 MB`: by powers of ten. */
export function byteCount(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}

/** Local time of the day: `14:05:09`. */
export function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Local date and time with its zone: `2026-03-01 14:05:09.120 +01:00`. */
export function localTime(at: number): string {
  const date = new Date(at);
  const minutes = -date.getTimezoneOffset();
  const local = new Date(at + minutes * 60_000).toISOString();
  const two = (number: number): string => String(number).padStart(2, '0');
  const zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 23)} ${zone}`;
}

/** Since the start: `+0.000s`. */
export function offset(ms: number): string {
  return `+${(ms / 1_000).toFixed(3)}s`;
}

/** Columns aligned on the left, two spaces apart, without trailing spaces and what a terminal would act on. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(plainText));
  const widths: number[] = [];
  for (const row of cells)
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  return cells.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/** A value on one line, shortened, without what a terminal would act on. */
export function brief(value: unknown, limit = 100): string {
  const whole = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const text = plainText(whole.replace(/\s+/g, ' ').trim());
  return text.length <= limit ? text : `${text.slice(0, limit - 3)}...`;
}

/**
 * The outputs of a run for people: a text as it is (Markdown stays Markdown), several fields one after the other
 * under their names, everything else as indented JSON.
 */
export function outputText(output: JsonValue): string {
  if (output === null) return '';
  if (typeof output === 'string') return output.trimEnd();
  if (typeof output !== 'object' || Array.isArray(output)) return JSON.stringify(output, null, 2);
  const fields = Object.entries(output);
  const [only] = fields;
  if (
    fields.length === 1 &&
    only !== undefined &&
    typeof only[1] === 'string' &&
    only[1].includes('\n')
  )
    return only[1].trimEnd();
  return fields.map(([name, value]) => field(name, value)).join('\n');
}

function field(name: string, value: JsonValue): string {
  if (typeof value === 'string' && value.includes('\n')) return `${name}:\n\n${value.trimEnd()}\n`;
  if (typeof value === 'string') return `${name}: ${value}`;
  const text = JSON.stringify(value, null, 2);
  return text.includes('\n') ? `${name}:\n${text}` : `${name}: ${text}`;
}
