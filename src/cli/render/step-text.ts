/** What `replay --step` prints: an event, and what it changed. Pure. */
import type { Envelope } from '../../events/envelope.ts';
import { isBlobReference, type JsonValue } from '../../workflow/value.ts';
import { brief, offset } from './format.ts';
import type { Change } from './state-view.ts';
import { taskIdOf, wordsOf } from './words.ts';

const MAX_CHANGES = 40;

/** `12/40  +0.123s  task.succeeded  build  succeeded after 38 ms, output ...`; `start` in ms since the epoch. */
export function eventLine(envelope: Envelope, of: { last: number; start: number }): string {
  const parts = [
    `${envelope.streamVersion}/${of.last}`,
    offset(envelope.at - of.start),
    envelope.type,
    taskIdOf(envelope),
    wordsOf(envelope),
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

/** One line a change, `tasks.build.status: running -> succeeded`; the other way round when going back. */
export function changeLines(
  changes: readonly Change[],
  options: { start: number; direction: 'forwards' | 'backwards' },
): string[] {
  if (changes.length === 0) return ['  (no field changed)'];
  const lines = changes.slice(0, MAX_CHANGES).map(({ path, before, after }) => {
    const [from, to] = options.direction === 'forwards' ? [before, after] : [after, before];
    const text = (value: JsonValue | undefined): string => fieldText(path, value, options.start);
    return `  ${path}: ${text(from)} -> ${text(to)}`;
  });
  const hidden = changes.length - MAX_CHANGES;
  return hidden > 0 ? [...lines, `  and ${hidden} more; \`s\` shows the whole state`] : lines;
}

/** Times as since the start of the run; references as where the value is. */
function fieldText(path: string, value: JsonValue | undefined, start: number): string {
  if (value === undefined) return '(none)';
  if (typeof value === 'number' && path.endsWith('At')) return offset(value - start);
  if (isBlobReference(value)) return `(a blob of ${value.size} bytes)`;
  if (typeof value === 'object' && value !== null && '$event' in value)
    return `(in event ${String(value['$event'])})`;
  return brief(value, 160);
}
